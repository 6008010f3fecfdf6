// A relay for tests of pairing, in memory and in steps: many routes, open ones too, faults in between.

import type { RouteKey } from '../crypto/route.ts'
import { parseRelayUrl } from '../session/relay-url.ts'
import type { RouteHandle, RouteHandlers } from './socket.ts'

export interface Passing {
  readonly from: string
  readonly to: string
  readonly payload: Uint8Array
}

interface Entry {
  readonly key: RouteKey
  readonly handlers: RouteHandlers
  peer: string | null
  bound: boolean
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

/** Frames wait until `run`; `fault` says how often each of them arrives. */
export class Hub {
  readonly #routes = new Map<string, Entry>()
  #queue: (() => void)[] = []
  /** Every frame that was sent, in order. */
  readonly log: Passing[] = []
  fault: (frame: Passing) => number = () => 1

  readonly socket = {
    relay: parseRelayUrl('ws://localhost:8787'),
    attach: (key: RouteKey, peer: Uint8Array | null, handlers: RouteHandlers): RouteHandle => {
      const id = hex(key.routeId)
      const entry: Entry = { key, handlers, peer: peer && hex(peer), bound: false }
      this.#routes.set(id, entry)
      this.#bind(entry)
      return {
        routeId: key.routeId,
        bindTo: (next) => {
          this.#queue.push(() => {
            entry.peer = next && hex(next)
          })
          this.#bind(entry)
        },
        send: (to, payload) => entry.bound && this.#send({ from: id, to: hex(to), payload: new Uint8Array(payload) }),
        release: () => {
          if (this.#routes.get(id) !== entry) return
          entry.bound = false
          this.#routes.delete(id)
          this.#tell(entry, false)
        },
      }
    },
  }

  /** Whether a route is bound, by its id. */
  has(routeId: Uint8Array): boolean {
    return this.#routes.has(hex(routeId))
  }

  /** Delivers a frame as if it came from `from`, at once and whatever the route is bound to. */
  inject(from: Uint8Array, to: Uint8Array, payload: Uint8Array): void {
    this.#routes.get(hex(to))?.handlers.onFrame(from, payload)
  }

  /** The connection of a route is lost. */
  cut(routeId: Uint8Array): void {
    const entry = this.#entry(routeId)
    entry.bound = false
    entry.handlers.onDown()
    this.#tell(entry, false)
  }

  reconnect(routeId: Uint8Array): void {
    this.#bind(this.#entry(routeId))
  }

  /** Delivers what waits, and what that brings about. */
  run(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next()
  }

  #entry(routeId: Uint8Array): Entry {
    const entry = this.#routes.get(hex(routeId))
    if (!entry) throw new Error('no such route')
    return entry
  }

  #bind(entry: Entry): void {
    this.#queue.push(() => {
      if (this.#routes.get(hex(entry.key.routeId)) !== entry) return
      const was = entry.bound
      entry.bound = true
      if (!was) entry.handlers.onBound()
      const peer = this.#mutual(entry)
      if (!peer) return
      entry.handlers.onPresence(true)
      peer.handlers.onPresence(true)
    })
  }

  #mutual(entry: Entry): Entry | null {
    const peer = entry.peer === null ? undefined : this.#routes.get(entry.peer)
    return peer?.bound && peer.peer === hex(entry.key.routeId) ? peer : null
  }

  #tell(entry: Entry, online: boolean): void {
    this.#queue.push(() => this.#mutual(entry)?.handlers.onPresence(online))
  }

  #send(frame: Passing): boolean {
    this.log.push(frame)
    const { from, to, payload } = frame
    for (let copies = this.fault(frame); copies > 0; copies--) {
      this.#queue.push(() => {
        const target = this.#routes.get(to)
        if (target?.bound && (target.peer === null || target.peer === from)) {
          target.handlers.onFrame(bytes(from), payload)
        } else this.#routes.get(from)?.handlers.onDeliveryFailed()
      })
    }
    return true
  }
}
