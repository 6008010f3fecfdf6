// The controller as a library: one paired agent, with calls, events and terminals.

import { EventEmitter } from 'node:events'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Event, Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import {
  type EventName,
  type EventParams,
  events,
  type MethodName,
  type Params,
  type Result,
} from '@happy-remote/schemas/rpc/registry.ts'
import { Compile, type Validator } from 'typebox/compile'
import { deviceIdText, type Identity } from '../crypto/identity.ts'
import type { Receipt } from '../link/incoming.ts'
import { Link } from '../link/link.ts'
import type { PeerState } from '../link/peer-presence.ts'
import { RelaySocket, type SocketState } from '../link/socket.ts'
import type { Clocks } from '../session/freshness.ts'
import type { SessionKeeper } from '../session/kept-session.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { parseRelayUrl } from '../session/relay-url.ts'
import { type CallOptions, Calls } from './calls.ts'
import { describedAgent, type Present, presentState } from './catch-up.ts'
import { type EntryWay, JournalFollower, type JournalPosition, type Missed } from './journal.ts'
import type { CommandQueue } from './queue.ts'
import { QueueSender } from './queue-sender.ts'
import type { QueuedCommand } from './queued-command.ts'
import { type Attachment, RemoteTerminal, type TerminalHandlers } from './terminal.ts'

export interface ControllerOptions {
  readonly identity: Identity
  readonly record: PairingRecord
  /** This device's name. */
  readonly name: string
  save(record: PairingRecord): void
  /** Commands for this agent, which are sent while it is there; forgotten when the pairing has ended. */
  readonly queue?: CommandQueue
  /** A socket that is connected already, from the pairing run. */
  readonly socket?: RelaySocket
  readonly ratchet?: Ratchet
  readonly proof?: Uint8Array
  /** Profile P. */
  readonly keeper?: SessionKeeper | undefined
  readonly clocks?: Clocks
  /** The newest entry of the journal that an earlier run has told. */
  readonly journal?: JournalPosition
  onHandshake?(frame: Uint8Array): void
}

export interface ControllerStatus {
  readonly relay: SocketState
  readonly peer: PeerState
  /** ms since 1970 of the last authentic frame. */
  readonly heardAt: number | null
  readonly ready: boolean
}

/** `event`: every event of the agent, unknown ones too. */
interface ControllerEvents {
  readonly event: [event: Event, age: number | null]
  readonly status: [status: ControllerStatus]
  /** After each start of a session, and each time that the agent was away. */
  readonly present: [present: Present]
  /** An entry of the agent's journal, each once and in order. */
  readonly entry: [entry: JournalEntry, way: EntryWay]
  /** Entries did not come as they happened; the person is to be told. */
  readonly missed: [missed: Missed]
  readonly record: [record: PairingRecord]
  /** The agent has ended this pairing: the record is to be erased. */
  readonly revoked: []
  /** The agent did not confirm this pairing within ten minutes: the record is to be erased. */
  readonly expired: []
  /** This pairing is in use elsewhere, or the relay refuses its route. */
  readonly blocked: [reason: 'superseded' | 'unauthenticated']
  /** Something failed on this side, such as `save`; it is thrown where nobody listens. */
  readonly failure: [error: unknown]
}

export const isEventName = (name: string): name is EventName => Object.hasOwn(events, name)

const validators = new Map<EventName, Validator>()

/** Whether these are params of this event. Compiled at its first: all at the start would take longer than to connect. */
export function eventFits<E extends EventName>(name: E, params: unknown): params is EventParams<E> {
  const validator = validators.get(name) ?? Compile(events[name].params)
  validators.set(name, validator)
  return validator.Check(params)
}

export class Controller extends EventEmitter<ControllerEvents> {
  readonly #deviceId: Uint8Array
  readonly #socket: RelaySocket
  readonly #link: Link
  readonly #calls: Calls
  readonly #terminals = new Set<RemoteTerminal>()
  readonly queue: CommandQueue | undefined
  readonly #sender: QueueSender | undefined
  readonly #journal: JournalFollower
  #relay: SocketState = { name: 'connecting' }
  /** Sessions that have ended. */
  #sessions = 0
  /** Times that the present state was asked for. */
  #catchUps = 0
  #over: ProtocolError | null = null

  constructor(options: ControllerOptions) {
    super()
    const { identity, record, name, clocks } = options
    this.#deviceId = identity.deviceId
    this.#calls = new Calls({
      send: (message) => this.#link.send(message, true),
      isReady: () => this.#link.ready,
      acceptChallenge: (challenge, receipt) => this.#link.acceptChallenge(challenge, receipt),
    })
    this.queue = options.queue
    this.#sender =
      options.queue &&
      new QueueSender(options.queue, {
        calls: this.#calls,
        isReady: () => this.#link.ready,
        onFailure: (error) => this.#failed(error),
      })
    this.#journal = new JournalFollower(
      {
        read: (params) => this.#calls.call('journal.subscribe', params),
        onEntry: (entry, way) => this.emit('entry', entry, way),
        onMissed: (missed) => this.emit('missed', missed),
      },
      options.journal,
    )
    this.#socket = options.socket ?? new RelaySocket({ relay: parseRelayUrl(record.relay) })
    this.#socket.onError = (error) => this.#failed(error)
    this.#link = new Link({
      identity,
      record,
      socket: this.#socket,
      name,
      ...(options.ratchet && { ratchet: options.ratchet }),
      ...(options.proof && { proof: options.proof }),
      keeper: options.keeper,
      ...(clocks && { clocks }),
      handlers: {
        onMessage: (message, receipt) => this.#onMessage(message, receipt),
        onChunk: (chunk, age) => {
          // session.stream.unknown
          for (const terminal of this.#terminals) if (terminal.stream === chunk.streamId) terminal.onChunk(chunk, age)
        },
        onReady: () => {
          this.#calls.repeatAll()
          this.sendQueue()
          void this.catchUp()
          // What was on its way when the connection was lost is lost, though the session goes on.
          for (const terminal of this.#terminals) void terminal.reattach()
          this.#changed()
        },
        onMissing: () => {
          for (const terminal of this.#terminals) terminal.suspect()
        },
        onSessionEnd: () => {
          this.#sessions++
          for (const terminal of this.#terminals) terminal.onSessionEnd()
        },
        onPeer: () => this.#changed(),
        onRecord: (changed) => {
          options.save(changed)
          this.emit('record', changed)
        },
        onCommandEpoch: (epoch) => this.#calls.onCommandEpoch(epoch),
        onRevoked: () => {
          this.#end(new ProtocolError('revoked', 'The agent has ended this pairing.'))
          this.emit('revoked')
        },
        onExpired: () => {
          this.#end(new ProtocolError('pair-expired', 'The agent did not confirm this pairing in time.'))
          this.emit('expired')
        },
        onBlocked: (reason) => this.emit('blocked', reason),
        ...(options.onHandshake && { onHandshake: options.onHandshake }),
      },
    })
    // Only now: the link dials while it is made, and its status cannot be told before.
    this.#relay = this.#socket.state
    this.#socket.onState = (state) => {
      this.#relay = state
      this.#changed()
    }
  }

  /** The newest entry of the journal that was told; null before the first page. */
  get journalPosition(): JournalPosition | null {
    return this.#journal.position
  }

  get record(): PairingRecord {
    return this.#link.record
  }

  get status(): ControllerStatus {
    const { peerState, heardAt, ready } = this.#link
    return { relay: this.#relay, peer: peerState, heardAt, ready }
  }

  /** As Calls.call. */
  call<M extends MethodName>(method: M, params: Params<M>, options?: CallOptions<M>): Promise<Result<M>> {
    return this.#calls.call(method, params, options)
  }

  /** Queues a command, which is sent as soon as the agent is there and all before it are answered. Throws as CommandQueue.give. */
  enqueue<M extends MethodName>(method: M, params: Params<M>): QueuedCommand {
    if (!this.queue) throw new ProtocolError('not-found', 'This controller has no queue.')
    const command = this.queue.give(method, params as object)
    this.sendQueue()
    return command
  }

  /** Sends what is queued, where the agent is there: after a change of the queue that did not go through `enqueue`. */
  sendQueue(): void {
    this.#sender?.wake()
  }

  /** Calls `listener` with each event of this name whose params fit its schema. Returns how to stop. */
  onEvent<E extends EventName>(name: E, listener: (params: EventParams<E>) => void): () => void {
    const filter = (event: Event) => {
      if (event.method === name && eventFits(name, event.params)) listener(event.params)
    }
    this.on('event', filter)
    return () => this.off('event', filter)
  }

  /** Starts a shell, or `command`. */
  openTerminal(params: Params<'terminal.open'>, handlers: TerminalHandlers): Promise<RemoteTerminal> {
    return this.#watch(handlers, (onResult) => this.call('terminal.open', params, { onResult }))
  }

  attachTerminal(terminalId: string, handlers: TerminalHandlers, afterOffset?: number): Promise<RemoteTerminal> {
    const params = { terminalId, ...(afterOffset !== undefined && { afterOffset }) }
    let sent = 0
    return this.#watch(handlers, (onResult) =>
      this.call('terminal.attach', params, {
        onSend: () => sent++,
        onResult: (answer) => {
          if (answer.gap) handlers.onGap?.(answer.gap.from, answer.gap.to)
          // rpc.terminal.attach-twice; and of one that has ended the end is to be learnt
          onResult(answer, sent > 1 || !answer.running)
        },
      }),
    )
  }

  /** Resolves when messages can be sent. Rejects with ProtocolError `timeout`, saying what is missing. */
  whenReady(timeout: number): Promise<void> {
    if (this.#over) return Promise.reject(this.#over)
    if (this.#link.ready) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(new ProtocolError('timeout', this.#whyNotReady())), timeout)
      const check = () => {
        if (this.#over) done(this.#over)
        else if (this.#link.ready) done()
      }
      const done = (error?: ProtocolError) => {
        clearTimeout(timer)
        this.off('status', check)
        if (error) reject(error)
        else resolve()
      }
      this.on('status', check)
    })
  }

  /** Asks for the present state, and tells it unless it is asked for again meanwhile (rpc.event.catch-up). */
  async catchUp(): Promise<void> {
    const turn = ++this.#catchUps
    if (this.record.capabilities.length === 0) {
      const described = await describedAgent(this.#calls)
      if (described) this.#link.describe(described)
    }
    // rpc.journal.catch-up
    if (this.record.capabilities.includes('observe')) void this.#journal.catchUp()
    const present = await presentState(this.#calls, this.record.capabilities)
    if (turn === this.#catchUps && !this.#over) this.emit('present', present)
  }

  /** Tells the entries of the journal up to its end; nothing where the agent is away or does not show it. */
  async readJournal(): Promise<void> {
    if (this.#link.ready && this.record.capabilities.includes('observe')) await this.#journal.catchUp()
  }

  /** Begins a new session. */
  rekey(): void {
    this.#link.rekey()
  }

  /** Cuts the connection as a lost network would; it is made again. */
  cut(): void {
    this.#socket.cut()
  }

  /** Connects now instead of when the delay is over. */
  retryNow(): void {
    this.#socket.retryNow()
  }

  /** Ends the pairing at the agent, for which it waits up to `patience` ms, and closes. False: the agent was not told. */
  async revoke(patience = 2_000): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(patience)
      await this.call('session.revoke', { deviceId: deviceIdText(this.#deviceId) }, { signal })
      return true
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      return error.code === 'revoked'
    } finally {
      this.queue?.erase()
      this.close()
    }
  }

  close(): void {
    this.#end(new ProtocolError('interrupted', 'The connection was closed.'))
    this.#link.close()
    this.#socket.close()
  }

  /** Whatever is called or watched ends with `error`. */
  #end(error: ProtocolError): void {
    if (this.#over) return
    this.#over = error
    for (const terminal of [...this.#terminals]) terminal.detach()
    this.#sender?.close()
    if (error.code === 'revoked') this.queue?.erase()
    this.#calls.close(error)
    this.#changed()
  }

  /** `call` hands the result over before the chunks that follow it, and says whether to attach once more. */
  async #watch(
    handlers: TerminalHandlers,
    call: (onResult: (attachment: Attachment, again?: boolean) => void) => Promise<unknown>,
  ): Promise<RemoteTerminal> {
    const session = this.#sessions
    let watched: RemoteTerminal | undefined
    await call((attachment, again = false) => {
      handlers.onAttach?.(attachment)
      const terminal = new RemoteTerminal(this.#calls, handlers, attachment, () => this.#terminals.delete(terminal))
      this.#terminals.add(terminal)
      watched = terminal
      // rpc.terminal.open-again: the stream was one of an older session
      if (session !== this.#sessions) terminal.onSessionEnd()
      if (session !== this.#sessions || again) void terminal.reattach()
    })
    return watched as RemoteTerminal
  }

  #onMessage(message: Message, receipt: Receipt): void {
    if (message.type === 'response') this.#calls.onResponse(message, receipt)
    else if (message.type === 'event') this.#onEvent(message, receipt.age())
    else {
      // rpc.message.controller-request
      const error = new ProtocolError('unknown-method', 'A controller has no methods.')
      const { id } = message
      this.#link.send({ id, type: 'response', error: { code: 'unknown-method', message: error.message } }, true)
    }
  }

  #onEvent(event: Event, age: number | null): void {
    if (event.method === 'terminal.exited' && eventFits('terminal.exited', event.params)) {
      const exit = event.params
      for (const terminal of this.#terminals) if (terminal.terminalId === exit.terminalId) terminal.onExited(exit)
    }
    this.#journal.onEvent(event)
    this.emit('event', event, age)
  }

  #failed(error: unknown): void {
    if (!this.emit('failure', error)) throw error
  }

  #changed(): void {
    this.emit('status', this.status)
  }

  #whyNotReady(): string {
    if (this.#relay.name === 'waiting') return `The relay cannot be reached: ${this.#relay.reason}.`
    if (this.#relay.name === 'blocked') return `The relay was left: ${this.#relay.reason}.`
    return 'The agent is not connected to the relay, or does not answer.'
  }
}
