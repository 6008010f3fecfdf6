// The agent: its paired devices, each with a link, and what they may ask of it.

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Capability } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import type { JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import { type EventName, type EventParams, events } from '@happy-remote/schemas/rpc/registry.ts'
import { deviceIdOf, deviceIdText } from '../crypto/identity.ts'
import { deviceName } from '../link/device-name.ts'
import type { Receipt } from '../link/incoming.ts'
import { Link } from '../link/link.ts'
import { AgentPairing, type AgentPairingEvents, type PairingEnd } from '../link/pairing-agent.ts'
import { RelaySocket, type SocketState } from '../link/socket.ts'
import { type Clocks, systemClocks } from '../session/freshness.ts'
import { keepSession } from '../session/kept-session.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { loggedRelay, parseRelayUrl, type RelayAddress } from '../session/relay-url.ts'
import type { Store } from '../session/store.ts'
import type { Witness } from '../session/witness.ts'
import type { AssistantFactory } from './assistants/assistant.ts'
import { type Act, AuditLog } from './audit.ts'
import { type DiskCommandStore, diskCommandStore } from './command-store.ts'
import { createCommands } from './commands.ts'
import { Conversation } from './conversation.ts'
import { ConversationList } from './conversation-list.ts'
import type { Device, DeviceChange } from './devices.ts'
import { createDispatch, type Dispatch } from './dispatch.ts'
import { Git } from './git.ts'
import type { Caller } from './handler.ts'
import { type Journal, openJournal } from './journal.ts'
import { endLeftBehind } from './left-behind.ts'
import { agentHandlers } from './methods/agent.ts'
import { claudeHandlers } from './methods/claude.ts'
import { commandHandlers } from './methods/command.ts'
import { deviceHandlers } from './methods/device.ts'
import { fileHandlers } from './methods/file.ts'
import { gitHandlers } from './methods/git.ts'
import { journalHandlers } from './methods/journal.ts'
import { sessionHandlers } from './methods/session.ts'
import { terminalHandlers } from './methods/terminal.ts'
import { Pause } from './pause.ts'
import { PermissionBook } from './permissions.ts'
import { QuestionBook } from './questions.ts'
import { Terminals } from './terminals.ts'
import { Uploads } from './uploads.ts'

export interface AgentOptions {
  readonly store: Store
  /** Relay for new pairings; those that exist keep theirs. */
  readonly relay: RelayAddress
  /** Absolute path. */
  readonly workspace: string
  readonly name: string
  readonly software: string
  readonly assistant: { readonly factory: AssistantFactory; readonly name: string; readonly scripted: boolean } | null
  /** ms that a permission request, or a question, waits for an answer; without end where absent. */
  readonly permissionTime?: number
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void
  /** Entries that the journal keeps; as limits.ts says unless given. */
  readonly journalEntries?: number
  /** Profile P: sessions are stored, and this tells which of their states is the newest. */
  readonly witness?: Witness | undefined
  /** `relay` is its origin: pairings keep the relay that they were made with. */
  readonly onRelay?: (state: SocketState, relay: string) => void
  /** A device was heard, fell silent, or left. */
  onDevices?(): void
  readonly clocks?: Clocks
}

interface Paired {
  readonly link: Link
  readonly deviceId: string
}

const noAssistant: AssistantFactory = () => ({
  facts: { name: 'none', session: null, takes: [], mode: null, model: null },
  start: () => Promise.reject(new ProtocolError('assistant-unavailable', 'No assistant is configured at the agent.')),
  prompt: () => {},
  cancel: () => {},
  answer: () => {},
  reply: () => {},
  kill: () => {},
  close: () => Promise.resolve(),
})

export class Agent {
  readonly #options: AgentOptions
  readonly #sockets = new Map<string, RelaySocket>()
  readonly #pairings = new Set<AgentPairing>()
  /** By pairing id, hex. */
  readonly #paired = new Map<string, Paired>()
  readonly #terminals: Terminals
  readonly #permissions: PermissionBook
  readonly pause: Pause
  readonly conversation: Conversation
  readonly #dispatch: Dispatch
  readonly #commandStore: DiskCommandStore
  readonly #uploads = new Uploads()
  readonly #journal: Journal
  readonly #audit: AuditLog

  constructor(options: AgentOptions) {
    this.#options = options
    const { workspace, software, assistant, store, log } = options
    const name = deviceName(options.name)
    this.#commandStore = diskCommandStore(store.database)
    this.#journal = openJournal(join(store.folder, 'journal.db'), { entries: options.journalEntries, log })
    this.#audit = new AuditLog(store.database, () => this.#now())
    const emit = <E extends EventName>(event: E, params: EventParams<E>) => this.#emit(event, params)
    endLeftBehind(this.#journal, emit, this.#now())
    this.#terminals = new Terminals({ workspace, emit })
    const { permissionTime } = options
    const book = { emit, ...(permissionTime !== undefined && { time: permissionTime }) }
    this.#permissions = new PermissionBook(book)
    const questions = new QuestionBook(book)
    this.pause = new Pause({
      database: store.database,
      emit,
      allows: (answer) => this.#permissions.allows(answer),
      now: () => this.#now(),
    })
    this.conversation = new Conversation({
      assistant: assistant?.factory ?? noAssistant,
      list: new ConversationList({
        database: store.database,
        assistant: assistant?.name ?? '',
        workspace,
        now: () => this.#now(),
      }),
      permissions: this.#permissions,
      questions,
      pause: this.pause,
      emit,
    })
    const commands = createCommands(this.#commandStore)
    const devices = {
      list: () => this.devices,
      change: (deviceId: string, change: DeviceChange) => this.change(deviceId, change),
      revoke: (deviceId: string) => this.#revoke(deviceId),
    }
    const present = {
      ...claudeHandlers(this.conversation, this.#permissions, questions),
      ...terminalHandlers(this.#terminals),
      ...deviceHandlers(devices),
    }
    this.#dispatch = createDispatch({
      handlers: {
        ...present,
        ...agentHandlers({
          deviceId: deviceIdText(store.identity.deviceId),
          name,
          software,
          workspace,
          assistant: () => assistant && { name: assistant.name, available: true, scripted: assistant.scripted },
        }),
        ...sessionHandlers(devices, this.pause),
        ...gitHandlers(new Git(workspace)),
        ...commandHandlers(commands),
        ...fileHandlers(workspace, this.#uploads),
        ...journalHandlers(this.#journal, present),
      },
      commands,
      log,
      check: (method, params) => this.pause.check(method, params),
      heard: (deviceId) => this.#terminals.heard(deviceId),
      acted: (act) => this.#audit.append(act),
    })
    for (const record of store.pairings) if (record.role === 'agent') this.#connect(record)
  }

  get devices(): Device[] {
    return [...this.#paired.values()].map(({ link, deviceId }) => ({
      deviceId,
      name: link.record.peerName,
      capabilities: link.record.capabilities,
      pairedAt: link.record.createdAt,
      lastHeardAt: link.heardAt,
      // rpc.device.list
      online: link.heardAt !== null && this.#now() - link.heardAt < limits.presenceFresh,
    }))
  }

  /** Shows nothing by itself: `events` tell what to show, the result has the code and takes the digits. */
  pair(
    events: AgentPairingEvents,
    options: { capabilities: readonly Capability[]; ttl?: number | undefined },
  ): AgentPairing {
    const { store, relay } = this.#options
    const pairing: AgentPairing = new AgentPairing({
      identity: store.identity,
      socket: this.#socketOf(relay),
      capabilities: options.capabilities,
      known: (identityKey) => store.pinOf(identityKey),
      ...(options.ttl !== undefined && { ttl: options.ttl }),
      events: {
        ...events,
        onEnd: (end) => {
          if (end.outcome === 'paired') this.#adopt(end)
          this.#pairings.delete(pairing)
          events.onEnd(end)
        },
      },
    })
    this.#pairings.add(pairing)
    return pairing
  }

  /** Gives a device another name or other capabilities. False: no such device. */
  change(deviceId: string, { name, capabilities }: DeviceChange): boolean {
    const link = [...this.#paired.values()].find((paired) => paired.deviceId === deviceId)?.link
    if (!link) return false
    const { record } = link
    link.describe({ peerName: name ?? record.peerName, capabilities: capabilities ?? record.capabilities })
    // rpc.device.grant-output
    if (!link.record.capabilities.includes('terminal')) this.#terminals.detach(deviceId)
    const told = { name: link.record.peerName, capabilities: [...link.record.capabilities] }
    this.#emit('device.changed', { deviceId, ...told })
    return true
  }

  /** Ends a pairing and denies the device until it is paired again. False: no such device. */
  revoke(deviceId: string): boolean {
    const isDone = this.#revoke(deviceId)
    if (isDone) this.#note({ deviceId: 'local', method: 'session.revoke', id: deviceId, outcome: 'ok' })
    return isDone
  }

  #revoke(deviceId: string): boolean {
    const entry = [...this.#paired].find(([, paired]) => paired.deviceId === deviceId)
    if (!entry) return false
    const [id, { link }] = entry
    this.#options.store.revokePairing(link.record)
    this.#paired.delete(id)
    // pairing.revoke.notify
    link.revoke()
    this.#emit('device.revoked', { deviceId })
    this.#options.onDevices?.()
    return true
  }

  /** Cuts the connections as a lost network would; they are made again. */
  cut(): void {
    for (const socket of this.#sockets.values()) socket.cut()
  }

  /** Ends links, terminals and the assistant; resolves when all processes are gone. */
  async close(): Promise<void> {
    // pairing.qr.erase
    for (const pairing of [...this.#pairings]) pairing.cancel()
    for (const { link } of this.#paired.values()) link.close()
    this.#paired.clear()
    for (const socket of this.#sockets.values()) socket.close()
    await Promise.all([this.#terminals.close(), this.conversation.close(), this.#uploads.close()])
    this.#journal.close()
  }

  #socketOf(relay: RelayAddress): RelaySocket {
    const known = this.#sockets.get(relay.origin)
    if (known) return known
    const { onRelay, log } = this.#options
    const socket = new RelaySocket({
      relay,
      // A disk that is full, say, must not end the terminals of everybody.
      onError: (error) => log('a frame could not be handled', { relay: loggedRelay(relay.origin), error }),
      ...(onRelay && { onState: (state) => onRelay(state, relay.origin) }),
    })
    this.#sockets.set(relay.origin, socket)
    return socket
  }

  /** Stores a new pairing, which replaces an older one of the same device; the digits undo a denial. */
  #adopt({ record, ratchet }: Extract<PairingEnd, { outcome: 'paired' }>): void {
    const deviceId = deviceIdText(deviceIdOf(record.peer.identityKey))
    // pairing.agent.commit: whatever fails here leaves the older pairing as it was
    this.#options.store.adoptPairing(record)
    this.#note({ deviceId: 'local', method: 'pair', id: deviceId, outcome: 'ok' })
    for (const [id, { link, deviceId: other }] of this.#paired) {
      if (other !== deviceId) continue
      link.close()
      this.#paired.delete(id)
    }
    this.#connect(record, ratchet)
  }

  #connect(record: PairingRecord, ratchet?: Ratchet): void {
    const { store, name, clocks, witness, log } = this.#options
    const deviceId = deviceIdText(deviceIdOf(record.peer.identityKey))
    const id = Buffer.from(record.pairingId).toString('hex')
    const link: Link = new Link({
      identity: store.identity,
      record,
      socket: this.#socketOf(parseRelayUrl(record.relay)),
      name,
      commandEpoch: this.#commandStore.epoch,
      keeper: witness && keepSession({ store, witness, record, log }),
      ...(ratchet && { ratchet }),
      ...(clocks && { clocks }),
      handlers: {
        onMessage: (message, receipt) => {
          // rpc.message.agent-ignores; rpc.request.order: an answer begins before the next request is looked at
          if (message.type !== 'request') return
          this.#answer(link, deviceId, message, receipt).catch((error) =>
            this.#options.log('a request failed behind its answer', { deviceId, method: message.method, error }),
          )
        },
        onChunk: () => {},
        onReady: () => {},
        onSessionEnd: () => {},
        // rpc.credit.silent: whoever watches without a word is heard, too
        onHeard: () => this.#terminals.heard(deviceId),
        // rpc.device.events: now the name is known
        onPaired: () => this.#emit('device.joined', { deviceId, name: link.record.peerName }),
        onPeer: () => this.#options.onDevices?.(),
        onRecord: (changed) => {
          store.savePairing(changed)
          this.#options.onDevices?.()
        },
        // Only an agent says so.
        onRevoked: () => {},
        onBlocked: (reason) => this.#options.log('a route was lost', { deviceId, reason }),
      },
    })
    this.#paired.set(id, { link, deviceId })
    this.#options.onDevices?.()
  }

  async #answer(link: Link, deviceId: string, request: Request, receipt: Receipt): Promise<void> {
    const after: (() => void)[] = []
    const caller: Caller = {
      deviceId,
      // rpc.capability.stored
      capabilities: new Set(link.record.capabilities),
      openStream: (listener) => link.openStream(listener),
      afterResponse: (then) => void after.push(then),
    }
    // rpc.request.late, session.fresh.challenge: nothing late and nothing without a fresh challenge runs
    const refuse = receipt.late || !receipt.isFresh() ? this.#stale(link) : undefined
    const response = await this.#dispatch(request, caller, refuse)
    // rpc.message.current-session: of whichever session the request was
    link.send(response, true)
    for (const then of after) then()
  }

  #stale(link: Link): ProtocolError {
    const challenge = Buffer.from(link.issueChallenge()).toString('base64url')
    return new ProtocolError('stale', 'The request carries no fresh challenge; repeat it with this one.', { challenge })
  }

  /** rpc.audit.local: what failed to be written down is done all the same. */
  #note(act: Act): void {
    try {
      this.#audit.append(act)
    } catch (error) {
      this.#options.log('an act could not be written down', { ...act, error })
    }
  }

  #now(): number {
    return (this.#options.clocks ?? systemClocks).wall()
  }

  #emit<E extends EventName>(name: E, params: EventParams<E>): void {
    const tell = (told: EventName, body: object, place: JournalPlace | null) => this.#tell(told, body, place)
    // rpc.journal.entry: what was sent is known after any end of this program
    if (events[name].journaled) this.#journal.record(name, params, tell)
    else tell(name, params, null)
  }

  #tell(name: EventName, params: object, place: JournalPlace | null): void {
    const { capability, urgent } = events[name]
    // rpc.journal.place
    const journal = place && { journal: place }
    // rpc.journal.large
    if (journal && Buffer.byteLength(JSON.stringify(params)) > limits.bodyLeast) {
      this.#tell('journal.withheld', {}, place)
      return
    }
    for (const { link } of this.#paired.values()) {
      const { capabilities } = link.record
      // rpc.event.capability: who has no session hears of nothing, and nothing is kept for it
      if (!link.established) continue
      if (capabilities.includes(capability)) {
        link.send({ id: randomUUID(), type: 'event', method: name, params, ...journal }, urgent)
      } else if (journal && capabilities.includes('observe')) {
        // rpc.journal.stand-in
        link.send({ id: randomUUID(), type: 'event', method: 'journal.withheld', params: {}, ...journal }, false)
      }
    }
  }
}
