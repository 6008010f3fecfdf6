// How much an open route has taken (spec/relay.md, Open routes).

import type { RelayLimits } from './limits.ts'

interface Count {
  forwarded: number
  /** Infinity while the route is bound. */
  forgetAt: number
}

export class OpenCounts {
  readonly #counts = new Map<string, Count>()
  readonly #limits: RelayLimits

  constructor(limits: RelayLimits) {
    this.#limits = limits
  }

  /** relay.open.memory: a count that is still known goes on. */
  opened(key: string): void {
    const count = this.#counts.get(key)
    if (count) count.forgetAt = Number.POSITIVE_INFINITY
    else this.#counts.set(key, { forwarded: 0, forgetAt: Number.POSITIVE_INFINITY })
  }

  /** The route has a peer now. */
  closed(key: string): void {
    this.#counts.delete(key)
  }

  /** The route is bound nowhere any more; `now` in ms of the relay's clock. */
  lost(key: string, now: number): void {
    const count = this.#counts.get(key)
    if (!count) return
    this.#counts.delete(key)
    if (count.forwarded === 0) return
    // Behind all others, so that the first of a known end is the one that was lost first.
    this.#counts.set(key, { ...count, forgetAt: now + this.#limits.openMemory })
    if (this.#counts.size > this.#limits.openRemembered) this.#forgetOne()
  }

  /** relay.open.count, relay.open.size */
  takes(key: string, size: number): boolean {
    const { openFrameSize, openFrames } = this.#limits
    return size <= openFrameSize && (this.#counts.get(key)?.forwarded ?? openFrames) < openFrames
  }

  forwarded(key: string): void {
    const count = this.#counts.get(key)
    if (count) count.forwarded++
  }

  sweep(now: number): void {
    for (const [key, { forgetAt }] of this.#counts) {
      if (forgetAt <= now) this.#counts.delete(key)
    }
  }

  #forgetOne(): void {
    for (const [key, { forgetAt }] of this.#counts) {
      if (forgetAt === Number.POSITIVE_INFINITY) continue
      this.#counts.delete(key)
      return
    }
  }
}
