// How many frames an open route has taken, remembered beyond its connection: otherwise a new bind
// would buy twenty more.

interface Remembered {
  readonly count: number
  readonly until: number
}

export class OpenCounts {
  readonly #life: number
  readonly #most: number
  // In order of expiry, because every entry lives equally long.
  readonly #entries = new Map<string, Remembered>()

  /** `life` in milliseconds; beyond `most` entries the oldest is forgotten. */
  constructor(life: number, most: number) {
    this.#life = life
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** relay.open.memory: called when an open route is given up or its connection ends. */
  remember(route: string, count: number, now: number): void {
    this.#entries.delete(route)
    if (count === 0) return
    this.#entries.set(route, { count, until: now + this.#life })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most) break
      this.#entries.delete(oldest)
    }
  }

  /** The count to go on with, which is forgotten here. */
  recall(route: string, now: number): number {
    const entry = this.#entries.get(route)
    if (entry === undefined) return 0
    this.#entries.delete(route)
    return entry.until > now ? entry.count : 0
  }

  sweep(now: number): void {
    for (const [route, entry] of this.#entries) {
      if (entry.until > now) break
      this.#entries.delete(route)
    }
  }
}
