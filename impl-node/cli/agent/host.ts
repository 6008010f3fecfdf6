// An agent with its state, as `agent` and `demo` run it.

import { statSync } from 'node:fs'
import { Agent, type AgentOptions } from '../../agent/agent.ts'
import { deviceIdText } from '../../crypto/identity.ts'
import type { SocketState } from '../../link/socket.ts'
import { loggedRelay, parseRelayUrl, type RelayAddress } from '../../session/relay-url.ts'
import { EXIT, UsageError } from '../command.ts'
import type { Settings } from '../config.ts'
import { Failure } from '../failure.ts'
import { type Log, logged } from '../logging.ts'
import { safeLine } from '../safe-text.ts'
import { openState, witnessOf } from '../state.ts'
import { SOFTWARE } from '../version.ts'
import { assistantOf, isThere, programOf, watched } from './assistant.ts'

export interface AgentHost {
  readonly agent: Agent
  readonly settings: Settings
  readonly relay: RelayAddress
  readonly deviceId: string
  /** What it drives, in words. */
  readonly assistant: string
  /** Why it does not run, in one line; null where it does, or was not needed yet. */
  readonly trouble: string | null
  /** Of the relay for new pairings, as far as it was dialled. */
  readonly relayState: SocketState | null
  /** Calls `listener` when a relay, or a device, changed its state. Returns how to stop. */
  onChange(listener: () => void): () => void
  /** Ends links, terminals and the assistant with all their processes, and gives up the lock. */
  close(): Promise<void>
}

/** The port where it is none, which the parser of URLs does not name. */
function badPort(url: string): string | undefined {
  const port = /^wss?:\/\/[^/]*:(\d+)(?:\/|$)/i.exec(url)?.[1]
  return port !== undefined && (Number(port) < 1 || Number(port) > 65_535) ? port : undefined
}

function relayOf(url: string): RelayAddress {
  try {
    return parseRelayUrl(url)
  } catch (error) {
    throw new UsageError(
      badPort(url)
        ? `Cannot use the relay ${url}: the port ${badPort(url)} is not one of 1 to 65535.`
        : (error as { code?: string }).code === 'qr-insecure'
          ? `Cannot use the relay ${url}: ws:// is for this machine and private networks; use wss://.`
          : `Cannot use the relay ${url}: a relay is written wss://host[:port][/path].`,
    )
  }
}

function checkWorkspace(folder: string): void {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Failure(EXIT.usage, 'usage', `The workspace ${folder} is not a folder.`)
  }
}

function shownAs([kind, ...command]: readonly string[] = [], assistant: AgentOptions['assistant']): string {
  if (!assistant) return 'none'
  if (assistant.scripted) return `${assistant.name} (runs nothing)`
  return kind === 'acp' ? safeLine(command.join(' ')) : assistant.name
}

/** Throws UsageError, Failure, or ProtocolError of the state. */
export function startAgent(settings: Settings, log: Log): AgentHost {
  checkWorkspace(settings.workspace)
  const relay = relayOf(settings.relay)
  const assistant = assistantOf(settings.assistant, settings.workspace)
  const store = openState(settings.state, 'agent')
  const witness = witnessOf(store, settings.keepSessions, process.env)
  const listeners = new Set<() => void>()
  const changed = () => {
    for (const listener of listeners) listener()
  }
  let relayState: SocketState | null = null
  const file = programOf(settings.assistant)
  let trouble =
    file !== undefined && !isThere(file, settings.workspace) ? `not found${file.includes('/') ? '' : ' in PATH'}` : null
  const tell = (reason: string | null) => {
    trouble = reason === null ? null : safeLine(reason, 300)
    changed()
  }
  const agent = new Agent({
    store,
    relay,
    workspace: settings.workspace,
    name: settings.name,
    software: SOFTWARE,
    witness,
    assistant: assistant && { ...assistant, factory: watched(assistant.factory, tell) },
    log: (message, detail) => log.warn(logged(detail), message),
    onRelay: (state, origin) => {
      log.info(
        { relay: loggedRelay(origin), state: state.name, ...(state.name === 'waiting' && { reason: state.reason }) },
        'relay',
      )
      if (origin === relay.origin) relayState = state
      changed()
    },
    onDevices: changed,
  })
  agent.pause.watch(changed)
  return {
    agent,
    settings,
    relay,
    deviceId: deviceIdText(store.identity.deviceId),
    assistant: shownAs(settings.assistant, assistant),
    get trouble() {
      return trouble
    },
    get relayState() {
      return relayState
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      await agent.close()
      store.close()
    },
  }
}

/** The state of the relay, in words. */
export function relayText(state: SocketState | null, now = Date.now()): string {
  switch (state?.name) {
    case 'open':
      return 'connected'
    case 'waiting':
      return `not reachable (${state.reason}); again in ${Math.max(0, Math.ceil((state.retryAt - now) / 1_000))} s`
    case 'blocked':
      return state.reason
    case 'connecting':
      return 'connecting'
    default:
      return 'not needed until a device is paired'
  }
}

/** Why an attempt at pairing has ended, for the person at the agent. */
export function endSentence(reason: string): string {
  switch (reason) {
    case 'pair-expired':
      return 'Not paired: the time was over.'
    case 'cancelled':
      return 'Not paired: given up.'
    case 'sas-mismatch':
      return 'Not paired: wrong digits, three times. If you typed what the device shows, somebody else is at work.'
    case 'identity-mismatch':
      return 'Not paired: this is the same device.'
    case 'suite':
    case 'suite-downgrade':
      return 'Not paired: the device has no common cipher suite with this program; update the older one.'
    case 'confirm':
      return 'Not paired: the device does not hold what it said it would.'
    default:
      return `Not paired: the device was refused (${reason}).`
  }
}
