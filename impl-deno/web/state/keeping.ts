// What is written for another time some moments after it has changed, and at once where the page may be closed.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { effect, type ReadonlySignal } from '@preact/signals'

/** Milliseconds within which all changes are one write. */
const DELAY = 1_000

/** Undefined: nothing is to be there. */
export interface Kept {
  readonly changed: ReadonlySignal<unknown>
  content(): Uint8Array | undefined
  /** Resolves when it is on disk. */
  write(content: Uint8Array | undefined): Promise<void>
}

export class Keeping {
  readonly #kept: Kept
  readonly #end: () => void
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(kept: Kept) {
    this.#kept = kept
    let isFirst = true
    this.#end = effect(() => {
      void kept.changed.value
      if (!isFirst) this.#timer ??= setTimeout(() => void this.save(), DELAY)
      isFirst = false
    })
  }

  /**
   * A full disk is no reason to end: then what was there before is there later. Nor is another tab that has the store now,
   * and keeps what it has.
   */
  async save(isWithoutChange = false): Promise<void> {
    if (this.#timer === undefined && !isWithoutChange) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    await this.#kept.write(this.#kept.content()).catch((error) => {
      const isFull = error instanceof DOMException && error.name === 'QuotaExceededError'
      if (!isFull && !(error instanceof ProtocolError && error.code === 'state-locked')) throw error
    })
  }

  /** Saves once more. */
  async end(): Promise<void> {
    this.#end()
    await this.save()
  }
}
