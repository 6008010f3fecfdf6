// Who holds which route, and who may be told about whom. The one table of a relay, in memory.

import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import { Bucket } from './bucket.ts'
import type { Clock } from './clock.ts'
import { type RouteId, routeText } from './frame.ts'
import type { RelayLimits } from './limits.ts'
import { OpenCounts } from './open-counts.ts'

/** A connection as the table sees it. */
export interface Owner {
  readonly bindings: Map<RouteId, Binding>
  /** Never calls back into the table. */
  notify(message: RelayToClient): void
  /** Takes the very bytes of `frame`, or returns false where they cannot be sent on. */
  deliver(frame: Buffer): boolean
  /** A newer connection has taken `route`; it is no longer in `bindings`. */
  superseded(route: RouteId): void
}

/** What a route may send. */
export class Rate {
  readonly #frames: Bucket
  readonly #bytes: Bucket

  constructor({ framesPerSecond, bytesPerSecond, maxFrame }: RelayLimits, now: number) {
    this.#frames = new Bucket(framesPerSecond, framesPerSecond, now)
    this.#bytes = new Bucket(bytesPerSecond, Math.max(bytesPerSecond, maxFrame), now)
  }

  /** Takes one frame of `size` bytes; false where that is too much (relay.rate). */
  take(size: number, now: () => number): boolean {
    return this.#frames.take(1, now) && this.#bytes.take(size, now)
  }
}

/** One bind of a route. A new bind makes a new one, so `isLive` is all that a cache has to look at. */
export class Binding {
  readonly route: RouteId
  /** The one route that may send to this one, or null: any may, a little. */
  readonly peer: RouteId | null
  readonly owner: Owner
  isLive = true
  /** Frames taken while open. */
  openCount = 0
  /** Made with the first frame. */
  rate: Rate | undefined

  constructor(route: RouteId, peer: RouteId | null, owner: Owner, rate: Rate | undefined) {
    this.route = route
    this.peer = peer
    this.owner = owner
    this.rate = rate
  }
}

export class Routes {
  readonly #limits: RelayLimits
  readonly #clock: Clock
  readonly #bindings = new Map<RouteId, Binding>()
  readonly #openCounts: OpenCounts

  constructor(limits: RelayLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    this.#openCounts = new OpenCounts(limits.openMemory, limits.openRemembered)
  }

  get size(): number {
    return this.#bindings.size
  }

  get remembered(): number {
    return this.#openCounts.size
  }

  get(route: RouteId): Binding | undefined {
    return this.#bindings.get(route)
  }

  /** Gives `route` to `owner`, who has proven it, and tells everyone concerned. */
  bind(owner: Owner, route: RouteId, peer: RouteId | null): void {
    const previous = this.#bindings.get(route)
    const before = previous && this.#mutualWith(previous)
    const binding = this.#replace(previous, owner, route, peer)

    if (previous && previous.owner !== owner) {
      // relay.bind.supersede
      previous.owner.bindings.delete(route)
      previous.owner.superseded(route)
    }
    owner.notify({ type: 'bound', route: routeText(route) }) // relay.bind.bound
    const after = this.#mutualWith(binding)
    if (before && before !== after) this.#tell(before, route, 'offline') // relay.presence.offline
    if (after) {
      this.#tell(binding, after.route, 'online') // relay.presence.online, relay.presence.rebind
      if (after !== before) this.#tell(after, route, 'online')
    }
  }

  /** relay.unbind, relay.unbind.unknown: gives up `route` if `owner` holds it. */
  unbind(owner: Owner, route: RouteId): void {
    const binding = owner.bindings.get(route)
    if (binding === undefined) return
    const before = this.#mutualWith(binding)
    binding.isLive = false
    this.#bindings.delete(route)
    owner.bindings.delete(route)
    if (binding.peer === null) this.#openCounts.remember(route, binding.openCount, this.#clock.monotonic())
    if (before) this.#tell(before, route, 'offline') // relay.presence.offline
  }

  /** Gives up all routes of a connection that ends. */
  release(owner: Owner): void {
    for (const route of [...owner.bindings.keys()]) this.unbind(owner, route)
  }

  /** The rate of `binding`, which has none before its first frame. */
  rateOf(binding: Binding): Rate {
    binding.rate ??= new Rate(this.#limits, this.#clock.monotonic())
    return binding.rate
  }

  sweep(now: number): void {
    this.#openCounts.sweep(now)
  }

  /** relay.bind.again: a new binding in the place of the previous one, whoever held it. */
  #replace(previous: Binding | undefined, owner: Owner, route: RouteId, peer: RouteId | null): Binding {
    // A rate outlives its bind, or binding again would be a way around it.
    const binding = new Binding(route, peer, owner, previous?.rate)
    const counted =
      previous?.peer === null ? previous.openCount : this.#openCounts.recall(route, this.#clock.monotonic())
    if (peer === null) binding.openCount = counted // relay.open.count, relay.open.memory
    if (previous) previous.isLive = false
    this.#bindings.set(route, binding)
    owner.bindings.set(route, binding)
    return binding
  }

  /** relay.presence.mutual, relay.presence.silent: the binding of the peer, if each names the other. */
  #mutualWith(binding: Binding): Binding | undefined {
    if (binding.peer === null || binding.peer === binding.route) return undefined
    const other = this.#bindings.get(binding.peer)
    return other?.peer === binding.route ? other : undefined
  }

  #tell(binding: Binding, peer: RouteId, status: 'online' | 'offline'): void {
    binding.owner.notify({
      type: 'presence',
      route: routeText(binding.route),
      peer: routeText(peer),
      status,
      timestamp: this.#clock.wall(),
    })
  }
}
