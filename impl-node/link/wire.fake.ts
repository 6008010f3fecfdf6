// A relay for tests, in memory and in steps: two links at its ends, faults in between.

import { mock } from 'node:test'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { StreamChunk } from '@happy-remote/schemas/session.ts'
import { generateIdentity, type Identity } from '../crypto/identity.ts'
import { generateRouteKey, type RouteKey } from '../crypto/route.ts'
import type { Clocks } from '../session/freshness.ts'
import { answerM1, completeRun, openM1 } from '../session/initiator.ts'
import type { Ratchet } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { acceptM2, createBundle } from '../session/responder.ts'
import type { Receipt } from './incoming.ts'
import { Link } from './link.ts'
import type { PeerState } from './peer-presence.ts'
import type { RouteHandle, RouteHandlers } from './socket.ts'

export type Side = 'agent' | 'controller'
export interface Passing {
  readonly from: Side
  readonly payload: Uint8Array
}

interface End {
  readonly key: RouteKey
  readonly peer: Uint8Array | null
  readonly handlers: RouteHandlers
}

const other = (side: Side): Side => (side === 'agent' ? 'controller' : 'agent')

/** Frames wait until `run`; `fault` says how often each of them arrives. */
export class Wire {
  readonly #ends = new Map<Side, End>()
  readonly #connected = new Set<Side>(['agent', 'controller'])
  #queue: (() => void)[] = []
  /** Every frame that was sent, in order. */
  readonly log: Passing[] = []
  fault: (frame: Passing) => number = () => 1

  socket(side: Side) {
    return {
      attach: (key: RouteKey, peer: Uint8Array | null, handlers: RouteHandlers): RouteHandle => {
        this.#ends.set(side, { key, peer, handlers })
        if (this.#connected.has(side)) this.#bind(side)
        return {
          routeId: key.routeId,
          bindTo: () => {},
          send: (_, payload) => this.#send(side, new Uint8Array(payload)),
          release: () => this.#leave(side),
        }
      },
    }
  }

  connect(side: Side): void {
    this.#connected.add(side)
    this.#bind(side)
  }

  disconnect(side: Side): void {
    this.#connected.delete(side)
    this.#ends.get(side)?.handlers.onDown()
    this.#tell(other(side), false)
  }

  /** Delivers a frame as the relay would, out of turn. */
  inject(to: Side, payload: Uint8Array): void {
    const from = this.#ends.get(other(to))?.key.routeId ?? new Uint8Array(16)
    this.#ends.get(to)?.handlers.onFrame(from, payload)
  }

  /** The relay's hint that nothing arrives, true or not. */
  deliveryFailed(to: Side): void {
    this.#ends.get(to)?.handlers.onDeliveryFailed()
  }

  /** Delivers what waits, and what that brings about. */
  run(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next()
  }

  #bind(side: Side): void {
    this.#queue.push(() => {
      if (!this.#connected.has(side)) return
      this.#ends.get(side)?.handlers.onBound()
      if (!this.#isThere(other(side))) return
      this.#tell(side, true)
      this.#tell(other(side), true)
    })
  }

  #leave(side: Side): void {
    this.#ends.delete(side)
    this.#tell(other(side), false)
  }

  #isThere(side: Side): boolean {
    return this.#ends.has(side) && this.#connected.has(side)
  }

  #tell(side: Side, online: boolean): void {
    const end = this.#ends.get(side)
    this.#queue.push(() => {
      if (end && this.#ends.get(side) === end && this.#connected.has(side)) end.handlers.onPresence(online)
    })
  }

  #send(from: Side, payload: Uint8Array): boolean {
    if (!this.#connected.has(from)) return false
    const frame = { from, payload }
    this.log.push(frame)
    for (let copies = this.fault(frame); copies > 0; copies--) {
      this.#queue.push(() => {
        if (this.#isThere(other(from))) this.inject(other(from), payload)
        else if (this.#isThere(from)) this.deliveryFailed(from)
      })
    }
    return true
  }
}

/** Clocks and timers that move together, and apart where a test says so. */
export class FakeTime implements Clocks {
  #monotonic = 1_000
  #wall = 1_800_000_000_000
  monotonic = () => this.#monotonic
  wall = () => this.#wall

  /** The machine sleeps: the wall clock goes on, nothing else does. */
  sleep(ms: number): void {
    this.#wall += ms
  }

  /** Advances in steps of `step` ms, delivering what is due after each. */
  advance(ms: number, wire: Wire, step = 100): void {
    for (let gone = 0; gone < ms; gone += step) {
      this.#monotonic += step
      this.#wall += step
      mock.timers.tick(step)
      wire.run()
    }
  }
}

export interface Seen {
  readonly messages: { message: Message; receipt: Receipt }[]
  readonly chunks: StreamChunk[]
  readonly records: PairingRecord[]
  readonly peer: PeerState[]
  ready: number
  sessions: number
  revoked: number
}

/** Two paired devices; `start` begins or restarts the link of one. */
export class Pair {
  readonly wire = new Wire()
  readonly time = new FakeTime()
  readonly seen: Record<Side, Seen> = { agent: nothing(), controller: nothing() }
  readonly links: Partial<Record<Side, Link>> = {}
  readonly records: Record<Side, PairingRecord>
  /** Whose records cannot be stored. */
  failing: Side | null = null
  readonly #identities = { agent: generateIdentity(), controller: generateIdentity() }
  readonly #ratchets: Record<Side, Ratchet>

  constructor({ suite = 2 as 1 | 2 } = {}) {
    const { agent, controller } = this.#identities
    const routes = { agent: generateRouteKey(), controller: generateRouteKey() }
    const run = { mode: 'pairing' as const, secret: new Uint8Array(16), context: new Uint8Array(8) }
    const bundle = createBundle(run, suite, controller, routes.controller.routeId)
    const offered = suite === 1 ? 1 : 3
    // With suite 1 the agent offers no other, so that the run is allowed; both have suite 2 in a rekey.
    const answered = answerM1(openM1(run, bundle.frame), { identity: agent, from: routes.controller.routeId, offered })
    const accepted = acceptM2(bundle, answered.frame, controller, { deviceId: agent.deviceId })
    const completed = completeRun(answered, accepted.frame)
    this.#ratchets = { agent: completed.ratchet, controller: accepted.ratchet }
    const record = (role: Side): PairingRecord => ({
      pairingId: accepted.keys.sessionId,
      role,
      state: role === 'agent' ? 'stored' : 'unconfirmed',
      pairingKey: accepted.keys.pairingKey,
      suite,
      peer: role === 'agent' ? completed.peer : accepted.peer,
      peerName: '',
      routeSeed: routes[role].seed,
      peerRoute: routes[other(role)].routeId,
      relay: 'ws://localhost:1',
      capabilities: role === 'agent' ? ['observe', 'prompt'] : [],
      createdAt: this.time.wall(),
    })
    this.records = { agent: record('agent'), controller: record('controller') }
  }

  /** What the pairing run left at one side. */
  parts(side: Side): { identity: Identity; ratchet: Ratchet } {
    return { identity: this.#identities[side], ratchet: this.#ratchets[side] }
  }

  /** With the pairing run's ratchet the first time, without any after a restart. */
  start(side: Side, options: { fresh?: boolean } = {}): Link {
    const seen = this.seen[side]
    const link = new Link({
      identity: this.#identities[side],
      record: this.records[side],
      socket: this.wire.socket(side),
      name: side === 'agent' ? 'desk' : 'phone',
      clocks: this.time,
      ...(options.fresh ? {} : { ratchet: this.#ratchets[side] }),
      handlers: {
        onMessage: (message, receipt) => seen.messages.push({ message, receipt }),
        onChunk: (chunk) => seen.chunks.push({ ...chunk, bytes: new Uint8Array(chunk.bytes) }),
        onReady: () => seen.ready++,
        onSessionEnd: () => seen.sessions++,
        onPeer: (state) => seen.peer.push(state),
        onRecord: (record) => {
          if (this.failing === side) throw new Error('disk full')
          this.records[side] = record
          seen.records.push(record)
        },
        onRevoked: () => seen.revoked++,
        onBlocked: () => {},
      },
    })
    this.links[side] = link
    return link
  }

  /** Both ends, through `pair.complete`, ready for messages. */
  connect(): { agent: Link; controller: Link } {
    const links = { agent: this.start('agent'), controller: this.start('controller') }
    this.wire.run()
    return links
  }

  /** The process dies and another begins. */
  restart(side: Side): Link {
    this.links[side]?.close()
    return this.start(side, { fresh: true })
  }

  stop(): void {
    for (const link of Object.values(this.links)) link.close()
  }
}

const nothing = (): Seen => ({ messages: [], chunks: [], records: [], peer: [], ready: 0, sessions: 0, revoked: 0 })
