// How often it is told that frames of a pair of routes were not delivered: once a second.

/** Pairs remembered for one connection; with that many failing at once, further ones are not told. */
const MOST_PAIRS = 256

export class Failures {
  readonly #every: number
  readonly #most: number
  #told: Map<string, number> | undefined

  /** `every` in milliseconds; `most` pairs are remembered. */
  constructor(every: number, most = MOST_PAIRS) {
    this.#every = every
    this.#most = most
  }

  /** relay.failed.rate: whether `pair` may be told now; if so it counts as told. */
  mayTell(pair: string, now: number): boolean {
    this.#told ??= new Map()
    const last = this.#told.get(pair)
    if (last !== undefined && now - last < this.#every) return false
    if (last === undefined && this.#told.size >= this.#most) {
      this.sweep(now)
      this.#told ??= new Map()
      if (this.#told.size >= this.#most) return false
    }
    this.#told.set(pair, now)
    return true
  }

  sweep(now: number): void {
    if (this.#told === undefined) return
    for (const [pair, at] of this.#told) if (now - at >= this.#every) this.#told.delete(pair)
    if (this.#told.size === 0) this.#told = undefined
  }

  get size(): number {
    return this.#told?.size ?? 0
  }
}
