// A relay that is one of several: what the others have to know goes through Redis (spec/cluster.md).

import { ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import { random } from '../../crypto/primitives.ts'
import type { Log } from '../context.ts'
import type { RelayLimits } from '../limits.ts'
import { type Holder, type Route, type RouteTable, routeKeyAt } from '../table.ts'
import type { Bus, BusStats } from './bus.ts'
import { Courier } from './courier.ts'
import { type Envelope, goesTo, readEnvelope } from './envelopes.ts'
import { Lease } from './lease.ts'
import { Link } from './link.ts'
import type { RedisAddress } from './redis-url.ts'
import { type EarlyFrame, isNewer, Pending, Seat } from './seat.ts'
import type { Servers } from './servers.ts'
import { lateToken, newToken } from './token.ts'
import { Voice } from './voice.ts'

/** ms between two looks at the clock. */
const TICK = 250
/** Routes that are announced at once. */
const BATCH = 100
/** The part of the time for an answer for which a token is wanted: its answer takes a moment. */
const WANTED = 0.8
/** ms for which the end of a node waits for Redis. */
const CLOSE_TIME = 2_000

export class RedisBus implements Bus {
  /** cluster.node.id */
  readonly #node = routeKeyAt(random(16), 0)
  readonly #table: RouteTable
  readonly #limits: RelayLimits
  readonly #log: Log
  readonly #link: Link
  readonly #voice: Voice
  readonly #lease: Lease
  readonly #seats = new Map<string, Seat>()
  readonly #courier: Courier
  /** Since when binds wait, the oldest first. */
  readonly #waiting = new Set<{ readonly awake: number }>()
  #isClosed = false
  #ticking: ReturnType<typeof setInterval> | undefined

  constructor(table: RouteTable, address: RedisAddress, limits: RelayLimits, log: Log) {
    this.#table = table
    this.#limits = limits
    this.#log = log
    this.#lease = new Lease(this.#node, limits)
    this.#link = new Link(address, limits, log, {
      // cluster.lease.set: before the first `bound`
      prepare: async (servers) => {
        await this.#lease.renew(servers)
        if (this.#isClosed) await this.#lease.end(servers)
      },
      joined: (servers) => this.#comeBack(servers),
      lost: (reason) => this.#goOn(reason),
    })
    this.#voice = new Voice(this.#link, this.#node, limits.deliveryFailedRate)
    this.#courier = new Courier(this.#link, this.#voice, limits.clusterBuffer)
  }

  async start(): Promise<void> {
    await this.#link.start()
    this.#ticking = setInterval(() => this.#tick(), TICK)
  }

  stats(): BusStats {
    return { isJoined: this.#link.servers !== undefined, lost: this.#link.lost, ...this.#courier.counts }
  }

  /** cluster.redis.back */
  #comeBack(servers: Servers): void {
    this.#voice.makeUp((route, peer) => this.#table.get(route)?.peer === peer)
    void this.#announceAll(servers)
  }

  /** Goes on without Redis; binds and frames that wait for an answer have failed. */
  #goOn(reason: string): void {
    for (const seat of this.#seats.values()) {
      seat.isSubscribed = false
      seat.pending?.lose(reason)
    }
    // cluster.redis.offline
    for (const route of this.#table.routes()) if (route.elsewhere) this.#table.forgetElsewhere(route)
  }

  #tick(): void {
    const now = performance.now()
    this.#voice.sweep(now)
    if (this.#lease.isOverdue(now)) this.#part()
    this.#link.check(now)
    const { servers, awake } = this.#link
    const [oldest] = this.#waiting
    if (servers && oldest && awake - oldest.awake > this.#limits.clusterAnswer) {
      this.#link.lose(servers, 'a bind took too long')
    } else if (servers && this.#lease.isDue(now)) {
      this.#renew(servers).catch((error: Error) => this.#link.lose(servers, error.message))
    }
  }

  async #renew(servers: Servers): Promise<void> {
    const wasThere = await this.#lease.renew(servers)
    // cluster.lease.again
    if (!wasThere) await this.#announceAll(servers)
    await servers.lookAgain()
    await this.#lease.checkOthers(servers, this.#table)
  }

  /** cluster.lease.lost */
  #part(): void {
    const holders = new Set<Holder>()
    for (const { peer, holder } of this.#table.routes()) if (!peer || !this.#table.get(peer)) holders.add(holder)
    if (holders.size > 0)
      this.#log('warn', 'clients are sent away: another relay may have Redis', { clients: holders.size })
    for (const holder of holders) holder.depart()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#ticking)
    const { servers } = this.#link
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIME)
    })
    if (servers) await Promise.race([this.#end(servers).catch(() => {}), late])
    clearTimeout(timer)
    this.#link.close()
  }

  /** cluster.lease.clean */
  async #end(servers: Servers): Promise<void> {
    await Promise.all([...this.#seats.values()].map((seat) => seat.inOrder(async () => {})))
    await servers.settled()
    await this.#lease.end(servers)
  }

  // Routes of this node

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
    if (!this.#link.servers && !seat.isBusy) {
      this.#bindAlone(seat, bind)
      return undefined
    }
    const since = { awake: this.#link.awake }
    this.#waiting.add(since)
    const until = performance.now() + WANTED * this.#limits.clusterAnswer
    const bound = seat.inOrder(() => this.#bind(seat, peer && routeKeyAt(peer, 0), until, bind))
    return bound.finally(() => this.#waiting.delete(since))
  }

  async #bind(seat: Seat, peer: string | null, until: number, bind: () => boolean): Promise<void> {
    const { servers } = this.#link
    if (!servers) return this.#bindAlone(seat, bind)
    const pending = new Pending(peer, this.#limits.relayBuffer)
    seat.pending = pending
    try {
      await this.#claim(servers, seat, pending, until)
    } catch (error) {
      this.#link.lose(servers, (error as Error).message)
      seat.pending = undefined
      this.#bindAlone(seat, bind)
      if (pending.isAnnounced && peer !== null && this.#table.get(seat.key)?.peer !== peer) {
        this.#voice.end(seat.key, peer)
      }
      for (const early of pending.frames) this.#deliverEarly(early)
      return
    }
    seat.pending = undefined
    this.#settle(seat, pending, bind)
  }

  /** What has to be done before `bound`: cluster.bind.subscribed, .token, .presence, .claim. */
  async #claim(servers: Servers, seat: Seat, pending: Pending, until: number): Promise<void> {
    await this.#subscribe(servers, seat)
    const { peer } = pending
    pending.isAnnounced = peer !== null
    const announced = peer === null || this.#voice.announce(servers, seat.key, peer)
    const [token] = await Promise.all([
      newToken(servers, seat.key, { life: this.#limits.clusterLease, until }),
      announced,
    ])
    pending.token = token
    const claim = this.#voice.claim(servers, seat.key, token)
    // The claim comes back between the frames that another node took as its own and those that are for this one.
    const [count] = await Promise.all([claim, pending.echo])
    if (count > 1) pending.frames.splice(0, pending.beforeClaim)
  }

  #bindAlone(seat: Seat, bind: () => boolean): void {
    const before = this.#table.get(seat.key)?.peer ?? null
    if (!bind()) {
      this.#unseat(seat)
      return
    }
    if (before !== null && this.#table.get(seat.key)?.peer !== before) this.#voice.end(seat.key, before)
    seat.token = undefined
    seat.boundAt = performance.now()
    seat.isYielded = false
  }

  /** Binds what has been claimed, and does what came in the meantime. */
  #settle(seat: Seat, pending: Pending, bind: () => boolean): void {
    const { peer, elsewhere, newest, oldest } = pending
    const token = pending.token as number
    const own = { token, node: this.#node }
    const before = this.#table.get(seat.key)?.peer ?? null
    const isBound = bind()
    const route = this.#table.get(seat.key)
    if (route) seat.token = token
    if (!isBound && peer !== null && route?.peer !== peer) this.#voice.end(seat.key, peer)
    if (isBound && route) {
      seat.boundAt = performance.now()
      seat.isYielded = false
      // cluster.presence.end
      if (before !== null && before !== peer) this.#voice.end(seat.key, before)
      if (elsewhere !== undefined) this.#table.hearOnline(route, elsewhere)
    }
    // cluster.presence.answer
    if (pending.wantsAnswer && peer !== null && route?.peer === peer) this.#voice.answer(seat.key, peer)
    for (const early of pending.frames) this.#deliverEarly(early)
    if (!route) this.#unseat(seat)
    else if (newest && isNewer(newest, own)) this.#yield(seat, route)
    else if (oldest && isNewer(own, oldest)) this.#voice.claimAgain(seat.key, token)
  }

  #deliverEarly({ frame, sender }: EarlyFrame): void {
    if (this.#table.deliverFromElsewhere(frame)) {
      this.#courier.counts.received++
    } else {
      this.#courier.undelivered(sender, frame)
    }
  }

  #yield(seat: Seat, route: Route): void {
    seat.isYielded = true
    this.#table.yield(route)
  }

  left(route: Route): void {
    const seat = this.#seat(route.key)
    const { pending } = seat
    // cluster.presence.end; where the route is about to be bound with this peer again, nobody has to know.
    if (route.peer !== null && !(pending?.isAnnounced && pending.peer === route.peer)) {
      this.#voice.end(route.key, route.peer)
    }
    this.#unseat(seat)
  }

  /** cluster.unbind.unsubscribed */
  #unseat(seat: Seat): void {
    void seat.inOrder(async () => {
      const { servers } = this.#link
      if (this.#table.get(seat.key)) return
      if (servers && seat.isSubscribed) {
        seat.isSubscribed = false
        try {
          await servers.at(seat.channel).messages.unsubscribe(seat.channel)
        } catch (error) {
          this.#link.lose(servers, (error as Error).message)
        }
      }
      if (seat.isLast && !this.#table.get(seat.key)) this.#seats.delete(seat.key)
    })
  }

  async #subscribe(servers: Servers, seat: Seat): Promise<void> {
    if (seat.isSubscribed) return
    await servers.at(seat.channel).messages.subscribe(seat.channel, (message) => this.#hear(seat, message))
    seat.isSubscribed = this.#link.servers === servers
  }

  async #announceAll(servers: Servers): Promise<void> {
    const keys = [...this.#table.routes()].map(({ key }) => key)
    for (let at = 0; at < keys.length && this.#link.servers === servers; at += BATCH) {
      const seats = keys.slice(at, at + BATCH).map((key) => this.#seat(key))
      await Promise.all(seats.map((seat) => seat.inOrder(() => this.#announce(servers, seat))))
    }
  }

  async #announce(servers: Servers, seat: Seat): Promise<void> {
    const route = this.#table.get(seat.key)
    if (!route || this.#link.servers !== servers) return
    const { key } = seat
    try {
      await this.#subscribe(servers, seat)
      if (seat.token === undefined) {
        const now = performance.now()
        const terms = { life: this.#limits.clusterLease, until: now + WANTED * this.#limits.clusterAnswer }
        const token = await lateToken(servers, key, terms, now - seat.boundAt)
        if (!route.bound) return
        // cluster.redis.late
        if (token === undefined) return this.#yield(seat, route)
        seat.token = token
      }
      if (!route.bound) return
      if (route.peer !== null) await this.#voice.announce(servers, key, route.peer)
      if (route.bound) await this.#voice.claim(servers, key, seat.token)
    } catch (error) {
      this.#link.lose(servers, (error as Error).message)
    }
  }

  // Envelopes

  #hear(seat: Seat, message: Uint8Array): void {
    if (message[0] === ROUTED_TYPE) {
      this.#hearFrame(seat, message)
      return
    }
    const envelope = readEnvelope(message)
    // cluster.envelope.malformed
    if (!envelope) return
    const place = goesTo(envelope)
    // cluster.envelope.channel
    if (place !== undefined && place !== seat.key) return
    if (envelope.kind === 'claim') this.#hearClaim(seat, envelope)
    else if (envelope.kind === 'presence') this.#hearPresence(seat, envelope)
    // cluster.nack.answer
    else this.#table.get(seat.key)?.holder.notDelivered(message)
  }

  #hearFrame(seat: Seat, message: Uint8Array): void {
    if (message.length < ROUTED_HEADER || routeKeyAt(message, 17) !== seat.key) return
    const isBound = this.#table.get(seat.key) !== undefined
    // The node that has taken the route forwards it.
    if (!isBound && !seat.pending && seat.isYielded) return
    // What Redis gives is a part of something larger, and a Buffer, whose slice() is no copy.
    const frame = new Uint8Array(message).buffer
    if (frame.byteLength <= this.#limits.maxFrame) {
      if (!isBound && seat.pending?.keep({ frame, sender: undefined })) return
      // cluster.frame.deliver
      if (isBound && this.#table.deliverFromElsewhere(frame)) {
        this.#courier.counts.received++
        return
      }
    }
    this.#courier.undelivered(undefined, frame)
  }

  #hearClaim(seat: Seat, { token, node }: Extract<Envelope, { kind: 'claim' }>): void {
    if (node === this.#node) {
      seat.pending?.hearOwnClaim(token)
      return
    }
    const claim = { token, node }
    seat.pending?.hearClaim(claim)
    const route = this.#table.get(seat.key)
    // A route that was bound without Redis gets its token first, which decides.
    if (!route || seat.token === undefined) return
    // cluster.claim.newer
    if (isNewer(claim, { token: seat.token, node: this.#node })) this.#yield(seat, route)
    else if (!seat.pending) this.#voice.claimAgain(seat.key, seat.token)
  }

  #hearPresence(seat: Seat, { route: peer, node, online, wantAnswer }: Extract<Envelope, { kind: 'presence' }>): void {
    const { pending } = seat
    // Nobody is mutual with itself.
    if (peer === seat.key) return
    const isOwn = node === this.#node
    if (pending?.peer === peer) {
      if (online) pending.elsewhere = isOwn ? undefined : node
      else if (pending.elsewhere === node) pending.elsewhere = undefined
      pending.wantsAnswer ||= wantAnswer && !isOwn
    }
    const route = this.#table.get(seat.key)
    // cluster.presence.stranger
    if (route?.peer !== peer) return
    if (isOwn) {
      // The newest place of the peer is here, where the table knows of it.
      if (online) route.elsewhere = undefined
      return
    }
    if (online) {
      this.#lease.heardOf(node)
      // cluster.presence.online
      this.#table.hearOnline(route, node)
    } else if (route.elsewhere === node) {
      // cluster.presence.offline, cluster.presence.old
      this.#table.forgetElsewhere(route)
    }
    // cluster.presence.answer
    if (wantAnswer && pending?.peer !== peer) this.#voice.answer(seat.key, peer)
  }

  // Frames

  publish(from: Route, to: string, frame: ArrayBuffer): boolean {
    // cluster.lease.frames
    if (from.isPeerLost && from.peer === to) return false
    const pending = this.#seats.get(to)?.pending
    // Behind the claim, so that none overtakes another.
    if (pending?.token !== undefined) return pending.keep({ frame, sender: from.holder })
    return this.#courier.publish(from.holder, to, frame)
  }
}
