// A clock that stands still until a test moves it.

import type { Clock } from './clock.ts'

interface Repetition {
  readonly every: number
  readonly run: () => void
  next: number
}

const WALL_START = 1_700_000_000_000

export class FakeClock implements Clock {
  #now = 0
  readonly #repetitions = new Set<Repetition>()

  // Properties, because they are handed on without their object.
  readonly monotonic = () => this.#now
  readonly wall = () => WALL_START + this.#now
  readonly every = (ms: number, run: () => void) => {
    const repetition = { every: ms, run, next: this.#now + ms }
    this.#repetitions.add(repetition)
    return () => void this.#repetitions.delete(repetition)
  }

  /** Moves by `ms`, running what is due on the way in its time. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#repetitions].filter(({ next }) => next <= end).sort((a, b) => a.next - b.next)[0]
      if (due === undefined) break
      this.#now = due.next
      due.next += due.every
      due.run()
    }
    this.#now = end
  }
}
