// The hellos of both sides: when ours is due and what it says, and what that of the peer has said (spec/session.md).

import { SUITE_BITS } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { ControlHello } from '@happy-remote/schemas/session.ts'
import type { Received } from './sessions.ts'

/** `now` is monotonic ms everywhere. */
export class Hellos {
  readonly #commandEpoch: string | undefined
  #saidAt = Number.NEGATIVE_INFINITY
  #said = false
  #heard = false
  #peerSuites = 0

  constructor(commandEpoch: string | undefined) {
    this.#commandEpoch = commandEpoch
  }

  /** Ours has gone out in this session: nothing else goes before it. */
  get said(): boolean {
    return this.#said
  }

  /** That of the peer came in this session, since the peer is there. */
  get heard(): boolean {
    return this.#heard
  }

  /** The bits of the suites that the peer has; 0 before its first hello. */
  get peerSuites(): number {
    return this.#peerSuites
  }

  /** Another session is current. */
  begin(): void {
    this.#said = this.#heard = false
  }

  peerLeft(): void {
    this.#heard = false
  }

  /** session.hello.interval */
  isDue(now: number): boolean {
    return now - this.#saidAt >= limits.helloEvery
  }

  /** `send` answers whether it went out. */
  say(challenge: Uint8Array, now: number, send: (hello: ControlHello) => boolean): void {
    this.#saidAt = now
    const text = Buffer.from(challenge).toString('base64url')
    const epoch = this.#commandEpoch ? { commandEpoch: this.#commandEpoch } : {}
    // session.hello.suites, session.hello.challenge
    if (send({ type: 'hello', challenge: text, suites: SUITE_BITS, ...epoch })) this.#said = true
  }

  /** A hello came. What it says of the peer holds for the newest one only, overtaken or not; false for others. */
  take({ suites }: ControlHello, { isCurrent, late }: Pick<Received, 'isCurrent' | 'late'>): boolean {
    if (!isCurrent || (late && this.#heard)) return false
    this.#heard = true
    this.#peerSuites = suites
    return true
  }
}
