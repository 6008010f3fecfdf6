// Freshness: each side echoes a recent challenge of the other (spec/session.md, Freshness).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type Bytes, copy, equal } from '../crypto/bytes.ts'
import { random } from '../crypto/primitives.ts'
import type { Clock } from './clock.ts'

export interface Issued {
  readonly challenge: Uint8Array
  readonly monotonic: number
  readonly wall: number
}

/**
 * The age in milliseconds, by the slower judgement of the two clocks, of the challenge that `fresh`
 * echoes. Throws ProtocolError `stale`. `issued` is in the order of issue.
 */
export function ageOf(fresh: Uint8Array, issued: readonly Issued[], now: Omit<Issued, 'challenge'>): number {
  const known = issued.slice(-limits.challenges).find(({ challenge }) => equal(challenge, fresh))
  // session.fresh.challenge
  if (!known) throw new ProtocolError('stale', 'Cannot take a frame as fresh: it echoes no challenge that is valid')
  const [monotonic, wall] = [now.monotonic - known.monotonic, now.wall - known.wall]
  // session.fresh.age
  if (wall < 0 || Math.max(monotonic, wall) > limits.freshness) {
    throw new ProtocolError(
      'stale',
      `Cannot take a frame as fresh: its challenge is ${Math.max(monotonic, wall)} ms old`,
    )
  }
  return Math.max(monotonic, wall)
}

/** The challenges that this side has issued to one pairing, in this process. */
export class Challenges {
  readonly #clock: Clock
  #issued: Issued[] = []
  #compared: Omit<Issued, 'challenge'>

  constructor(clock: Clock) {
    this.#clock = clock
    this.#compared = this.#now()
  }

  #now = () => ({ monotonic: this.#clock.monotonic(), wall: this.#clock.wall() })

  /** 8 fresh bytes for a `hello` or for the data of `stale` (session.hello.challenge). */
  issue(): Bytes {
    const challenge = random(8)
    this.#issued = [...this.#issued, { challenge, ...this.#now() }].slice(-limits.challenges)
    return challenge
  }

  /** Throws ProtocolError `stale`; answers with the age in milliseconds. */
  check(fresh: Uint8Array): number {
    return ageOf(fresh, this.#issued, this.#now())
  }

  /** What was issued on an earlier relay connection counts no more (session.fresh.connection). */
  reconnected(): void {
    this.#issued = []
  }

  /**
   * To be called before each received frame. True where the two clocks have drifted apart, as suspend
   * does: every challenge is void then, and a new `hello` is due first (session.fresh.drift).
   */
  drifted(): boolean {
    const [before, now] = [this.#compared, this.#now()]
    this.#compared = now
    const drift = now.wall - before.wall - (now.monotonic - before.monotonic)
    if (Math.abs(drift) <= limits.clockDrift) return false
    this.#issued = []
    return true
  }
}

/** The newest challenge that the peer has sent: what every frame echoes (session.frame.fresh). */
export class Echo {
  #session = -1
  #seq = -1
  #challenge = new Uint8Array(8)

  /** 8 bytes, zero where none was received. */
  get newest(): Uint8Array {
    return this.#challenge
  }

  /** `session` orders the sessions of the pairing, `seq` is that of the frame that brought the challenge. */
  heard(session: number, seq: number, challenge: Uint8Array): void {
    if (session < this.#session || (session === this.#session && seq < this.#seq)) return
    this.#session = session
    this.#seq = seq
    this.#challenge = copy(challenge)
  }
}
