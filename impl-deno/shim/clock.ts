// The clocks and timers of a program whose time the suite moves.

import { systemTimers, type Timers } from '../link/timers.ts'

interface Pending {
  /** By the monotonic clock. */
  readonly at: number
  readonly action: () => void
  cancel: () => void
}

/** Real time, and as much more as it was told has passed. */
export class MovedTimers implements Timers {
  #wall = 0
  #monotonic = 0
  readonly #pending = new Set<Pending>()

  wall = (): number => systemTimers.wall() + this.#wall
  monotonic = (): number => systemTimers.monotonic() + this.#monotonic

  after = (delay: number, action: () => void): (() => void) => {
    const pending: Pending = { at: this.monotonic() + delay, action, cancel: () => {} }
    this.#pending.add(pending)
    this.#arm(pending)
    return () => {
      this.#pending.delete(pending)
      pending.cancel()
    }
  }

  /** Milliseconds. What has become due runs soon, in its order. */
  move({ wall = 0, monotonic = 0 }: { readonly wall?: number; readonly monotonic?: number }): void {
    this.#wall += wall
    this.#monotonic += monotonic
    if (monotonic === 0) return
    for (const pending of [...this.#pending].sort((a, b) => a.at - b.at)) {
      pending.cancel()
      this.#arm(pending)
    }
  }

  #arm(pending: Pending): void {
    pending.cancel = systemTimers.after(Math.max(0, pending.at - this.monotonic()), () => {
      this.#pending.delete(pending)
      pending.action()
    })
  }
}
