// The agent under test.

import { resolve } from 'node:path'
import type { Capability } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { Agent } from '../agent/agent.ts'
import { CommandStore } from '../agent/command-store.ts'
import { Conversations } from '../agent/conversations.ts'
import { openJournal } from '../agent/journal.ts'
import { programSocket } from '../cli/program-socket.ts'
import { relayUrlOf } from '../session/relay-url.ts'
import { Store } from '../session/store.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { openWitness } from '../storage/witness.ts'
import { MemoryBackend } from '../testing/memory-store.ts'
import { MovedTimers } from './clock.ts'
import type { Role, Tell } from './role.ts'

/** In which a code can be used at once, where the relay is there. */
const BIND_TIME = 3_000
/** The suite names it where it has made one file of it, which starts faster. */
const ASSISTANT = resolve(
  Deno.env.get('HAPPY_REMOTE_SCRIPTED_ASSISTANT') ??
    new URL('../../conformance/assistants/acp.ts', import.meta.url).pathname,
)

export function agentRole(tell: Tell): Role {
  const timers = new MovedTimers()
  const folder = Deno.makeTempDirSync({ prefix: 'happy-remote-shim-' })
  let script: unknown
  let agent: Agent | undefined
  let stores: readonly { close(): unknown }[] = []
  /** Settled when the digits are asked for, or the attempt is over. */
  let asked = Promise.withResolvers<void>()
  let bound = Promise.withResolvers<void>()
  let ended: ProtocolError | undefined

  const running = (): Agent => {
    if (!agent) throw new Error('The agent was not started')
    return agent
  }
  const failed = (error: ProtocolError) => {
    ended = error
    asked.resolve()
    tell('pairing-failed', { code: error.code })
  }
  const assistant = async (workspace: string) => {
    if (script === undefined) return null
    // Only here: with its schemas it takes as long to load as all the rest.
    const { acpAssistant } = await import('../agent/assistants/acp.ts')
    const file = `${folder}/script.json`
    Deno.writeTextFileSync(file, JSON.stringify(script))
    const command = [Deno.execPath(), 'run', '--allow-all', ASSISTANT, '--script', file]
    return acpAssistant({ name: 'scripted', scripted: true, command, workspace })
  }

  return {
    capabilities: ['state', 'clock', 'backend', 'expiry', 'journal', 'persist'],
    verbs: {
      clock: (args) => timers.move(args),
      backend: (args) => {
        script = args.script
      },
      start: async ({ relay, state, name = 'agent under test', permissionTime, journalEntries, witness }) => {
        const place = state as string | undefined
        const workspace = `${place ?? folder}/workspace`
        await Deno.mkdir(workspace, { recursive: true })
        const store = await Store.open(
          place ? await openSqlite(place) : await MemoryBackend.create(),
          witness === undefined ? undefined : await openWitness(String(witness)),
        )
        const commands = new CommandStore(place ? `${place}/commands.sqlite` : ':memory:')
        const journal = openJournal(`${place ?? folder}/journal.sqlite`, {
          entries: journalEntries as number | undefined,
        })
        const driven = await assistant(workspace)
        const path = place ? `${place}/conversations.sqlite` : ':memory:'
        const conversations = new Conversations(path, driven?.name ?? '', workspace)
        stores = [store, commands, journal, conversations]
        agent = new Agent({
          ...{
            store,
            commands,
            journal,
            conversations,
            workspace,
            timers,
            socket: await programSocket(),
            name: String(name),
            software: 'happy-remote (Deno)',
          },
          relay: relayUrlOf(String(relay).replace(/\/v1$/, '')),
          assistant: driven,
          environment: Deno.env.toObject(),
          ...(permissionTime !== undefined && { permissionTime: Number(permissionTime) }),
          events: {
            scanned: () => tell('scanned', {}),
            digits: (triesLeft) => {
              tell('digits', { triesLeft })
              asked.resolve()
            },
            otherDevice: () => tell('other-device', {}),
            paired: ({ id: deviceId }) => tell('paired', { deviceId }),
            pairingFailed: failed,
            relay: ({ state }) => {
              if (state === 'bound') bound.resolve()
            },
          },
        })
      },
      offer: async ({ capabilities }) => {
        ended = undefined
        asked = Promise.withResolvers()
        bound = Promise.withResolvers()
        const { uri } = await running().offer(capabilities as Capability[] | undefined)
        await Promise.race([bound.promise, new Promise((resolve) => setTimeout(resolve, BIND_TIME))])
        return { uri }
      },
      confirm: async ({ digits, cancel }) => {
        if (cancel) return running().cancelPairing()
        if (running().isPairing) await asked.promise
        const right = running().isPairing && (await running().typed(String(digits)))
        if (!right) throw ended ?? new ProtocolError('sas-mismatch')
      },
      state: () => ({
        devices: running().devices.list.map(({ deviceId, name, capabilities, online }) => ({
          ...{ deviceId, name, capabilities, online },
        })),
      }),
      drop: () => running().drop(),
      revoke: ({ deviceId = running().devices.list[0]?.deviceId }) => running().revoke(String(deviceId)),
      stop: async () => {
        await agent?.stop()
        for (const one of stores) await one.close()
        await Deno.remove(folder, { recursive: true })
      },
    },
  }
}
