// Freshness: what this side asked for, by both clocks, and what the peer asked for (spec/session.md).

import { limits } from '@happy-remote/schemas/limits.ts'
import { equal, type Random, randomBytes } from '../crypto/primitives.ts'

export interface Clocks {
  /** ms that only grow; may stand still while the machine sleeps. */
  monotonic(): number
  /** ms since 1970. */
  wall(): number
}

export const systemClocks: Clocks = { monotonic: () => performance.now(), wall: () => Date.now() }

interface Issued {
  readonly challenge: Uint8Array
  readonly monotonic: number
  readonly wall: number
}

const NONE = new Uint8Array(8)

export class Freshness {
  readonly #clocks: Clocks
  readonly #random: Random
  #issued: Issued[] = []
  #compared: { monotonic: number; wall: number }
  #echo: { challenge: Uint8Array; session: number; seq: number } = { challenge: NONE, session: -1, seq: -1 }

  constructor(clocks: Clocks = systemClocks, random: Random = randomBytes) {
    this.#clocks = clocks
    this.#random = random
    this.#compared = this.#now()
  }

  #now() {
    return { monotonic: this.#clocks.monotonic(), wall: this.#clocks.wall() }
  }

  /** A new challenge of 8 bytes, to be sent in `hello` or with `stale`. */
  issue(): Uint8Array {
    const challenge = this.#random(8)
    this.#issued = [...this.#issued, { challenge, ...this.#now() }].slice(-limits.challenges)
    return challenge
  }

  /** A challenge counts only on the connection on which it was sent. */
  voidAll(): void {
    this.#issued = []
    this.#compared = this.#now()
  }

  /**
   * True where the clocks have drifted apart (the machine slept, or a clock was set): every challenge
   * is void, and a new hello goes out before anything received is looked at.
   */
  drifted(): boolean {
    const now = this.#now()
    const drift = now.wall - this.#compared.wall - (now.monotonic - this.#compared.monotonic)
    this.#compared = now
    if (Math.abs(drift) <= limits.clockDrift) return false
    this.#issued = []
    return true
  }

  /** Age in ms of a challenge that was echoed, by the clock that says more; null where it is not one of ours. */
  ageOf(challenge: Uint8Array): number | null {
    const issued = this.#issued.find((entry) => equal(entry.challenge, challenge))
    if (!issued) return null
    const now = this.#now()
    const wall = now.wall - issued.wall
    // session.fresh.age: a wall clock that went back proves nothing
    return wall < 0 ? null : Math.max(now.monotonic - issued.monotonic, wall)
  }

  /** Whether a request that carries `challenge` may be executed. */
  isFresh(challenge: Uint8Array): boolean {
    const age = this.ageOf(challenge)
    return age !== null && age <= limits.freshness
  }

  /** The peer's challenge from frame `seq` of the `session`-th session of this pairing; older ones are not kept. */
  received(challenge: Uint8Array, session: number, seq: number): void {
    if (session < this.#echo.session || (session === this.#echo.session && seq < this.#echo.seq)) return
    this.#echo = { challenge: new Uint8Array(challenge), session, seq }
  }

  /** What goes into `fresh` of every frame. */
  get echo(): Uint8Array {
    return this.#echo.challenge
  }
}
