// When a `delivery-failed` is due again (relay.failed.rate).

/** The pairs of one connection that were told lately, by the two keys put together. */
export class FailedPairs {
  readonly #told = new Map<string, number>()
  readonly #rate: number

  /** `rate` is the least time between two answers for one pair, in ms. */
  constructor(rate: number) {
    this.#rate = rate
  }

  get size(): number {
    return this.#told.size
  }

  /** Whether the pair may be told now; if so it counts as told. */
  due(pair: string, now: number): boolean {
    const last = this.#told.get(pair)
    if (last !== undefined && now - last < this.#rate) return false
    // Moved to the end, so that the oldest come first.
    this.#told.delete(pair)
    this.#told.set(pair, now)
    return true
  }

  sweep(now: number): void {
    for (const [pair, last] of this.#told) {
      if (now - last < this.#rate) return
      this.#told.delete(pair)
    }
  }
}
