// The routes of this node, and how each is made known to the other nodes: one step after the other for a
// route, many routes beside each other.

import type { Clock } from '../clock.ts'
import type { RouteId } from '../frame.ts'
import type { Binding } from '../routes.ts'
import { type Claim, claim, presence } from './envelope.ts'
import { channelOf } from './names.ts'
import type { RedisLink } from './redis-link.ts'

/** Routes that are made known at the same time. With thousands of them, what waits for Redis stays bounded. */
const MOST_AT_ONCE = 256

/** A route, from its bind here until the others know that it is gone. */
export interface Member {
  readonly route: RouteId
  readonly channel: string
  /** Undefined when it is bound here no more. */
  binding: Binding | undefined
  token: number | undefined
  /** Since when (monotonic) it is bound without Redis, where it is. */
  lateSince: number | undefined
  /** Another node has claimed the route from this one, and answers for its frames. */
  isDisplaced: boolean
  /** The newest claim of another node that was heard while there was no token to compare it with. */
  rival: Claim | undefined
  /** The peer whose node was told that this route is here. */
  shownTo: RouteId | undefined
  subscribedTo: RedisLink | undefined
  announcedTo: RedisLink | undefined
  /** What is to be called when the bind is in force, or is no more. */
  settles: (() => void)[]
  isQueued: boolean
  isRunning: boolean
}

export interface MemberEvents {
  message(member: Member, message: Buffer): void
  /** Another node holds the route. */
  displaced(member: Member): void
  /** Redis has refused, or is lost. */
  failed(link: RedisLink, error: unknown): void
}

/** Whether `other` displaces who holds a route under `token` (cluster.claim.newer, cluster.claim.older). */
export const isNewer = (other: Claim, token: number, nodeId: string): boolean =>
  other.token > token || (other.token === token && other.nodeId > nodeId)

export class Members {
  readonly #byRoute = new Map<RouteId, Member>()
  readonly #nodeId: string
  readonly #clock: Clock
  readonly #events: MemberEvents
  #link: RedisLink | undefined
  // Binds, for which a client waits, go before announcements, for which nobody does.
  readonly #first: Member[] = []
  readonly #then: Member[] = []
  #running = 0
  #onEmpty = () => {}
  readonly counters = { takenOver: 0, lost: 0 }

  constructor(nodeId: string, clock: Clock, events: MemberEvents) {
    this.#nodeId = nodeId
    this.#clock = clock
    this.#events = events
  }

  /** The route of `binding` is bound here; `settle` is called when the others know, or Redis is lost. */
  join(binding: Binding, settle: () => void): void {
    const { route, peer } = binding
    const member = this.#byRoute.get(route) ?? this.#add(route)
    member.binding = binding
    member.isDisplaced = false
    member.token = undefined
    member.announcedTo = undefined
    if (member.shownTo !== peer) this.#withdraw(member)
    if (this.#link === undefined) {
      member.lateSince = this.#clock.monotonic()
      settle() // cluster.redis.local
      return
    }
    member.lateSince = undefined
    member.settles.push(settle)
    this.#enqueue(member, this.#first)
  }

  leave(binding: Binding): void {
    const member = this.#byRoute.get(binding.route)
    if (member?.binding !== binding) return
    member.binding = undefined
    this.#settle(member)
    this.#withdraw(member)
    if (this.#link !== undefined) this.#enqueue(member, this.#first)
    else if (member.shownTo === undefined) this.#byRoute.delete(member.route)
  }

  /** cluster.redis.back */
  attach(link: RedisLink): void {
    this.#link = link
    this.announce()
  }

  /** cluster.redis.offline: what Redis knew of this node's routes is gone with the connection. */
  detach(): void {
    this.#link = undefined
    this.#first.length = this.#then.length = 0
    for (const member of this.#byRoute.values()) {
      member.isQueued = false
      member.subscribedTo = member.announcedTo = undefined
      if (member.binding === undefined) {
        // What the others were told is taken back when they can be reached again.
        if (member.shownTo === undefined) this.#byRoute.delete(member.route)
        continue
      }
      if (member.token === undefined) member.lateSince ??= this.#clock.monotonic()
      this.#settle(member)
    }
  }

  /** Makes every route known again (cluster.lease.again, cluster.redis.back). */
  announce(): void {
    for (const member of this.#byRoute.values()) {
      member.announcedTo = undefined
      this.#enqueue(member, this.#then)
    }
  }

  /** A claim of another node. */
  heard(member: Member, other: Claim): void {
    const { binding, token } = member
    if (binding === undefined) return
    if (token === undefined) {
      if (member.rival === undefined || isNewer(other, member.rival.token, member.rival.nodeId)) member.rival = other
    } else if (isNewer(other, token, this.#nodeId)) {
      this.#displace(member) // cluster.claim.newer
    } else {
      // Presence, too: the other node may have told the peer already that the route is there.
      member.announcedTo = undefined
      this.#enqueue(member, this.#first) // cluster.claim.older
    }
  }

  /** Resolves when the others have been told of all that is gone, and nothing is here. */
  async untilEmpty(): Promise<void> {
    if (this.#byRoute.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  /** How many of its routes the others know of. */
  get announced(): number {
    let count = 0
    for (const { announcedTo } of this.#byRoute.values()) if (announcedTo !== undefined) count++
    return count
  }

  #add(route: RouteId): Member {
    const member: Member = {
      route,
      channel: channelOf(route),
      binding: undefined,
      token: undefined,
      lateSince: undefined,
      isDisplaced: false,
      rival: undefined,
      shownTo: undefined,
      subscribedTo: undefined,
      announcedTo: undefined,
      settles: [],
      isQueued: false,
      isRunning: false,
    }
    this.#byRoute.set(route, member)
    return member
  }

  #remove(member: Member): void {
    // Another may be in its place since Redis was lost.
    if (this.#byRoute.get(member.route) === member) this.#byRoute.delete(member.route)
    if (this.#byRoute.size === 0) this.#onEmpty()
  }

  #displace(member: Member): void {
    member.isDisplaced = true
    this.counters.lost++
    this.#events.displaced(member)
  }

  #settle(member: Member): void {
    for (const settle of member.settles.splice(0)) settle()
  }

  /** cluster.presence.end */
  #withdraw(member: Member): void {
    const { route, shownTo: peer } = member
    if (peer === undefined || this.#link === undefined) return
    member.shownTo = undefined
    const message = presence({ route, peer, nodeId: this.#nodeId, isOnline: false, wantsAnswer: false })
    this.#tell(channelOf(peer), message)
  }

  #tell(channel: string, message: Buffer): void {
    this.#link?.serverOf(channel).commands.publish(channel, message, () => {})
  }

  #enqueue(member: Member, queue: Member[]): void {
    // One that runs looks at everything again before it ends.
    if (member.isQueued || member.isRunning) return
    member.isQueued = true
    queue.push(member)
    this.#pump()
  }

  #pump(): void {
    while (this.#running < MOST_AT_ONCE) {
      const member = this.#first.shift() ?? this.#then.shift()
      if (member === undefined) return
      void this.#run(member)
    }
  }

  async #run(member: Member): Promise<void> {
    this.#running++
    member.isQueued = false
    member.isRunning = true
    const link = this.#link
    try {
      if (link !== undefined) await this.#bring(member, link)
    } catch (error) {
      if (link !== undefined) this.#events.failed(link, error)
    }
    member.isRunning = false
    this.#running--
    // Redis was lost on the way, and is back.
    if (this.#link !== undefined && this.#link !== link) this.#enqueue(member, this.#then)
    this.#pump()
  }

  /** Goes on until what the others know is what is: the binding may change at each `await`. */
  async #bring(member: Member, link: RedisLink): Promise<void> {
    const { route, channel } = member
    const { commands, subscriptions } = link.serverOf(channel)
    const isCurrent = (binding: Binding) => member.binding === binding && !link.isOver
    let isNew = false
    while (!link.isOver) {
      const { binding } = member
      if (binding === undefined) {
        this.#withdraw(member)
        if (member.subscribedTo === link) {
          member.subscribedTo = undefined
          await subscriptions.unsubscribe(channel) // cluster.unbind.unsubscribed
        }
        if (member.binding !== undefined) continue
        this.#remove(member)
        return
      }
      if (member.announcedTo === link) return
      if (member.token === undefined) {
        // Before the subscription: what was published to the route from here, on the same connection, is then past,
        // and cannot come in behind what is handed over directly.
        const age = member.lateSince === undefined ? undefined : this.#clock.monotonic() - member.lateSince
        const token = await link.serverOf(channel).token(channel, age)
        if (!isCurrent(binding)) continue
        const { rival } = member
        member.rival = undefined
        if (token === undefined || (rival !== undefined && isNewer(rival, token, this.#nodeId))) {
          this.#displace(member) // cluster.redis.late
          continue
        }
        member.token = token // cluster.bind.token
        isNew = age === undefined
        member.lateSince = undefined
      }
      if (member.subscribedTo !== link) {
        await subscriptions.subscribe(channel, (message) => this.#events.message(member, message))
        if (link.isOver) return
        member.subscribedTo = link // cluster.bind.subscribed
        if (!isCurrent(binding)) continue
      }
      if (member.shownTo !== binding.peer) this.#withdraw(member)
      if (binding.peer !== null) {
        member.shownTo = binding.peer
        const said = { route, peer: binding.peer, nodeId: this.#nodeId, isOnline: true, wantsAnswer: true }
        const theirs = channelOf(binding.peer)
        await link.serverOf(theirs).commands.send('SPUBLISH', theirs, presence(said)) // cluster.bind.presence
        if (!isCurrent(binding)) continue
      }
      // cluster.bind.claim
      const heard = await commands.send<number>('SPUBLISH', channel, claim(member.token, this.#nodeId))
      // Not by this node alone: another one has the route until it hears this.
      if (isNew && heard > 1) this.counters.takenOver++
      isNew = false
      if (!isCurrent(binding)) continue
      member.announcedTo = link
      this.#settle(member)
    }
  }
}
