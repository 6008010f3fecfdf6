// A node of a cluster: spec/cluster.md.

import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { Failures } from '../failures.ts'
import { frameFrom, frameTo, isRoutedFrame, type RouteId } from '../frame.ts'
import type { RelayLimits } from '../limits.ts'
import type { Logger } from '../log.ts'
import type { Binding } from '../routes.ts'
import { type Bus, type BusCounters, BusRefusal, type Table } from './bus.ts'
import { nack, type Presence, presence, readEnvelope } from './envelope.ts'
import { isAlive, Lease } from './lease.ts'
import { type Member, Members } from './members.ts'
import { channelOf } from './names.ts'
import { lookEvery, redisProblem } from './redis-connection.ts'
import { RedisLink } from './redis-link.ts'
import type { RedisServer } from './redis-server.ts'
import { type RedisAddress, shownRedis } from './redis-url.ts'

/** Longest wait before the next try to reach Redis, and the first. */
const LONGEST_WAIT = 5_000
const FIRST_WAIT = 250
/** Pairs of routes for which a nack is remembered for a second. */
const MOST_NACKS = 65_536

const ROUTED = 0x01

/** Where the frames of a route went last. */
export interface Way {
  readonly to: RouteId
  readonly link: RedisLink
  readonly server: RedisServer
  readonly channel: string
  readonly settle: (subscribers: number) => void
}

export class RedisBus implements Bus {
  readonly #addresses: readonly RedisAddress[]
  readonly #limits: RelayLimits
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #nodeId = randomBytes(16).toString('latin1') // cluster.node.id
  readonly #members: Members
  readonly #lease: Lease
  readonly #nacks: Failures
  readonly #counters = {
    ...{ published: 0, received: 0, nacks: 0, nacked: 0, malformed: 0 },
    ...{ redisConnects: 0, redisLosses: 0 },
  }
  readonly #stops: (() => void)[] = []
  #table: Table | undefined
  #link: RedisLink | undefined
  #retry: NodeJS.Timeout | undefined
  #tries = 0
  #isClosing = false

  constructor(addresses: readonly RedisAddress[], limits: RelayLimits, clock: Clock, logger: Logger) {
    this.#addresses = addresses
    this.#limits = limits
    this.#clock = clock
    this.#logger = logger
    this.#lease = new Lease(this.#nodeId, limits.clusterLease, clock.monotonic())
    this.#nacks = new Failures(limits.deliveryFailedRate, MOST_NACKS)
    this.#members = new Members(this.#nodeId, clock, {
      message: (member, message) => this.#receive(member, message),
      displaced: ({ binding }) => binding && this.#table?.displace(binding),
      failed: (link, error) => link.fail(error),
    })
  }

  async open(table: Table): Promise<void> {
    this.#table = table
    const { clusterRenew, clusterAnswer, deliveryFailedRate } = this.#limits
    this.#stops.push(
      this.#clock.every(clusterRenew, () => {
        if (this.#link) void this.#renew(this.#link)
      }),
      this.#clock.every(lookEvery(clusterAnswer), () => {
        if (!this.#lease.hasLapsed(this.#clock.monotonic())) return
        this.#logger.warn({}, 'the lease of this node has ended: clients whose peers are not here are sent elsewhere')
        table.closeUnpaired() // cluster.lease.lost
      }),
      this.#clock.every(deliveryFailedRate, () => this.#nacks.sweep(this.#clock.monotonic())),
    )
    try {
      await this.#connect()
    } catch (error) {
      if (error instanceof BusRefusal) {
        await this.close()
        throw error
      }
      this.#later(error)
    }
  }

  counters(): BusCounters {
    const servers = this.#link?.servers ?? []
    return {
      ...this.#counters,
      ...this.#members.counters,
      announced: this.#members.announced,
      unanswered: servers.reduce((sum, { commands }) => sum + commands.unanswered, 0),
      redisConnected: this.#link !== undefined,
      isLeaseHeld: this.#lease.isHeld(this.#clock.monotonic()),
    }
  }

  join(binding: Binding, settle: () => void): void {
    this.#members.join(binding, settle)
  }

  leave(binding: Binding): void {
    this.#members.leave(binding)
  }

  publish(from: Binding, to: RouteId, frame: Buffer): boolean {
    const link = this.#link
    if (link === undefined) return false // cluster.redis.frames
    if (from.isPeerNodeDead && to === from.peer) return false // cluster.lease.frames
    let way = from.way
    if (way?.to !== to || way.link !== link) way = from.way = this.#wayTo(from, to, link)
    const { commands } = way.server
    if (commands.unanswered > this.#limits.clusterBuffer) return false // cluster.frame.slow
    this.#counters.published++
    commands.publish(way.channel, frame, way.settle) // cluster.frame.publish
    return true
  }

  /** Tells the others that this node's routes are gone, and leaves. */
  async close(): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#retry)
    for (const stop of this.#stops.splice(0)) stop()
    const link = this.#link
    if (link === undefined) return
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#limits.closeTime)
    const farewell = this.#members.untilEmpty().then(() => this.#lease.drop(link))
    await Promise.race([farewell.catch(() => {}), late])
    clearTimeout(timer)
    this.#link = undefined
    link.destroy()
  }

  #wayTo(from: Binding, to: RouteId, link: RedisLink): Way {
    const channel = channelOf(to)
    const settle = (subscribers: number) => {
      if (subscribers === 0) this.#undelivered(from, to) // cluster.frame.nobody
    }
    return { to, link, server: link.serverOf(channel), channel, settle }
  }

  async #connect(): Promise<void> {
    const { clusterAnswer, clusterLease } = this.#limits
    const times = { answer: clusterAnswer, life: clusterLease }
    const link = await RedisLink.open(this.#addresses, this.#clock, times, (lost, error) => this.#lost(lost, error))
    try {
      await this.#lease.renew(link, this.#clock.monotonic()) // cluster.lease.set
    } catch (error) {
      link.destroy()
      throw error
    }
    if (this.#isClosing || link.isOver) {
      link.destroy()
      return
    }
    this.#link = link
    this.#tries = 0
    this.#counters.redisConnects++
    this.#logger.info({ redis: this.#shown() }, 'Redis is there: this relay is part of a cluster')
    this.#members.attach(link)
  }

  #lost(link: RedisLink, error: unknown): void {
    if (link !== this.#link) return
    this.#link = undefined
    this.#counters.redisLosses++
    this.#members.detach()
    const bindings = [...(this.#table?.bindings() ?? [])]
    for (const binding of bindings) if (binding.peerNode !== undefined) this.#table?.peerLost(binding, false) // cluster.redis.offline
    this.#later(error)
  }

  #later(error: unknown): void {
    if (this.#isClosing) return
    const why = redisProblem(error)
    this.#logger.warn(
      { redis: this.#shown(), why },
      'Redis is not there: only clients of this node reach each other until it is back',
    )
    const most = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#tries++)
    this.#retry = setTimeout(() => this.#connect().catch((failed) => this.#later(failed)), Math.random() * most)
    this.#retry.unref()
  }

  #shown(): string {
    return this.#addresses.map(shownRedis).join(', ')
  }

  async #renew(link: RedisLink): Promise<void> {
    try {
      const wasThere = await this.#lease.renew(link, this.#clock.monotonic())
      if (!wasThere && !link.isOver) this.#members.announce() // cluster.lease.again
      // What only listens would not notice that nobody is there.
      await Promise.all(link.servers.map(({ subscriptions }) => subscriptions.send('PING')))
      await this.#checkOthers(link)
    } catch (error) {
      link.fail(error)
    }
  }

  /** cluster.lease.check */
  async #checkOthers(link: RedisLink): Promise<void> {
    const byNode = new Map<string, [Binding, number][]>()
    for (const binding of this.#table?.bindings() ?? []) {
      if (binding.peerNode === undefined) continue
      const known = byNode.get(binding.peerNode)
      if (known) known.push([binding, binding.peerHeard])
      else byNode.set(binding.peerNode, [[binding, binding.peerHeard]])
    }
    await Promise.all(
      [...byNode].map(async ([nodeId, bindings]) => {
        if ((await isAlive(link, nodeId)) || link.isOver) return
        for (const [binding, heard] of bindings) {
          // It may have been told of its peer since the question left.
          if (binding.peerNode === nodeId && binding.peerHeard === heard) this.#table?.peerLost(binding, true)
        }
      }),
    )
  }

  #receive(member: Member, message: Buffer): void {
    if (message[0] === ROUTED) {
      this.#receiveFrame(member, message)
      return
    }
    const envelope = readEnvelope(message)
    switch (envelope?.kind) {
      case 'claim':
        if (envelope.nodeId !== this.#nodeId) this.#members.heard(member, envelope)
        break
      case 'nack':
        // cluster.envelope.channel
        if (envelope.from !== member.route) {
          this.#counters.malformed++
          break
        }
        if (!member.binding) break
        this.#counters.nacked++
        this.#undelivered(member.binding, envelope.to) // cluster.nack.answer
        break
      case 'presence':
        this.#receivePresence(member, envelope)
        break
      default:
        this.#counters.malformed++ // cluster.envelope.malformed
    }
  }

  #receiveFrame({ route, binding, isDisplaced }: Member, frame: Buffer): void {
    // cluster.envelope.malformed, cluster.envelope.channel
    if (!isRoutedFrame(frame) || frameTo(frame) !== route) {
      this.#counters.malformed++
      return
    }
    const from = frameFrom(frame)
    // cluster.frame.deliver
    if (binding && this.#table?.deliver(binding, from, frame)) {
      this.#counters.received++
      return
    }
    if (isDisplaced) return
    if (!this.#nacks.mayTell(from + route, this.#clock.monotonic())) return
    this.#counters.nacks++
    this.#tell(channelOf(from), nack(from, route)) // cluster.nack.send
  }

  #receivePresence(member: Member, { route: other, peer, nodeId, isOnline, wantsAnswer }: Presence): void {
    const { route, binding } = member
    // cluster.envelope.channel
    if (peer !== route) {
      this.#counters.malformed++
      return
    }
    // cluster.presence.stranger; what this node says itself it knows.
    if (binding?.peer !== other || nodeId === this.#nodeId) return
    if (isOnline) this.#table?.peerFound(binding, nodeId)
    else if (binding.peerNode === nodeId) this.#table?.peerLost(binding, false) // cluster.presence.old
    if (!wantsAnswer) return
    // cluster.presence.answer
    member.shownTo = other
    const answer = presence({ route, peer: other, nodeId: this.#nodeId, isOnline: true, wantsAnswer: false })
    this.#tell(channelOf(other), answer)
  }

  #undelivered(from: Binding, to: RouteId): void {
    if (to === from.peer) from.isPeerDoubtful = true
    from.owner.undelivered(from.route, to)
  }

  #tell(channel: string, message: Buffer): void {
    this.#link?.serverOf(channel).commands.publish(channel, message, () => {})
  }
}
