// One after the other: what works on the same thing waits for what began before.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs `work` when everything before it under this key has settled. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const mine = before.then(work, work)
    this.#last.set(key, mine)
    const done = () => {
      if (this.#last.get(key) === mine) this.#last.delete(key)
    }
    mine.then(done, done)
    return mine
  }
}
