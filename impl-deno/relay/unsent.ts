// How much is unsent altogether (relay.memory).

/** What asking all sockets costs is spent no more often than after so many ms. */
const ASK_EVERY = 50

export class Unsent {
  /** At least what is unsent: what was given to the sockets since they were asked, and their answers. */
  total = 0
  readonly #limit: number
  readonly #ask: () => number
  #asked = Number.NEGATIVE_INFINITY

  /** `ask` sums up what the sockets say themselves. */
  constructor(limit: number, ask: () => number) {
    this.#limit = limit
    this.#ask = ask
  }

  recount(): void {
    this.total = this.#ask()
    this.#asked = performance.now()
  }

  /** Whether there is more than `times` the limit. */
  exceeds(times: number): boolean {
    if (this.total <= times * this.#limit) return false
    if (performance.now() - this.#asked >= ASK_EVERY) this.recount()
    return this.total > times * this.#limit
  }
}
