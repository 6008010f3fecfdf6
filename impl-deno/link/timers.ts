// Timers of the platform, behind an interface so that tests can move time by hand.

import { type Clock, systemClock } from '../session/clock.ts'

export interface Timers extends Clock {
  /** Runs `action` once after `delay` milliseconds; the result cancels it. */
  after(delay: number, action: () => void): () => void
}

export const systemTimers: Timers = {
  ...systemClock,
  after(delay, action) {
    const id = setTimeout(action, delay)
    return () => clearTimeout(id)
  },
}

/** One alarm at a time: setting it again moves it. */
export class Alarm {
  readonly #timers: Timers
  #cancel: (() => void) | undefined

  constructor(timers: Timers) {
    this.#timers = timers
  }

  get isSet(): boolean {
    return this.#cancel !== undefined
  }

  set(delay: number, action: () => void): void {
    this.clear()
    this.#cancel = this.#timers.after(delay, () => {
      this.#cancel = undefined
      action()
    })
  }

  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
