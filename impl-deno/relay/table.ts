// Which route is bound where, who may send to it, and who is told of whom (spec/relay.md, Routed frames, Presence).

import { type RelayToClient, ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import type { Clock } from './context.ts'
import type { RelayLimits } from './limits.ts'
import { OpenCounts } from './open.ts'

/** Places of `from`, `to` and the payload in a routed frame. */
const FROM = 1
const TO = 17
const PAYLOAD = ROUTED_HEADER

/** relay.frame.type: whether a binary frame is one that can be delivered. */
export const isRouted = (frame: ArrayBuffer): boolean =>
  frame.byteLength >= ROUTED_HEADER && new Uint8Array(frame)[0] === ROUTED_TYPE

/** A connection, as the table sees it. */
export interface Holder {
  /** The routes bound on it, by key; kept by the table. */
  readonly routes: Map<string, Route>
  /** What the last frame from here was looked up as; kept by the table. */
  lane: Lane | undefined
  send(message: RelayToClient): void
  /** Hands a frame on as it is; false where too much is unsent already. */
  forward(frame: ArrayBuffer): boolean
  /** `route` is bound elsewhere now; it is no longer among `routes`. */
  superseded(route: string): void
}

export interface Route {
  /** One character for each of its 16 bytes: what maps take. */
  readonly key: string
  /** Base64url: what messages take. */
  readonly text: string
  holder: Holder
  /** Key of the one route that may send to this one; null where it is open. */
  peer: string | null
  /** False for good once it is unbound: a route that is bound again is another object. */
  bound: boolean
}

/** Most frames of a connection go the way of the one before: comparing 32 bytes is cheaper than two look-ups. */
interface Lane {
  readonly header: Uint8Array
  readonly from: Route
  readonly to: Route
}

function isOnLane(frame: Uint8Array, { header }: Lane): boolean {
  for (let i = 0; i < header.length; i++) if (header[i] !== frame[FROM + i]) return false
  return true
}

/** The key of the 16 bytes at `at`. Written out, because it is done twice for each frame. */
export const routeKeyAt = (b: Uint8Array, at: number): string =>
  String.fromCharCode(
    b[at] as number,
    b[at + 1] as number,
    b[at + 2] as number,
    b[at + 3] as number,
    b[at + 4] as number,
    b[at + 5] as number,
    b[at + 6] as number,
    b[at + 7] as number,
    b[at + 8] as number,
    b[at + 9] as number,
    b[at + 10] as number,
    b[at + 11] as number,
    b[at + 12] as number,
    b[at + 13] as number,
    b[at + 14] as number,
    b[at + 15] as number,
  )

export const routeText = (route: Uint8Array): string => route.toBase64({ alphabet: 'base64url', omitPadding: true })

const presence = (route: Route, peer: Route, status: 'online' | 'offline'): RelayToClient => ({
  type: 'presence',
  route: route.text,
  peer: peer.text,
  status,
  timestamp: Date.now(),
})

export class RouteTable {
  readonly #routes = new Map<string, Route>()
  readonly #open: OpenCounts
  readonly #limits: RelayLimits
  readonly #clock: Clock

  constructor(limits: RelayLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#open = new OpenCounts(limits)
  }

  get size(): number {
    return this.#routes.size
  }

  /** Binds a proven route of 16 bytes; false where the connection has as many as it may (relay.bind.routes). */
  bind(holder: Holder, id: Uint8Array, peer: Uint8Array | null): boolean {
    const key = routeKeyAt(id, 0)
    const known = this.#routes.get(key)
    if (known?.holder !== holder && holder.routes.size >= this.#limits.relayRoutes) return false

    const partner = known && this.#partnerOf(known)
    const before = known?.holder
    const route = known ?? { key, text: routeText(id), holder, peer: null, bound: true }
    route.holder = holder
    // relay.bind.again
    route.peer = peer && routeKeyAt(peer, 0)
    this.#routes.set(key, route)
    holder.routes.set(key, route)
    if (route.peer === null) this.#open.opened(key)
    else this.#open.closed(key)

    // relay.bind.supersede
    if (before && before !== holder) {
      before.routes.delete(key)
      before.superseded(route.text)
    }
    // relay.bind.bound
    holder.send({ type: 'bound', route: route.text })
    this.#tell(route, partner)
    return true
  }

  /** Tells of what a bind of `route` has changed; `before` was its partner until then. */
  #tell(route: Route, before: Route | undefined): void {
    const partner = this.#partnerOf(route)
    // relay.presence.offline
    if (before && before !== partner) before.holder.send(presence(before, route, 'offline'))
    if (!partner) return
    // relay.presence.rebind, relay.presence.online
    route.holder.send(presence(route, partner, 'online'))
    if (before !== partner) partner.holder.send(presence(partner, route, 'online'))
  }

  /** relay.unbind, relay.unbind.unknown */
  unbind(holder: Holder, key: string): void {
    const route = holder.routes.get(key)
    if (!route) return
    const partner = this.#partnerOf(route)
    holder.routes.delete(key)
    this.#routes.delete(key)
    route.bound = false
    if (route.peer === null) this.#open.lost(key, this.#clock.now)
    // relay.presence.offline
    partner?.holder.send(presence(partner, route, 'offline'))
  }

  /** Gives up all routes of a connection that is lost. */
  leave(holder: Holder): void {
    for (const key of [...holder.routes.keys()]) this.unbind(holder, key)
  }

  /** Forwards a routed frame, or says that it is not delivered. */
  deliver(sender: Holder, frame: ArrayBuffer): boolean {
    const bytes = new Uint8Array(frame)
    const lane = this.#laneOf(sender, bytes)
    if (!lane) return false
    const { from, to } = lane
    if (to.peer === null) {
      // relay.open.exceeded, relay.open.size
      if (!this.#open.takes(to.key, bytes.length) || !to.holder.forward(frame)) return false
      this.#open.forwarded(to.key)
      return true
    }
    // relay.frame.permission
    return to.peer === from.key && to.holder.forward(frame)
  }

  #laneOf(sender: Holder, frame: Uint8Array): Lane | undefined {
    const { lane } = sender
    if (lane && isOnLane(frame, lane) && lane.from.holder === sender && lane.from.bound && lane.to.bound) return lane
    // relay.frame.from
    const from = sender.routes.get(routeKeyAt(frame, FROM))
    // relay.frame.offline
    const to = from && this.#routes.get(routeKeyAt(frame, TO))
    if (!to) return undefined
    sender.lane = { header: frame.slice(FROM, PAYLOAD), from, to }
    return sender.lane
  }

  sweep(): void {
    this.#open.sweep(this.#clock.now)
  }

  /** The route with which `route` is mutual; an open one is so with none. */
  #partnerOf(route: Route): Route | undefined {
    if (route.peer === null || route.peer === route.key) return undefined
    const other = this.#routes.get(route.peer)
    return other?.peer === route.key ? other : undefined
  }
}
