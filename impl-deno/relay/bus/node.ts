// A relay that is one of several: what the others have to know goes through Redis (spec/cluster.md).

import { random } from '../../crypto/primitives.ts'
import type { Log } from '../context.ts'
import type { RelayLimits } from '../limits.ts'
import { type Holder, type Route, type RouteTable, routeKeyAt } from '../table.ts'
import type { Bus, BusStats } from './bus.ts'
import { Courier } from './courier.ts'
import { Lease } from './lease.ts'
import { Link } from './link.ts'
import type { RedisAddress } from './redis-url.ts'
import { Seats } from './seats.ts'
import type { Servers } from './servers.ts'
import { Voice } from './voice.ts'

/** ms between two looks at the clock. */
const TICK = 250
/** ms for which the end of a node waits for Redis. */
const CLOSE_TIME = 2_000

export class RedisBus implements Bus {
  readonly #table: RouteTable
  readonly #limits: RelayLimits
  readonly #log: Log
  readonly #link: Link
  readonly #voice: Voice
  readonly #lease: Lease
  readonly #courier: Courier
  readonly #seats: Seats
  #isClosed = false
  #ticking: ReturnType<typeof setInterval> | undefined

  constructor(table: RouteTable, address: RedisAddress, limits: RelayLimits, log: Log) {
    this.#table = table
    this.#limits = limits
    this.#log = log
    // cluster.node.id
    const id = routeKeyAt(random(16), 0)
    this.#lease = new Lease(id, limits)
    this.#link = new Link(address, limits, log, {
      // cluster.lease.set: before the first `bound`
      prepare: async (servers) => {
        await this.#lease.renew(servers)
        if (this.#isClosed) await this.#lease.end(servers)
      },
      joined: (servers) => this.#comeBack(servers),
      lost: (reason) => this.#goOn(reason),
    })
    this.#voice = new Voice(this.#link, id, limits.deliveryFailedRate)
    this.#courier = new Courier(this.#link, this.#voice, limits.clusterBuffer)
    const [link, lease, voice, courier] = [this.#link, this.#lease, this.#voice, this.#courier]
    this.#seats = new Seats({ id, table, limits, link, lease, voice, courier })
  }

  async start(): Promise<void> {
    await this.#link.start()
    this.#ticking = setInterval(() => this.#tick(), TICK)
  }

  stats(): BusStats {
    const { servers, found, lost } = this.#link
    return {
      ...{ isJoined: servers !== undefined, found, lost },
      holdsLease: this.#lease.isHeld(performance.now()),
      unanswered: this.#courier.unanswered,
      ...this.#courier.counts,
      nacksSent: this.#voice.nacksSent,
      ...this.#seats.counts,
    }
  }

  /** cluster.redis.back */
  #comeBack(servers: Servers): void {
    this.#voice.makeUp((route, peer) => this.#table.get(route)?.peer === peer)
    void this.#seats.announceAll(servers)
  }

  /** Goes on without Redis; binds and frames that wait for an answer have failed. */
  #goOn(reason: string): void {
    this.#seats.lose(reason)
    // cluster.redis.offline
    for (const route of this.#table.routes()) if (route.elsewhere) this.#table.forgetElsewhere(route)
  }

  #tick(): void {
    const now = performance.now()
    this.#voice.sweep(now)
    if (this.#lease.isOverdue(now)) this.#part()
    this.#link.check(now)
    const { servers } = this.#link
    if (servers && this.#seats.waited > this.#limits.clusterAnswer) {
      this.#link.lose(servers, 'a bind took too long')
    } else if (servers && this.#lease.isDue(now)) {
      this.#renew(servers).catch((error: Error) => this.#link.lose(servers, error.message))
    }
  }

  async #renew(servers: Servers): Promise<void> {
    const wasThere = await this.#lease.renew(servers)
    // cluster.lease.again
    if (!wasThere) await this.#seats.announceAll(servers)
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
    await this.#seats.settled()
    await servers.settled()
    await this.#lease.end(servers)
  }

  admit(id: Uint8Array, peer: Uint8Array | null, bind: () => boolean): Promise<void> | undefined {
    return this.#seats.admit(id, peer, bind)
  }

  left(route: Route): void {
    this.#seats.left(route)
  }

  publish(from: Route, to: string, frame: ArrayBuffer): boolean {
    // cluster.lease.frames
    if (from.isPeerLost && from.peer === to) return false
    const pending = this.#seats.pending(to)
    // Behind the claim, so that none overtakes another.
    if (pending?.token !== undefined) return pending.keep({ frame, sender: from.holder })
    return this.#courier.publish(from.holder, to, frame)
  }
}
