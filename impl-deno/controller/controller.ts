// One paired agent, controlled: calls, events, terminals, and what is caught up after each interruption.

import type { Capability } from '@happy-remote/schemas/constants.ts'
import { SUITE_BITS } from '@happy-remote/schemas/constants.ts'
import type { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Event, Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import {
  type EventName,
  events,
  type MethodName,
  methods,
  type Params,
  type Result,
} from '@happy-remote/schemas/rpc/registry.ts'
import { Check } from 'typebox/value'
import { encodeBase32 } from '../crypto/base32.ts'
import { equal } from '../crypto/bytes.ts'
import { deviceIdOf } from '../crypto/identity.ts'
import { type Carried, type ConnectionOwner, PairingConnection, type RelayState } from '../link/pairing-connection.ts'
import type { SocketOptions } from '../link/socket.ts'
import { systemTimers, type Timers } from '../link/timers.ts'
import type { Received } from '../session/live-sessions.ts'
import type { PairingRecord } from '../session/record.ts'
import type { Store } from '../session/store.ts'
import { Calls } from './calls.ts'
import { CallFailure } from './failure.ts'
import { type Arrival, JournalReader, type Missed, type Position } from './journal.ts'
import { CommandQueue } from './queue.ts'
import { QueueSender } from './queue-sender.ts'
import type { QueuedCommand } from './queued-command.ts'
import { Terminals } from './terminals.ts'

/** What a controller tells. `live`: may be shown without its age (session.fresh.live). */
export type ControllerEvent =
  /** An event of the agent, known here or not (rpc.message.unknown-event). `journaled`: it is an entry, too. */
  | {
      readonly type: 'event'
      readonly method: string
      readonly params: unknown
      readonly live: boolean
      readonly journaled: boolean
    }
  | {
      readonly type: 'output'
      readonly terminalId: string
      readonly offset: number
      readonly bytes: Uint8Array
      readonly live: boolean
    }
  | { readonly type: 'gap'; readonly terminalId: string; readonly from: number; readonly to: number }
  | { readonly type: 'terminal-over'; readonly terminalId: string }
  /** The present state, asked for after each start and each interruption (rpc.event.catch-up). */
  | { readonly type: 'status'; readonly status: Result<'claude.getStatus'> }
  | { readonly type: 'terminals'; readonly terminals: Result<'terminal.list'>['terminals'] }
  /** An entry of the journal, each once and in order. */
  | { readonly type: 'entry'; readonly entry: JournalEntry; readonly arrival: Arrival }
  /** Entries have not come as they happened; people are to be told. */
  | { readonly type: 'missed'; readonly missed: Missed }
  | { readonly type: 'presence'; readonly away: boolean }
  | { readonly type: 'relay'; readonly state: RelayState }
  | { readonly type: 'paired'; readonly record: PairingRecord }
  /** Of a pairing that a rekey has confirmed: what `pair.complete` would have told comes after `paired`. */
  | { readonly type: 'introduced'; readonly peerName: string; readonly capabilities: readonly Capability[] }
  /** The pairing is over and its record erased. */
  | { readonly type: 'revoked'; readonly why: 'revoked' | 'unconfirmed' }
  /** For a log: a frame was refused, or the agent could not read one. */
  | { readonly type: 'trouble'; readonly code: string; readonly message: string }

export interface ControllerOptions {
  readonly store: Store
  readonly record: PairingRecord
  /** What the agent calls this device. */
  readonly name: string
  readonly supported?: number
  readonly timers?: Timers
  readonly socket?: Pick<SocketOptions, 'open' | 'jitter'>
  readonly carried?: Carried
  /** The newest entry of the journal that an earlier run has told. */
  readonly journal?: Position
}

export class Controller {
  readonly connection: PairingConnection
  /** What waits for the agent; `enqueue` sends it as soon as that is there. */
  readonly queue: CommandQueue
  readonly #store: Store
  readonly #name: string
  readonly #timers: Timers
  readonly #calls: Calls
  readonly #terminals: Terminals
  readonly #sender: QueueSender
  readonly #journal: JournalReader
  readonly #listeners = new Set<(event: ControllerEvent) => void>()
  /** Since the agent was last away, or since another session is current. */
  #caughtUp = false
  #shown = false
  #over = false

  constructor({
    store,
    record,
    name,
    supported = SUITE_BITS,
    timers = systemTimers,
    socket,
    carried,
    journal,
  }: ControllerOptions) {
    this.#store = store
    this.#name = name
    this.#timers = timers
    this.#calls = new Calls(
      {
        isOpen: () => this.#isOpen(),
        // Somebody waits for every answer: a key that was typed, and what follows it, waits for no company.
        send: (message, options) => this.connection.rpc.send(message, { ...options, urgent: true }),
        heardChallenge: (received, challenge) => this.connection.link.heardChallenge(received, challenge),
      },
      timers,
    )
    this.#terminals = new Terminals(
      {
        call: (method, params) => this.#calls.call(method, params),
        output: (terminalId, offset, bytes, live) => this.#tell({ type: 'output', terminalId, offset, bytes, live }),
        gap: (terminalId, from, to) => this.#tell({ type: 'gap', terminalId, from, to }),
        over: (terminalId) => this.#tell({ type: 'terminal-over', terminalId }),
      },
      timers,
    )
    this.queue = new CommandQueue(store, deviceIdOf(record.peer.identityKey), timers)
    this.#sender = new QueueSender(this.queue, {
      calls: this.#calls,
      isOpen: () => this.#isOpen(),
      failed: (error) => {
        const { code = 'internal', message } = error as Partial<ProtocolError> & Error
        this.#tell({ type: 'trouble', code: String(code), message })
      },
    })
    this.#journal = new JournalReader(
      {
        subscribe: (params) => this.call('journal.subscribe', params),
        entry: (entry, arrival) => this.#tell({ type: 'entry', entry, arrival }),
        missed: (missed) => this.#tell({ type: 'missed', missed }),
      },
      journal,
    )
    const { identity } = store
    const kept = store.keptSession(record)
    const given = { ...(socket && { socket }), ...(carried && { carried }), ...(kept && { kept }) }
    this.connection = new PairingConnection({
      record,
      identity,
      supported,
      name,
      owner: this.#owner(),
      timers,
      ...given,
    })
  }

  get record(): PairingRecord {
    return this.connection.record
  }

  /** 26 characters. */
  get agentId(): string {
    return encodeBase32(deviceIdOf(this.record.peer.identityKey)).toLowerCase()
  }

  get capabilities(): readonly Capability[] {
    return this.record.capabilities
  }

  /** Milliseconds since the agent was last heard inside the session; Infinity before the first time (rpc.show.heard). */
  get silentFor(): number {
    return this.#timers.monotonic() - this.connection.link.heardAt
  }

  /** The newest entry of the journal that was told. */
  get journalPosition(): Position | undefined {
    return this.#journal.known
  }

  /** Tells the entries of the journal up to its end; nothing where the agent is away or does not show it. */
  async readJournal(): Promise<void> {
    if (!this.away && this.capabilities.includes('observe')) await this.#journal.read()
  }

  /** As people are to see it: the word of the relay alone brings nobody back (rpc.show.online). */
  get online(): boolean {
    return this.#isOpen() && this.silentFor < limits.presenceFresh
  }

  /** Nothing but hello goes out now. */
  get away(): boolean {
    return !this.#isOpen()
  }

  /** Tells `listener` what happens; the result ends that. */
  listen(listener: (event: ControllerEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Calls a method, and takes the result as it comes. A terminal that is opened or attached is followed
   * from then on. Throws CallFailure. A command is waited for as long as it takes; `signal` gives it up.
   */
  async request(method: string, params: object, signal?: AbortSignal): Promise<unknown> {
    if (this.#over) throw ended()
    const answer = await this.#calls.call(method, params, signal)
    if (method === 'terminal.open' && Check(methods['terminal.open'].result, answer.result)) {
      this.#terminals.opened(answer.result, answer)
    }
    if (method === 'terminal.attach' && Check(methods['terminal.attach'].result, answer.result)) {
      this.#terminals.attached(answer.result, answer, (params as Params<'terminal.attach'>).afterOffset)
    }
    return answer.result
  }

  /** The same for the methods of the registry, whose results `Calls` has checked. */
  async call<M extends MethodName>(method: M, params: Params<M>, signal?: AbortSignal): Promise<Result<M>> {
    return (await this.request(method, params, signal)) as Result<M>
  }

  /** Queues a command, which goes out when the agent is there and all before it are answered. As CommandQueue.give. */
  async enqueue<M extends MethodName>(method: M, params: Params<M>, id?: string): Promise<QueuedCommand> {
    const command = await this.queue.give(method, params as object, id)
    this.#sender.wake()
    return command
  }

  /** Sends what waits, where the agent is there: after a change of the queue that was not made by `enqueue`. */
  sendQueue(): void {
    this.#sender.wake()
  }

  /** Types into a terminal that is followed; resolves when the agent has accepted the bytes. Throws CallFailure. */
  type(terminalId: string, bytes: Uint8Array): Promise<void> {
    return this.#terminals.write(terminalId, bytes)
  }

  /** Follows a terminal no longer; what runs in it goes on. */
  leave(terminalId: string): void {
    this.#terminals.leave(terminalId)
  }

  /** Ends the own pairing, at the agent and here. Throws CallFailure, and then nothing has changed here. */
  async revoke(signal?: AbortSignal): Promise<void> {
    const deviceId = encodeBase32(this.#store.identity.deviceId).toLowerCase()
    await this.call('session.revoke', { deviceId }, signal).catch((error) => {
      // `pairing.revoked` may have been faster than the response.
      if (!(error instanceof CallFailure) || error.code !== 'revoked') throw error
    })
    await this.#end('revoked')
  }

  /** Ends it here alone, where the agent is gone for good. */
  forget(): Promise<void> {
    return this.#end('revoked')
  }

  /** For good; the pairing stays. */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.#sender.close()
    this.#terminals.close()
    this.#calls.close(ended())
    this.connection.close()
  }

  /** The agent has replaced what it had of this device (pairing.agent.replace); so does this side. */
  async #paired(record: PairingRecord): Promise<void> {
    for (const { pairingId, peer } of this.#store.pairings) {
      const isOlder = equal(peer.identityKey, record.peer.identityKey) && !equal(pairingId, record.pairingId)
      if (isOlder) await this.#store.deletePairing(pairingId)
    }
    await this.queue.readAgain()
    this.#calls.resume()
    this.#sender.wake()
    this.#tell({ type: 'paired', record })
  }

  #isOpen(): boolean {
    const { link, record } = this.connection
    return !this.#over && record.confirmed && link.session !== undefined && !link.away
  }

  #tell(event: ControllerEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #owner(): ConnectionOwner {
    return {
      message: (message, received) => this.#message(message, received),
      bodyFailed: (message, _received, error) => {
        this.#trouble(error)
        if (message.type === 'response') this.#calls.answerLost(message.id)
      },
      chunk: (chunk, received) => this.#terminals.chunk(chunk, received.session, this.#isLive(received)),
      store: async (record) => {
        if (!this.#over) await this.#store.savePairing(record)
      },
      revoked: (why) => void this.#end(why),
      paired: (record) => void this.#paired(record),
      hello: ({ commandEpoch = '' }) => this.#hello(commandEpoch),
      switched: () => this.#interrupted(),
      opened: () => this.#show(),
      presence: (away, lost) => this.#presence(away, lost),
      relay: (state) => this.#tell({ type: 'relay', state }),
      complaint: (code, message) => this.#tell({ type: 'trouble', code, message }),
      refused: (error) => this.#trouble(error),
    }
  }

  #trouble = ({ code, message }: ProtocolError): void => this.#tell({ type: 'trouble', code, message })

  #message(message: Message, received: Received): void {
    if (message.type === 'response') this.#calls.answer(message, received)
    else if (message.type === 'event') this.#event(message, received)
    else {
      // rpc.message.controller-request
      const error = { code: 'unknown-method' as const, message: 'A controller has no methods' }
      void this.connection.rpc.send({ id: message.id, type: 'response', error }).catch(() => {})
    }
  }

  #event({ method, params, journal }: Event, received: Received): void {
    if (journal) this.#journal.live(method, params, journal)
    const known = Object.hasOwn(events, method) ? events[method as EventName] : undefined
    if (known && !Check(known.params, params)) {
      this.#tell({ type: 'trouble', code: 'invalid-request', message: `Cannot read the event ${method}` })
      return
    }
    const journaled = journal !== undefined
    this.#tell({ type: 'event', method, params, live: this.#isLive(received), journaled })
    if (method === 'terminal.exited') {
      const { terminalId, end } = params as { terminalId: string; end: number }
      this.#terminals.exited(terminalId, end)
    }
  }

  /** session.fresh.live */
  #isLive({ frame }: Received): boolean {
    try {
      return frame !== null && this.connection.link.challenges.check(frame.fresh) <= limits.presenceFresh
    } catch {
      return false
    }
  }

  #hello(epoch: string): void {
    this.#calls.agentSays(epoch)
    this.#sender.wake()
    if (this.#caughtUp) return
    this.#caughtUp = true
    this.#terminals.resume()
    void this.#catchUp()
  }

  #interrupted(): void {
    this.#caughtUp = false
    this.#calls.interrupted()
  }

  #presence(away: boolean, lost: boolean): void {
    if (this.#over) return
    if (away) {
      this.#caughtUp = false
      // One that has only been silent is the same when it speaks again, and tells no epoch for it.
      if (lost) this.#calls.interrupted()
    } else {
      this.#calls.resume()
      this.#sender.wake()
    }
    this.#show()
  }

  #show(): void {
    const { online } = this
    if (online === this.#shown || this.#over) return
    this.#shown = online
    this.#tell({ type: 'presence', away: !online })
  }

  /** rpc.event.catch-up; of a pairing that a rekey has confirmed, also what `pair.complete` would have told */
  async #catchUp(): Promise<void> {
    const ask = async <M extends MethodName>(method: M): Promise<Result<M> | undefined> =>
      this.call(method, {} as Params<M>).catch((error) => {
        if (!(error instanceof CallFailure)) throw error
        return undefined
      })
    if (this.record.capabilities.length === 0) {
      const info = await ask('agent.info')
      if (info) {
        const { capabilities, name: peerName } = info
        await this.connection.update({ capabilities, peerName })
        this.#tell({ type: 'introduced', peerName, capabilities })
        // Without `pair.ack` the agent has no name of this device.
        const deviceId = encodeBase32(this.#store.identity.deviceId).toLowerCase()
        if (capabilities.includes('observe')) {
          void this.call('device.rename', { deviceId, name: this.#name }).catch(() => {})
        }
      }
    }
    const has = (capability: Capability) => this.capabilities.includes(capability)
    // rpc.journal.catch-up
    if (has('observe')) void this.#journal.read()
    const [status, list] = await Promise.all([
      has('observe') ? ask('claude.getStatus') : undefined,
      has('terminal') ? ask('terminal.list') : undefined,
    ])
    if (status) this.#tell({ type: 'status', status })
    if (!list) return
    this.#tell({ type: 'terminals', terminals: list.terminals })
    for (const { running, terminalId, end } of list.terminals) if (!running) this.#terminals.exited(terminalId, end)
  }

  /** pairing.revoke.received */
  async #end(why: 'revoked' | 'unconfirmed'): Promise<void> {
    if (this.#over) return
    this.#over = true
    this.#sender.close()
    this.#terminals.close()
    this.#calls.close(new CallFailure('revoked', 'The pairing is over'))
    this.connection.close({ unbind: true })
    await this.#store.deletePairing(this.record.pairingId)
    this.#tell({ type: 'revoked', why })
  }
}

const ended = () => new CallFailure('rejected', 'The controller was closed')
