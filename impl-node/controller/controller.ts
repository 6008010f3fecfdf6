// The controller as a library: one paired agent, with calls, events and terminals.

import { EventEmitter } from 'node:events'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Event } from '@happy-remote/schemas/rpc/envelope.ts'
import {
  type EventName,
  type EventParams,
  events,
  type MethodName,
  type Params,
  type Result,
} from '@happy-remote/schemas/rpc/registry.ts'
import { Compile } from 'typebox/compile'
import type { Identity } from '../crypto/identity.ts'
import { Link, type PeerState } from '../link/link.ts'
import { RelaySocket, type SocketState } from '../link/socket.ts'
import type { Clocks } from '../session/freshness.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { parseRelayUrl } from '../session/relay-url.ts'
import { type CallOptions, Calls } from './calls.ts'
import { RemoteTerminal, type TerminalHandlers } from './terminal.ts'

export interface ControllerOptions {
  readonly identity: Identity
  readonly record: PairingRecord
  /** This device's name. */
  readonly name: string
  save(record: PairingRecord): void
  /** A socket that is connected already, from the pairing run. */
  readonly socket?: RelaySocket
  readonly ratchet?: Ratchet
  readonly proof?: Uint8Array
  readonly clocks?: Clocks
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
  readonly record: [record: PairingRecord]
  readonly revoked: []
  /** This pairing is in use elsewhere, or the relay refuses its route. */
  readonly blocked: [reason: 'superseded' | 'unauthenticated']
}

const validators = Object.fromEntries(Object.entries(events).map(([name, { params }]) => [name, Compile(params)]))

export class Controller extends EventEmitter<ControllerEvents> {
  readonly #socket: RelaySocket
  readonly #link: Link
  readonly #calls: Calls
  readonly #terminals = new Set<RemoteTerminal>()
  #relay: SocketState = { name: 'connecting' }

  constructor(options: ControllerOptions) {
    super()
    const { identity, record, name, clocks } = options
    this.#calls = new Calls({
      send: (message) => this.#link.send(message, true),
      isReady: () => this.#link.ready,
      acceptChallenge: (challenge) => this.#link.acceptChallenge(challenge),
    })
    this.#socket = options.socket ?? new RelaySocket({ relay: parseRelayUrl(record.relay) })
    this.#link = new Link({
      identity,
      record,
      socket: this.#socket,
      name,
      ...(options.ratchet && { ratchet: options.ratchet }),
      ...(options.proof && { proof: options.proof }),
      ...(clocks && { clocks }),
      handlers: {
        onMessage: (message, receipt) => {
          if (message.type === 'response') this.#calls.onResponse(message)
          else if (message.type === 'event') this.#onEvent(message, receipt.age())
        },
        onChunk: (chunk) => {
          for (const terminal of this.#terminals) if (terminal.stream === chunk.streamId) terminal.onChunk(chunk)
        },
        onReady: () => {
          this.#calls.repeatAll()
          for (const terminal of this.#terminals) if (terminal.stream === null) void terminal.reattach()
          this.#changed()
        },
        onSessionEnd: () => {
          for (const terminal of this.#terminals) terminal.onSessionEnd()
        },
        onPeer: () => this.#changed(),
        onRecord: (changed) => {
          options.save(changed)
          this.emit('record', changed)
        },
        onCommandEpoch: (epoch) => this.#calls.onCommandEpoch(epoch),
        onRevoked: () => this.emit('revoked'),
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

  get record(): PairingRecord {
    return this.#link.record
  }

  get status(): ControllerStatus {
    const { peerState, heardAt, ready } = this.#link
    return { relay: this.#relay, peer: peerState, heardAt, ready }
  }

  /** As Calls.call. */
  call<M extends MethodName>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>> {
    return this.#calls.call(method, params, options)
  }

  /** Calls `listener` with each event of this name whose params fit its schema. Returns how to stop. */
  onEvent<E extends EventName>(name: E, listener: (params: EventParams<E>) => void): () => void {
    const filter = (event: Event) => {
      if (event.method === name && validators[name]?.Check(event.params)) listener(event.params as EventParams<E>)
    }
    this.on('event', filter)
    return () => this.off('event', filter)
  }

  /** Starts a shell, or `command`. */
  async openTerminal(params: Params<'terminal.open'>, handlers: TerminalHandlers): Promise<RemoteTerminal> {
    return this.#watch(await this.call('terminal.open', params), handlers)
  }

  async attachTerminal(terminalId: string, handlers: TerminalHandlers, afterOffset?: number): Promise<RemoteTerminal> {
    const params = { terminalId, ...(afterOffset !== undefined && { afterOffset }) }
    const answer = await this.call('terminal.attach', params)
    if (answer.gap) handlers.onGap?.(answer.gap.from, answer.gap.to)
    return this.#watch(answer, handlers)
  }

  /** Resolves when messages can be sent. Rejects with ProtocolError `timeout`, saying what is missing. */
  whenReady(timeout: number): Promise<void> {
    if (this.#link.ready) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(new ProtocolError('timeout', this.#whyNotReady())), timeout)
      const check = () => this.#link.ready && done()
      const revoked = () => done(new ProtocolError('revoked', 'The agent has ended this pairing.'))
      const done = (error?: ProtocolError) => {
        clearTimeout(timer)
        this.off('status', check)
        this.off('revoked', revoked)
        if (error) reject(error)
        else resolve()
      }
      this.on('status', check)
      this.on('revoked', revoked)
    })
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

  /** Tells the agent that this pairing is over, best effort, and closes. */
  revoke(): void {
    this.#link.revoke()
    this.close()
  }

  close(): void {
    for (const terminal of this.#terminals) terminal.detach()
    this.#calls.close()
    this.#link.close()
    this.#socket.close()
  }

  #watch(
    attachment: { terminalId: string; stream: number; offset: number; written: number },
    handlers: TerminalHandlers,
  ) {
    const terminal = new RemoteTerminal(
      this.#calls,
      {
        ...handlers,
        onExit: (exit) => {
          this.#terminals.delete(terminal)
          handlers.onExit(exit)
        },
      },
      attachment,
    )
    this.#terminals.add(terminal)
    return terminal
  }

  #onEvent(event: Event, age: number | null): void {
    if (event.method === 'terminal.exited' && validators['terminal.exited']?.Check(event.params)) {
      const exit = event.params as EventParams<'terminal.exited'>
      for (const terminal of this.#terminals) if (terminal.terminalId === exit.terminalId) terminal.onExited(exit)
    }
    this.emit('event', event, age)
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
