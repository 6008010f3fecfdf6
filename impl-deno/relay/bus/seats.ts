// The routes of a node: claimed, given up, and announced again (spec/cluster.md, Binding a route).

import { type Route, routeKeyAt } from '../table.ts'
import type { BusStats } from './bus.ts'
import { Ear } from './ear.ts'
import type { NodeParts } from './parts.ts'
import { type EarlyFrame, isNewer, Pending, Seat } from './seat.ts'
import type { Servers } from './servers.ts'
import { lateToken, newToken, type Terms } from './token.ts'

/** Routes that are announced at once. */
const BATCH = 100
/** The part of the time for an answer for which a token is wanted: its answer takes a moment. */
const WANTED = 0.8

export class Seats {
  readonly #node: NodeParts
  readonly #ear: Ear
  readonly #seats = new Map<string, Seat>()
  #takenOver = 0
  #yielded = 0
  /** Since when binds wait, the oldest first. */
  readonly #waiting = new Set<{ readonly awake: number }>()

  constructor(node: NodeParts) {
    this.#node = node
    this.#ear = new Ear(node, (seat, route) => this.yield(seat, route))
  }

  get counts(): Pick<BusStats, 'announced' | 'takenOver' | 'yielded' | 'nacksReceived' | 'malformed'> {
    let announced = 0
    for (const { isSubscribed, token, pending } of this.#seats.values()) {
      if (isSubscribed && token !== undefined && !pending) announced++
    }
    return { ...this.#ear.counts, announced, takenOver: this.#takenOver, yielded: this.#yielded }
  }

  /** The bind of a route that waits for Redis. */
  pending(key: string): Pending | undefined {
    return this.#seats.get(key)?.pending
  }

  /** For how long the oldest bind has waited. */
  get waited(): number {
    const [oldest] = this.#waiting
    return oldest ? this.#node.link.awake - oldest.awake : 0
  }

  /** There is no Redis any more: binds that wait for an answer have failed. */
  lose(reason: string): void {
    for (const seat of this.#seats.values()) {
      seat.isSubscribed = false
      seat.pending?.lose(reason)
    }
  }

  /** Ends when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all([...this.#seats.values()].map((seat) => seat.inOrder(async () => {})))
  }

  get #terms(): Terms {
    const { clusterLease: life, clusterAnswer } = this.#node.limits
    return { life, wanted: WANTED * clusterAnswer }
  }

  #seat(key: string): Seat {
    let seat = this.#seats.get(key)
    if (!seat) {
      seat = new Seat(key)
      this.#seats.set(key, seat)
    }
    return seat
  }

  admit(id: Uint8Array, peer: Uint8Array | null, bind: () => boolean): Promise<void> | undefined {
    const seat = this.#seat(routeKeyAt(id, 0))
    // cluster.redis.local
    if (!this.#node.link.servers && !seat.isBusy) {
      this.#bindAlone(seat, bind)
      return undefined
    }
    const since = { awake: this.#node.link.awake }
    this.#waiting.add(since)
    const bound = seat.inOrder(() => this.#bind(seat, peer && routeKeyAt(peer, 0), bind))
    return bound.finally(() => this.#waiting.delete(since))
  }

  async #bind(seat: Seat, peer: string | null, bind: () => boolean): Promise<void> {
    const { servers } = this.#node.link
    if (!servers) return this.#bindAlone(seat, bind)
    const pending = new Pending(peer, this.#node.limits.relayBuffer)
    seat.pending = pending
    try {
      await this.#claim(servers, seat, pending)
    } catch (error) {
      this.#node.link.lose(servers, (error as Error).message)
      seat.pending = undefined
      this.#bindAlone(seat, bind)
      if (pending.isAnnounced && peer !== null && this.#node.table.get(seat.key)?.peer !== peer) {
        this.#node.voice.end(seat.key, peer)
      }
      for (const early of pending.frames) this.#deliverEarly(early)
      return
    }
    seat.pending = undefined
    this.#settle(seat, pending, bind)
  }

  /** What has to be done before `bound`: cluster.bind.subscribed, .token, .presence, .claim. */
  async #claim(servers: Servers, seat: Seat, pending: Pending): Promise<void> {
    await this.#subscribe(servers, seat)
    const { peer } = pending
    pending.isAnnounced = peer !== null
    const announced = peer === null || this.#node.voice.announce(servers, seat.key, peer)
    const [token] = await Promise.all([newToken(servers, seat.key, this.#terms), announced])
    pending.token = token
    const claim = this.#node.voice.claim(servers, seat.key, token)
    // The claim comes back between the frames that another node took as its own and those that are for this one.
    const [count] = await Promise.all([claim, pending.echo])
    if (count > 1) {
      this.#takenOver++
      pending.frames.splice(0, pending.beforeClaim)
    }
  }

  #bindAlone(seat: Seat, bind: () => boolean): void {
    const before = this.#node.table.get(seat.key)?.peer ?? null
    if (!bind()) {
      this.#unseat(seat)
      return
    }
    if (before !== null && this.#node.table.get(seat.key)?.peer !== before) this.#node.voice.end(seat.key, before)
    seat.token = undefined
    seat.boundAt = performance.now()
    seat.isYielded = false
  }

  /** Binds what has been claimed, and does what came in the meantime. */
  #settle(seat: Seat, pending: Pending, bind: () => boolean): void {
    const { peer, elsewhere, newest, oldest } = pending
    const token = pending.token as number
    const own = { token, node: this.#node.id }
    const before = this.#node.table.get(seat.key)?.peer ?? null
    const isBound = bind()
    const route = this.#node.table.get(seat.key)
    if (route) seat.token = token
    if (!isBound && peer !== null && route?.peer !== peer) this.#node.voice.end(seat.key, peer)
    if (isBound && route) {
      seat.boundAt = performance.now()
      seat.isYielded = false
      // cluster.presence.end
      if (before !== null && before !== peer) this.#node.voice.end(seat.key, before)
      if (elsewhere !== undefined) this.#node.table.hearOnline(route, elsewhere)
    }
    // cluster.presence.answer
    if (pending.wantsAnswer && peer !== null && route?.peer === peer) this.#node.voice.answer(seat.key, peer)
    for (const early of pending.frames) this.#deliverEarly(early)
    if (!route) this.#unseat(seat)
    else if (newest && isNewer(newest, own)) this.yield(seat, route)
    else if (oldest && isNewer(own, oldest)) this.#node.voice.claimAgain(seat.key, token)
  }

  #deliverEarly({ frame, sender }: EarlyFrame): void {
    if (this.#node.table.deliverFromElsewhere(frame)) {
      this.#node.courier.counts.received++
    } else {
      this.#node.courier.undelivered(sender, frame)
    }
  }

  yield(seat: Seat, route: Route): void {
    seat.isYielded = true
    this.#yielded++
    this.#node.table.yield(route)
  }

  left(route: Route): void {
    const seat = this.#seat(route.key)
    const { pending } = seat
    // cluster.presence.end; where the route is about to be bound with this peer again, nobody has to know.
    if (route.peer !== null && !(pending?.isAnnounced && pending.peer === route.peer)) {
      this.#node.voice.end(route.key, route.peer)
    }
    this.#unseat(seat)
  }

  /** cluster.unbind.unsubscribed */
  #unseat(seat: Seat): void {
    void seat.inOrder(async () => {
      const { servers } = this.#node.link
      if (this.#node.table.get(seat.key)) return
      if (servers && seat.isSubscribed) {
        seat.isSubscribed = false
        try {
          await servers.at(seat.channel).messages.unsubscribe(seat.channel)
        } catch (error) {
          this.#node.link.lose(servers, (error as Error).message)
        }
      }
      if (seat.isLast && !this.#node.table.get(seat.key)) this.#seats.delete(seat.key)
    })
  }

  async #subscribe(servers: Servers, seat: Seat): Promise<void> {
    if (seat.isSubscribed) return
    await servers.at(seat.channel).messages.subscribe(seat.channel, (message) => this.#ear.hear(seat, message))
    seat.isSubscribed = this.#node.link.servers === servers
  }

  async announceAll(servers: Servers): Promise<void> {
    const keys = [...this.#node.table.routes()].map(({ key }) => key)
    for (let at = 0; at < keys.length && this.#node.link.servers === servers; at += BATCH) {
      const seats = keys.slice(at, at + BATCH).map((key) => this.#seat(key))
      await Promise.all(seats.map((seat) => seat.inOrder(() => this.#announce(servers, seat))))
    }
  }

  async #announce(servers: Servers, seat: Seat): Promise<void> {
    const route = this.#node.table.get(seat.key)
    if (!route || this.#node.link.servers !== servers) return
    const { key } = seat
    try {
      await this.#subscribe(servers, seat)
      if (seat.token === undefined) {
        const now = performance.now()
        const token = await lateToken(servers, key, this.#terms, now - seat.boundAt)
        if (!route.bound) return
        // cluster.redis.late
        if (token === undefined) return this.yield(seat, route)
        seat.token = token
      }
      if (!route.bound) return
      if (route.peer !== null) await this.#node.voice.announce(servers, key, route.peer)
      if (route.bound) await this.#node.voice.claim(servers, key, seat.token)
    } catch (error) {
      this.#node.link.lose(servers, (error as Error).message)
    }
  }
}
