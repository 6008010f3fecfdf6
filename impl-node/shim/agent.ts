// The agent's verbs.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Capability, DEFAULT_CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Agent, AgentOptions } from '../agent/agent.ts'
import { VERSION } from '../cli/version.ts'
import { deviceIdOf, deviceIdText } from '../crypto/identity.ts'
import { fileWitness } from '../session/witness.ts'
import { tell, temporaryFolder, type Verbs } from './verbs.ts'

/** Milliseconds in which a code can be used at once, where the relay is there. */
const BIND_TIME = 3_000

/** The suite names it where it has made one file of it, which starts in a fifth of the time. */
const SCRIPTED_ASSISTANT = resolve(
  process.env.HAPPY_REMOTE_SCRIPTED_ASSISTANT ??
    fileURLToPath(new URL('../../conformance/assistants/acp.ts', import.meta.url)),
)

export async function agent(): Promise<Verbs> {
  const { Agent: AgentClass } = await import('../agent/agent.ts')
  const { parseRelayUrl } = await import('../session/relay-url.ts')
  const { Store } = await import('../session/store.ts')
  /** The script file of the assistant. */
  let script: string | undefined
  let running: Agent | undefined
  let pairing: ReturnType<Agent['pair']> | undefined
  /** Resolves when the agent asks for the digits, or the attempt has ended. */
  let asked = Promise.withResolvers<void>()
  let failure: ErrorCode = 'not-found'

  const connected = () => {
    if (!running) throw new ProtocolError('not-found', 'The agent was not started.')
    return running
  }

  return {
    backend: (given) => {
      script = join(temporaryFolder(), 'script.json')
      writeFileSync(script, JSON.stringify(given.script))
    },
    start: async ({ relay, state, name = 'agent under test', permissionTime, journalEntries, witness }) => {
      const folder = (state as string | undefined) ?? temporaryFolder()
      // What is stored is about this workspace, also after a restart.
      const workspace = join(folder, 'workspace')
      mkdirSync(workspace, { recursive: true })
      const assistant = script === undefined ? null : await scripted(script, workspace)
      running = new AgentClass({
        store: new Store(folder),
        relay: parseRelayUrl(relay as string),
        workspace,
        name: name as string,
        software: `happy-remote/${VERSION}`,
        assistant,
        witness: witness === undefined ? undefined : fileWitness(witness as string),
        ...(permissionTime !== undefined && { permissionTime: permissionTime as number }),
        ...(journalEntries !== undefined && { journalEntries: journalEntries as number }),
        log: (message, detail) => process.stderr.write(`${message} ${JSON.stringify(detail)}\n`),
      })
    },
    offer: async ({ capabilities = DEFAULT_CAPABILITIES }) => {
      asked = Promise.withResolvers()
      failure = 'not-found'
      pairing = connected().pair(
        {
          onScanned: () => tell('scanned', {}),
          onDigits: (triesLeft) => {
            tell('digits', { triesLeft })
            asked.resolve()
          },
          onOtherDevice: () => tell('other-device', {}),
          onEnd: (end) => {
            if (end.outcome === 'paired') {
              tell('paired', { deviceId: deviceIdText(deviceIdOf(end.record.peer.identityKey)) })
            } else {
              failure = end.reason === 'cancelled' ? 'rejected' : end.reason
              tell('pairing-failed', { code: failure })
            }
            asked.resolve()
          },
        },
        { capabilities: capabilities as Capability[] },
      )
      const { uri, bound } = pairing
      await Promise.race([bound, after(BIND_TIME, undefined, { ref: false })])
      return { uri }
    },
    confirm: async ({ digits, cancel }) => {
      if (!pairing) throw new ProtocolError('not-found', 'No code was offered.')
      if (cancel) return pairing.cancel()
      await asked.promise
      const outcome = pairing.enterDigits(digits as string)
      if (outcome === 'ok') return
      if (outcome === 'wrong') tell('digits', { triesLeft: pairing.triesLeft })
      throw new ProtocolError(outcome === 'wrong' ? 'sas-mismatch' : failure, `The digits are ${outcome}.`)
    },
    drop: () => running?.cut(),
    revoke: ({ deviceId }) => {
      const id = (deviceId as string | undefined) ?? running?.devices[0]?.deviceId
      if (id === undefined || !running?.revoke(id)) throw new ProtocolError('not-found', 'There is no such device.')
    },
    state: () => ({
      devices: (running?.devices ?? []).map(({ deviceId, name, capabilities, online }) => ({
        ...{ deviceId, name, capabilities, online },
      })),
    }),
    stop: () => running?.close(),
  }
}

async function scripted(script: string, workspace: string): Promise<AgentOptions['assistant']> {
  // Only here: with its schemas it takes longer to load than all the rest.
  const { acpAssistant } = await import('../agent/assistants/acp.ts')
  const command = [process.execPath, SCRIPTED_ASSISTANT, '--script', script]
  return { factory: acpAssistant({ command, workspace }), name: 'Scripted assistant', scripted: true }
}
