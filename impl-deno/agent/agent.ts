// The agent: lets paired devices use an assistant and terminals of this machine.

import type { Capability } from '@happy-remote/schemas/constants.ts'
import { DEFAULT_CAPABILITIES, SUITE_BITS } from '@happy-remote/schemas/constants.ts'
import type { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type EventName, type EventParams, methods } from '@happy-remote/schemas/rpc/registry.ts'
import { deviceIdOf } from '../crypto/identity.ts'
import { nameToSend } from '../link/control.ts'
import { AgentPairing } from '../link/pairing-agent.ts'
import type { RelayState } from '../link/pairing-connection.ts'
import type { SocketOptions } from '../link/socket.ts'
import { systemTimers, type Timers } from '../link/timers.ts'
import type { RelayUrl } from '../session/relay-url.ts'
import type { Store } from '../session/store.ts'
import type { AssistantKind } from './assistants/assistant.ts'
import type { AuditLog, Deed } from './audit.ts'
import type { CommandStore } from './command-store.ts'
import { Commands } from './commands.ts'
import { Conversation } from './conversation.ts'
import { Conversations } from './conversations.ts'
import { type Device, deviceName } from './device.ts'
import { Devices } from './devices.ts'
import { Dispatch } from './dispatch.ts'
import { GitProgram } from './git/program.ts'
import { Repository } from './git/repository.ts'
import type { Journal } from './journal.ts'
import { missingEnds } from './left-behind.ts'
import { claudeMethods } from './methods/claude.ts'
import { commandMethods } from './methods/command.ts'
import { deviceMethods } from './methods/device.ts'
import { fileMethods } from './methods/file.ts'
import { gitMethods } from './methods/git.ts'
import { journalMethods } from './methods/journal.ts'
import { pauseMethods } from './methods/session.ts'
import { terminalMethods } from './methods/terminal.ts'
import { Pause } from './pause.ts'
import { terminalEnvironment } from './pty.ts'
import { Terminals } from './terminals.ts'
import { Uploads } from './uploads.ts'
import { openWorkspace } from './workspace.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
/** Never given a key, a code, a message or output. */
export type Log = (level: LogLevel, event: string, details?: Readonly<Record<string, string | number>>) => void

/** What the computer's own user is shown. */
export interface AgentEvents {
  relay?(state: RelayState): void
  scanned?(): void
  /** The six digits are asked for, until `until` in ms since 1970. */
  digits?(triesLeft: number, until: number): void
  otherDevice?(): void
  /** The record of a new device is stored. */
  paired?(device: Device): void
  /** A new device has told its name, or had the time to. */
  joined?(device: Device): void
  pairingFailed?(error: ProtocolError): void
  /** A device was heard, fell silent, or has told its name. */
  changed?(device: Device): void
  revoked?(deviceId: string): void
  /** A pause has begun, or is over: then null. */
  paused?(lasting: Pause['lasting']): void
  /** The assistant's own words about what is wrong with it. */
  trouble?(text: string): void
}

export interface AgentOptions {
  readonly store: Store
  readonly commands: CommandStore
  readonly journal: Journal
  /** Those of this assistant and this workspace; in memory where absent. */
  readonly conversations?: Conversations
  readonly audit?: AuditLog
  /** For new pairings. */
  readonly relay: RelayUrl
  /** Folder; throws where it is none. */
  readonly workspace: string
  readonly name: string
  readonly assistant: AssistantKind | null
  /** ms for which what the assistant asks waits for an answer; without end where absent. */
  readonly permissionTime?: number
  readonly environment: Readonly<Record<string, string>>
  readonly software: string
  readonly events?: AgentEvents
  readonly log?: Log
  readonly timers?: Timers
  readonly socket?: Pick<SocketOptions, 'open' | 'jitter'>
}

export interface Offer {
  /** The text of the code; never to be logged or stored. */
  readonly uri: string
  /** ms since 1970 */
  readonly expiresAt: number
}

/** Tries to type the digits. */
const TRIES = 3

export class Agent {
  readonly #options: AgentOptions
  readonly #events: AgentEvents
  readonly #timers: Timers
  readonly #terminals: Terminals
  readonly #uploads: Uploads
  readonly #conversation: Conversation
  readonly pause: Pause
  readonly devices: Devices
  #pairing: AgentPairing | undefined
  #triesLeft = TRIES
  #until = 0

  constructor(options: AgentOptions) {
    const { store, commands: commandStore, assistant, environment, software } = options
    const name = nameToSend(options.name)
    const { timers = systemTimers, log = () => {}, events = {}, socket, journal } = options
    this.#options = options
    this.#events = events
    this.#timers = timers
    const workspace = openWorkspace(options.workspace)
    const tell =
      <E extends EventName>(method: E) =>
      (params: EventParams<E>) =>
        this.devices.tell(method, params)
    const told = {
      delta: tell('claude.delta'),
      message: tell('claude.message'),
      state: tell('claude.state'),
      messageState: tell('claude.messageState'),
      requested: tell('permission.requested'),
      resolved: tell('permission.resolved'),
      question: { requested: tell('question.requested'), resolved: tell('question.resolved') },
      trouble: (text: string) => events.trouble?.(text),
    }
    this.pause = new Pause(commandStore, timers, {
      paused: tell('session.paused'),
      resumed: tell('session.resumed'),
      changed: (lasting) => {
        this.#conversation.resume()
        events.paused?.(lasting)
      },
    })
    const { conversations = new Conversations(':memory:', assistant?.name ?? '', workspace) } = options
    this.#conversation = new Conversation(assistant, timers, told, this.pause, conversations, options.permissionTime)
    this.#terminals = new Terminals({
      ...{ workspace, environment, timers },
      events: {
        opened: tell('terminal.opened'),
        resized: tell('terminal.resized'),
        exited: tell('terminal.exited'),
      },
    })
    this.#uploads = new Uploads(timers)
    const commands = new Commands(commandStore, timers)
    const self = {
      ...{ deviceId: deviceName(store.identity.deviceId), name, software, protocol: 1 as const },
      ...{ platform: Deno.build.os, workspace, methods: Object.keys(methods) },
    }
    const present = {
      ...claudeMethods(this.#conversation),
      ...terminalMethods(this.#terminals),
      ...pauseMethods(this.pause),
      ...gitMethods(new Repository(workspace, new GitProgram(terminalEnvironment(environment), timers))),
      ...deviceMethods(
        () => this.devices,
        self,
        () => this.#conversation.assistant,
      ),
    }
    const handlers = {
      ...present,
      ...commandMethods(commands),
      ...fileMethods(workspace, this.#uploads),
      ...journalMethods(journal, present),
    }
    const { permissions } = this.#conversation
    const dispatch = new Dispatch(
      handlers,
      commands,
      (method, error) => {
        log('error', 'a method failed', { method, reason: error instanceof Error ? error.name : 'unknown' })
      },
      (method, params) => this.pause.check(method, params, (answer) => permissions.isAllowing(answer)),
      (deed) => this.#note(deed),
    )
    this.devices = new Devices({
      ...{ store, dispatch, journal, timers },
      // rpc.command.epoch
      connection: {
        name,
        supported: SUITE_BITS,
        epochs: () => ({ commandEpoch: commands.epoch }),
        ...(socket && { socket }),
      },
      events: {
        changed: (device) => events.changed?.(device),
        joined: (device) => events.joined?.(device),
        revoked: (deviceId) => events.revoked?.(deviceId),
        detached: (deviceId) => this.#terminals.detach(deviceId),
        relay: (device, state) => {
          log('debug', 'relay', { device: device.id, state: state.state })
          events.relay?.(state)
        },
        refused: (device, { code }) => log('debug', 'a frame was refused', { device: device.id, code }),
      },
    })
    // Before anything else can happen: nobody has a session yet.
    for (const { name: event, params } of missingEnds(journal, timers.wall())) this.devices.tell(event, params)
  }

  get deviceId(): string {
    return deviceName(this.#options.store.identity.deviceId)
  }

  get workspace(): string {
    return openWorkspace(this.#options.workspace)
  }

  /** Shows a code; one that was shown before is given up. `ttl` in ms. */
  async offer(capabilities: readonly Capability[] = DEFAULT_CAPABILITIES, ttl?: number): Promise<Offer> {
    const replaced = this.#pairing
    this.#pairing = undefined
    await replaced?.cancel()
    const { store, relay, socket } = this.#options
    const events = this.#events
    this.#triesLeft = TRIES
    const pairing: AgentPairing = new AgentPairing({
      ...{ relay, identity: store.identity, suites: SUITE_BITS, capabilities, routeKey: await store.newRouteKey() },
      known: (identityKey) => store.known(identityKey),
      ...(ttl !== undefined && { ttl }),
      ...(socket && { socket }),
      timers: this.#timers,
      owner: {
        scanned: () => events.scanned?.(),
        askDigits: (until) => {
          this.#until = until
          events.digits?.(this.#triesLeft, until)
        },
        otherDevice: () => events.otherDevice?.(),
        store: async (record, carried) => {
          const connection = await this.devices.add(record, carried)
          this.#note({ deviceId: 'local', method: 'pair', id: deviceName(deviceIdOf(record.peer.identityKey)) })
          this.#pairing = undefined
          const device = this.devices.all.find((one) => one.connection === connection)
          if (device) events.paired?.(device)
          return connection
        },
        failed: (error) => {
          // One that another has replaced is of no interest any more.
          if (this.#pairing !== pairing) return
          this.#pairing = undefined
          events.pairingFailed?.(error)
        },
        relay: (state) => events.relay?.(state),
      },
    })
    this.#pairing = pairing
    const { uri, expiresAt } = pairing
    return { uri, expiresAt }
  }

  get isPairing(): boolean {
    return this.#pairing !== undefined
  }

  /** Takes the digits that the person typed; false where they are wrong, or are not asked for. */
  async typed(digits: string): Promise<boolean> {
    const pairing = this.#pairing
    if (!pairing) return false
    const right = await pairing.typed(digits)
    if (!right && this.#pairing === pairing && this.#triesLeft > 1) {
      this.#triesLeft--
      this.#events.digits?.(this.#triesLeft, this.#until)
    }
    return right
  }

  /** The person gives the pairing up. */
  async cancelPairing(): Promise<void> {
    await this.#pairing?.cancel()
  }

  /** Throws ProtocolError `not-found`. */
  async revoke(deviceId: string): Promise<void> {
    await this.devices.revoke(deviceId)
    this.#note({ deviceId: 'local', method: 'session.revoke', id: deviceId })
  }

  /** What cannot be written down is done all the same. */
  #note(deed: Omit<Deed, 'outcome'> & Partial<Deed>): void {
    const { audit, log } = this.#options
    try {
      audit?.add({ outcome: 'ok', ...deed })
    } catch {
      log?.('error', 'a deed could not be written down', { method: deed.method })
    }
  }

  /** Cuts every connection without a close; for tests. */
  drop(): void {
    this.#pairing?.drop()
    for (const { connection } of this.devices.all) connection.drop()
  }

  /** At once, as after a sleep, or because the person asks for it. */
  reconnect(): void {
    for (const { connection } of this.devices.all) connection.reconnect()
  }

  /** Ends terminals, assistant and connections; resolves when nothing runs any more. The stores stay open. */
  async stop(): Promise<void> {
    await this.#pairing?.cancel()
    await Promise.all([this.#terminals.closeAll(), this.#conversation.close()])
    await this.devices.close()
    this.#uploads.close()
  }
}
