// What was heard and nobody has looked at yet.

import type { RelayToClient, RoutedFrame } from '@happy-remote/schemas/relay.ts'

export type Heard =
  | { readonly kind: 'message'; readonly message: RelayToClient; readonly at: number }
  | { readonly kind: 'frame'; readonly frame: RoutedFrame; readonly bytes: Uint8Array; readonly at: number }
  | { readonly kind: 'close'; readonly code: number; readonly at: number }

interface Waiter<T> {
  readonly matches: (heard: T) => boolean
  readonly resolve: (heard: T | undefined) => void
}

/** Things heard wait here, in order, until a step takes them. */
export class Inbox<T = Heard> {
  readonly #heard: T[] = []
  readonly #waiters = new Set<Waiter<T>>()
  #isOver = false

  add(heard: T): void {
    for (const waiter of this.#waiters) {
      if (!waiter.matches(heard)) continue
      this.#waiters.delete(waiter)
      waiter.resolve(heard)
      return
    }
    this.#heard.push(heard)
  }

  /** The first thing that matches, as soon as it is there; undefined when `time` ms are over. */
  take(matches: (heard: T) => boolean, time: number): Promise<T | undefined> {
    const index = this.#heard.findIndex(matches)
    if (index >= 0) return Promise.resolve(this.#heard.splice(index, 1)[0])
    if (this.#isOver) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter)
        resolve(undefined)
      }, time)
      const waiter: Waiter<T> = {
        matches,
        resolve: (heard) => {
          clearTimeout(timer)
          resolve(heard)
        },
      }
      this.#waiters.add(waiter)
    })
  }

  /** Nothing more will be heard: whoever waits, waits in vain. */
  end(): void {
    this.#isOver = true
    for (const waiter of this.#waiters) waiter.resolve(undefined)
    this.#waiters.clear()
  }

  /** All that waits now and matches, taken. */
  takeAll(matches: (heard: T) => boolean = () => true): T[] {
    const taken = this.#heard.filter(matches)
    for (const heard of taken) this.#heard.splice(this.#heard.indexOf(heard), 1)
    return taken
  }

  get waiting(): readonly T[] {
    return this.#heard
  }
}
