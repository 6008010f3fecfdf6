// Who holds which route, and who may be told about whom. The one table of a relay, in memory.

import { CLOSE_GOING_AWAY } from '@happy-remote/schemas/constants.ts'
import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import { Bucket } from './bucket.ts'
import { aloneBus, type Bus, type Table } from './bus/bus.ts'
import type { Way } from './bus/redis-bus.ts'
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
  /** A frame that was taken turned out not to be delivered. */
  undelivered(from: RouteId, to: RouteId): void
  end(closeCode: number): void
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
  /** Whether its bind has been answered, and its peer shown as online. */
  isBound = false
  isPeerShown = false
  // Of a cluster: on which other node the peer is, how often that was said, whether that node is dead, whether
  // a frame to the peer was lost since, and the way that frames took.
  peerNode: string | undefined
  peerHeard = 0
  isPeerNodeDead = false
  isPeerDoubtful = false
  way: Way | undefined

  constructor(route: RouteId, peer: RouteId | null, owner: Owner, rate: Rate | undefined) {
    this.route = route
    this.peer = peer
    this.owner = owner
    this.rate = rate
  }
}

export class Routes implements Table {
  readonly #limits: RelayLimits
  readonly #clock: Clock
  readonly #bus: Bus
  readonly #bindings = new Map<RouteId, Binding>()
  readonly #openCounts: OpenCounts

  constructor(limits: RelayLimits, clock: Clock, bus: Bus = aloneBus) {
    this.#limits = limits
    this.#clock = clock
    this.#bus = bus
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

  bindings(): Iterable<Binding> {
    return this.#bindings.values()
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
    this.#bus.join(binding, () => {
      // relay.bind.bound: also where it was bound again meanwhile, but not where it was given up or taken.
      if (owner.bindings.has(route)) owner.notify({ type: 'bound', route: routeText(route) })
      if (before) this.#show(before) // relay.presence.offline
      if (!binding.isLive) return
      binding.isBound = true
      this.#show(binding) // relay.presence.online, relay.presence.rebind
      const after = this.#mutualWith(binding)
      if (after === undefined) return
      after.peerNode = undefined
      this.#show(after)
    })
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
    this.#bus.leave(binding)
    if (before) this.#show(before) // relay.presence.offline
  }

  displace(binding: Binding): void {
    this.unbind(binding.owner, binding.route)
    binding.owner.superseded(binding.route) // cluster.claim.newer
  }

  deliver(to: Binding, from: RouteId, frame: Buffer): boolean {
    if (to.peer === from) return to.owner.deliver(frame)
    const { openFrameSize, openFrames } = this.#limits
    // relay.frame.permission, relay.open.size, relay.open.exceeded
    if (to.peer !== null || frame.length > openFrameSize || to.openCount >= openFrames) return false
    if (!to.owner.deliver(frame)) return false
    to.openCount++ // relay.open.count
    return true
  }

  peerFound(binding: Binding, nodeId: string): void {
    binding.peerNode = nodeId
    binding.peerHeard++
    binding.isPeerNodeDead = false
    // A client that a frame was lost for has taken its peer for gone, and waits to be told.
    if (binding.isPeerDoubtful) binding.isPeerShown = false
    this.#show(binding) // cluster.presence.online
  }

  peerLost(binding: Binding, isNodeDead: boolean): void {
    binding.peerNode = undefined
    binding.isPeerNodeDead = isNodeDead
    this.#show(binding) // cluster.presence.offline, cluster.presence.moved
  }

  closeUnpaired(): void {
    const owners = new Set<Owner>()
    for (const { peer, owner } of this.#bindings.values()) {
      if (peer === null || !this.#bindings.has(peer)) owners.add(owner)
    }
    for (const owner of owners) owner.end(CLOSE_GOING_AWAY)
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
    if (previous) {
      previous.isLive = false
      if (previous.peer === peer) {
        binding.peerNode = previous.peerNode
        binding.peerHeard = previous.peerHeard
        binding.isPeerNodeDead = previous.isPeerNodeDead
      }
    }
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

  /** Tells the client of `binding` whether its peer is there, where that is not what it was told last. */
  #show(binding: Binding): void {
    const { isLive, isBound, peer, peerNode, isPeerShown } = binding
    if (!isLive || !isBound || peer === null) return
    const isOnline = peerNode !== undefined || this.#mutualWith(binding) !== undefined
    if (isOnline === isPeerShown) return
    binding.isPeerShown = isOnline
    binding.isPeerDoubtful = false
    binding.owner.notify({
      type: 'presence',
      route: routeText(binding.route),
      peer: routeText(peer),
      status: isOnline ? 'online' : 'offline',
      timestamp: this.#clock.wall(),
    })
  }
}
