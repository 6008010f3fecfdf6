// A token bucket that looks at the clock only when it is empty: a frame costs one subtraction.

export class Bucket {
  readonly #rate: number
  readonly #burst: number
  #left: number
  #filledAt: number

  /** Allows `rate` per second, and `burst` at once after a pause (twice that in the worst case). `now` in ms. */
  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate
    this.#burst = burst
    this.#left = burst
    this.#filledAt = now
  }

  /** Takes `amount`, or nothing and returns false. `now` is called only where the last filling is used up. */
  take(amount: number, now: () => number): boolean {
    if (this.#left < amount) {
      this.#fill(now())
      if (this.#left < amount) return false
    }
    this.#left -= amount
    return true
  }

  /** Whether nothing is owed any more, so that a new bucket would behave the same. */
  isFull(now: number): boolean {
    this.#fill(now)
    return this.#left >= this.#burst
  }

  #fill(now: number): void {
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#filledAt) * this.#rate) / 1_000)
    this.#filledAt = now
  }
}
