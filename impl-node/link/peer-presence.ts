// Whether the peer is there: what the relay says of it, and what was heard from it (spec/relay.md, spec/session.md).

import { limits } from '@happy-remote/schemas/limits.ts'

/** online: an authentic frame came in the last 60 s. away: connected, but it does not acknowledge. */
export type PeerState = 'online' | 'away' | 'offline'

/** First delay of a probe after the relay said that a frame was not delivered. */
const FIRST_PROBE = 1_000

/** `now` is monotonic ms everywhere. */
export class PeerPresence {
  #relaySays = false
  #reachable = false
  #probeAt = Number.POSITIVE_INFINITY
  #probeDelay = FIRST_PROBE / 2
  #heardAt = Number.NEGATIVE_INFINITY
  #heardWall: number | null = null

  /** Whether what is sent seems to arrive. */
  get reachable(): boolean {
    return this.#reachable
  }

  /** ms since 1970 of the last authentic frame, null if there was none. */
  get heardWall(): number | null {
    return this.#heardWall
  }

  /** The relay's hint. What was heard of a peer that has gone says nothing of the one that comes. */
  relaySays(online: boolean): void {
    this.#relaySays = this.#reachable = online
    if (!online) this.#heardAt = Number.NEGATIVE_INFINITY
    this.#endProbes()
  }

  /** A hint only: where the relay's own presence says otherwise, the peer is probed until it is heard. */
  deliveryFailed(now: number): void {
    this.#reachable = false
    // One probe at a time: each of them may bring the next hint.
    if (this.#relaySays && this.#probeAt === Number.POSITIVE_INFINITY) this.#planProbe(now)
  }

  /** An authentic frame came; `wall` is ms since 1970. */
  heard(now: number, wall: number): void {
    this.#heardAt = now
    this.#heardWall = wall
    this.#reachable = true
    this.#endProbes()
  }

  /** Whether a probe is to be sent now; the next one is due after twice the time. */
  takeProbe(now: number): boolean {
    if (now < this.#probeAt) return false
    this.#planProbe(now)
    return true
  }

  /** ms since an authentic frame came. */
  heardAgo(now: number): number {
    return now - this.#heardAt
  }

  /** By the relay's word, or by an authentic frame of the last 60 s. */
  isPresent(now: number): boolean {
    return this.#reachable || this.#isHeard(now)
  }

  /** What is shown; `isAway`: it does not acknowledge. */
  state(now: number, isAway: boolean): PeerState {
    if (!this.#isHeard(now)) return 'offline'
    return isAway ? 'away' : 'online'
  }

  #isHeard(now: number): boolean {
    return this.heardAgo(now) < limits.presenceFresh
  }

  #planProbe(now: number): void {
    this.#probeDelay = Math.min(2 * this.#probeDelay, limits.helloEvery)
    this.#probeAt = now + this.#probeDelay
  }

  #endProbes(): void {
    this.#probeAt = Number.POSITIVE_INFINITY
    this.#probeDelay = FIRST_PROBE / 2
  }
}
