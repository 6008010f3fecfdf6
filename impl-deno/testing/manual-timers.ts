// Time that a test moves, and waiting for a condition.

import type { Timers } from '../link/timers.ts'
import { ManualClock } from './devices.ts'

interface Pending {
  readonly at: number
  readonly action: () => void
}

export class ManualTimers extends ManualClock implements Timers {
  #pending: Pending[] = []

  after = (delay: number, action: () => void): (() => void) => {
    const pending = { at: this.monotonic() + delay, action }
    this.#pending.push(pending)
    return () => {
      this.#pending = this.#pending.filter((other) => other !== pending)
    }
  }

  /** Moves both clocks and runs what is due on the way, each at its own time. */
  override advance(time: number, slept = 0): void {
    const end = this.monotonic() + time
    for (;;) {
      const next = this.#pending.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#pending = this.#pending.filter((other) => other !== next)
      super.advance(Math.max(0, next.at - this.monotonic()))
      next.action()
    }
    super.advance(end - this.monotonic(), slept)
  }
}

/** Lets everything run until the condition holds; fails where it does not within 60 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > 60_000) throw new Error(`Waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
