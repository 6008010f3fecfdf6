// What a node knows of a route that is bound here, is about to be, or was a moment ago.

import type { Holder } from '../table.ts'
import { channelOf } from './envelopes.ts'

/** A frame that came for a route before its `bound`. */
export interface EarlyFrame {
  readonly frame: ArrayBuffer
  /** Who sent it, where that is a connection of this node. */
  readonly sender: Holder | undefined
}

export interface Claimed {
  readonly token: number
  readonly node: string
}

/** Equal tokens are decided by the larger nodeId; keys compare as their bytes do. */
export const isNewer = (a: Claimed, b: Claimed): boolean =>
  a.token > b.token || (a.token === b.token && a.node > b.node)

/** A bind that waits for Redis. */
export class Pending {
  readonly peer: string | null
  /** Whether presence of the route with this peer has been published. */
  isAnnounced = false
  /** The token of the claim that has been published. */
  token: number | undefined
  /** Where the peer is, as was told meanwhile, and whether somebody wants to be told of this route. */
  elsewhere: string | undefined
  wantsAnswer = false
  /** The newest and the oldest claim of others that came meanwhile. */
  newest: Claimed | undefined
  oldest: Claimed | undefined
  /** In the order in which they came. */
  readonly frames: EarlyFrame[] = []
  /** How many of them came before the claim: whoever held the route until then has got them, too. */
  beforeClaim = 0
  #bytes = 0
  readonly #most: number
  /** Resolves when the node's own claim has come back; rejects when Redis is lost. */
  readonly echo: Promise<void>
  readonly #resolve: () => void
  readonly #reject: (reason: Error) => void

  /** Keeps frames of at most `most` bytes in all. */
  constructor(peer: string | null, most: number) {
    this.peer = peer
    this.#most = most
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // Nobody may be waiting for it yet.
    promise.catch(() => {})
    this.echo = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  /** False where there are too many. */
  keep(early: EarlyFrame): boolean {
    if (this.#bytes + early.frame.byteLength > this.#most) return false
    this.#bytes += early.frame.byteLength
    this.frames.push(early)
    return true
  }

  hearOwnClaim(token: number): void {
    if (token !== this.token) return
    this.beforeClaim = this.frames.length
    this.#resolve()
  }

  hearClaim(claim: Claimed): void {
    if (!this.newest || isNewer(claim, this.newest)) this.newest = claim
    if (!this.oldest || isNewer(this.oldest, claim)) this.oldest = claim
  }

  lose(reason: string): void {
    this.#reject(new Error(reason))
  }
}

export class Seat {
  readonly key: string
  readonly channel: string
  /** Under which the route is bound here; undefined where it was bound without Redis. */
  token: number | undefined
  /** When it was bound, of performance.now(). */
  boundAt = 0
  isSubscribed = false
  /** Whether another node has taken the route: what still comes here is for that one. */
  isYielded = false
  pending: Pending | undefined
  #tail: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(key: string) {
    this.key = key
    this.channel = channelOf(key)
  }

  /** Whether operations are under way or wait. */
  get isBusy(): boolean {
    return this.#waiting > 0
  }

  /** Whether the operation under way is the last one. */
  get isLast(): boolean {
    return this.#waiting === 1
  }

  /** Does one operation after the other, so that the last one counts however slowly Redis answers. */
  inOrder(operation: () => Promise<void>): Promise<void> {
    this.#waiting++
    const done = this.#tail.then(operation).finally(() => this.#waiting--)
    this.#tail = done.catch(() => {})
    return done
  }
}
