// Which route is bound where, who may send to it, and who is told of whom (spec/relay.md, Routed frames, Presence).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type RelayToClient, ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import type { Bus } from './bus/bus.ts'
import { alone } from './bus/memory.ts'
import type { Clock } from './context.ts'
import type { RelayLimits } from './limits.ts'
import { OpenCounts } from './open.ts'
import { Rates } from './rates.ts'

/** Places of `from`, `to` and the payload in a routed frame. */
const FROM = 1
const TO = 17
const PAYLOAD = ROUTED_HEADER

/** relay.frame.type: whether a binary frame is one that can be delivered. */
export const isRouted = (frame: Uint8Array): boolean => frame.length >= ROUTED_HEADER && frame[0] === ROUTED_TYPE

/** A connection, as the table sees it. */
export interface Holder {
  /** The routes bound on it, by key; kept by the table. */
  readonly routes: Map<string, Route>
  /** What the last frame from here was looked up as; kept by the table. */
  lane: Lane | undefined
  /** Of what it sends that is of none of its routes. */
  readonly rates: Rates
  send(message: RelayToClient): void
  /** Hands a frame on as it is; false where too much is unsent already. */
  forward(frame: Uint8Array<ArrayBuffer>): boolean
  /** `route` is bound elsewhere now; it is no longer among `routes`. */
  superseded(route: string): void
  /** Says that a frame from here, of which at least the header is given, is not delivered after all. */
  notDelivered(frame: Uint8Array): void
  /** Closes as a relay does that goes away. */
  depart(): void
}

export interface Route {
  /** One character for each of its 16 bytes: what maps take. */
  readonly key: string
  /** Base64url: what messages take. */
  readonly text: string
  holder: Holder
  /** Of the frames from here; made with the first. */
  rates: Rates | undefined
  /** Key of the one route that may send to this one; null where it is open. */
  peer: string | null
  /** False for good once it is unbound: a route that is bound again is another object. */
  bound: boolean
  /** What this binding was told last: `doubt` is `online`, and since then of a frame that was not delivered. */
  told: 'online' | 'doubt' | undefined
  /** The node beside this one that told last of the peer; never set where a relay is alone. */
  elsewhere: string | undefined
  /** Whether the node of the peer has lost its lease since it was heard of last (cluster.lease.frames). */
  isPeerLost: boolean
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

/** The text of a key. */
const textOf = (key: string): string => routeText(Uint8Array.from(key, (character) => character.charCodeAt(0)))

const presence = (route: Route, status: 'online' | 'offline'): RelayToClient => ({
  type: 'presence',
  route: route.text,
  peer: textOf(route.peer as string),
  status,
  timestamp: Date.now(),
})

const newRoute = (key: string, text: string, holder: Holder): Route => ({
  key,
  text,
  holder,
  rates: undefined,
  peer: null,
  bound: true,
  told: undefined,
  elsewhere: undefined,
  isPeerLost: false,
})

export class RouteTable {
  readonly #routes = new Map<string, Route>()
  readonly #open: OpenCounts
  readonly #limits: RelayLimits
  readonly #clock: Clock
  #bus: Bus = alone

  constructor(limits: RelayLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#open = new OpenCounts(limits)
  }

  /** What is not bound here may be bound beyond `bus`, which is told what happens here. */
  join(bus: Bus): void {
    this.#bus = bus
  }

  get size(): number {
    return this.#routes.size
  }

  get(key: string): Route | undefined {
    return this.#routes.get(key)
  }

  routes(): IterableIterator<Route> {
    return this.#routes.values()
  }

  /** Whether the connection may have a further route (relay.bind.routes). */
  takes(holder: Holder, key: string): boolean {
    return this.#routes.get(key)?.holder === holder || holder.routes.size < this.#limits.relayRoutes
  }

  /** Binds a proven route of 16 bytes; false where the connection has as many as it may. */
  bind(holder: Holder, id: Uint8Array, peer: Uint8Array | null): boolean {
    const key = routeKeyAt(id, 0)
    if (!this.takes(holder, key)) return false

    const known = this.#routes.get(key)
    const partner = known && this.#partnerOf(known)
    const before = known?.holder
    const route = known ?? newRoute(key, routeText(id), holder)
    const peerKey = peer && routeKeyAt(peer, 0)
    if (route.peer !== peerKey) {
      route.elsewhere = undefined
      route.isPeerLost = false
    }
    route.holder = holder
    // relay.bind.again
    route.peer = peerKey
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
    this.#tellOf(route, partner)
    return true
  }

  /** Tells of what a bind of `route` has changed; `before` was its partner until then. */
  #tellOf(route: Route, before: Route | undefined): void {
    const partner = this.#partnerOf(route)
    // relay.presence.offline
    if (before && before !== partner) this.#tell(before)
    // relay.presence.rebind, relay.presence.online
    route.told = undefined
    this.#tell(route)
    if (partner) this.#tell(partner)
  }

  /** Tells the connection of `route` whether its peer is there, where it was told otherwise. */
  #tell(route: Route): void {
    const isOnline = route.elsewhere !== undefined || this.#partnerOf(route) !== undefined
    if (isOnline === (route.told !== undefined)) return
    route.told = isOnline ? 'online' : undefined
    route.holder.send(presence(route, isOnline ? 'online' : 'offline'))
  }

  /** relay.unbind, relay.unbind.unknown */
  unbind(holder: Holder, key: string): void {
    const route = holder.routes.get(key)
    if (route) this.#remove(route)
  }

  /** Gives the route up to another node that has bound it (cluster.claim.newer). */
  yield(route: Route): void {
    this.#remove(route, () => route.holder.superseded(route.text))
  }

  #remove(route: Route, tell = () => {}): void {
    const partner = this.#partnerOf(route)
    route.holder.routes.delete(route.key)
    this.#routes.delete(route.key)
    route.bound = false
    if (route.peer === null) this.#open.lost(route.key, this.#clock.now)
    tell()
    // relay.presence.offline, cluster.presence.moved
    if (partner) this.#tell(partner)
    this.#bus.left(route)
  }

  /** The peer of `route` is bound at `node` (cluster.presence.online). */
  hearOnline(route: Route, node: string): void {
    route.elsewhere = node
    route.isPeerLost = false
    if (route.told === 'doubt') route.told = undefined
    this.#tell(route)
  }

  /** The peer of `route` is bound at no other node, as far as this one knows. */
  forgetElsewhere(route: Route): void {
    route.elsewhere = undefined
    this.#tell(route)
  }

  /** Gives up all routes of a connection that is lost. */
  leave(holder: Holder): void {
    for (const key of [...holder.routes.keys()]) this.unbind(holder, key)
  }

  /** Forwards a routed frame, or says that it is not delivered. Throws ProtocolError where it is one too many. */
  deliver(sender: Holder, frame: Uint8Array<ArrayBuffer>): boolean {
    let { lane } = sender
    if (!lane || !isOnLane(frame, lane) || lane.from.holder !== sender || !lane.from.bound || !lane.to.bound) {
      // relay.frame.from
      const from = sender.routes.get(routeKeyAt(frame, FROM))
      if (!from) {
        this.#count(sender.rates, frame)
        return false
      }
      const key = routeKeyAt(frame, TO)
      const to = this.#routes.get(key)
      // relay.frame.offline
      if (!to) {
        from.rates ??= new Rates()
        this.#count(from.rates, frame)
        return this.#bus.publish(from, key, frame.buffer)
      }
      lane = { header: frame.slice(FROM, PAYLOAD), from, to }
      sender.lane = lane
    }
    const { from, to } = lane
    from.rates ??= new Rates()
    this.#count(from.rates, frame)
    return this.#hand(to, from.key, frame)
  }

  /** relay.rate */
  #count(rates: Rates, frame: Uint8Array): void {
    if (rates.frame(this.#limits, this.#clock, frame.length)) return
    throw new ProtocolError('rate-limited', 'Cannot take a frame: there were too many in one second')
  }

  /** The same for one that another node has sent (cluster.frame.deliver). */
  deliverFromElsewhere(frame: ArrayBuffer): boolean {
    const bytes = new Uint8Array(frame)
    const to = this.#routes.get(routeKeyAt(bytes, TO))
    return to !== undefined && this.#hand(to, routeKeyAt(bytes, FROM), bytes)
  }

  #hand(to: Route, from: string, frame: Uint8Array<ArrayBuffer>): boolean {
    if (to.peer === null) {
      // relay.open.exceeded, relay.open.size
      if (!this.#open.takes(to.key, frame.length) || !to.holder.forward(frame)) return false
      this.#open.forwarded(to.key)
      return true
    }
    // relay.frame.permission
    return to.peer === from && to.holder.forward(frame)
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
