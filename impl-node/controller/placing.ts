// Output by offset: what comes too early is kept for a moment, what came before is not shown again
// (spec/session.md, stream chunks).

import { limits } from '@happy-remote/schemas/limits.ts'

interface Early {
  readonly bytes: Uint8Array
  readonly age: number | null
}

/** Chunks kept; who needs more of them attaches again. */
const EARLY_MAX = 1_024

export class Placing {
  readonly #onData: (bytes: Uint8Array, age: number | null) => void
  #early = new Map<number, Early>()
  #earlyBytes = 0
  #next: number

  /** `onData` is handed each byte once, in order, from the offset `next` on. */
  constructor(next: number, onData: (bytes: Uint8Array, age: number | null) => void) {
    this.#next = next
    this.#onData = onData
  }

  get next(): number {
    return this.#next
  }

  get hasHole(): boolean {
    return this.#early.size > 0
  }

  place(offset: number, bytes: Uint8Array, age: number | null): void {
    if (offset > this.#next) {
      this.#keep(offset, bytes, age)
      return
    }
    this.#take(offset, bytes, age)
    if (this.#early.size === 0) return
    for (const [at, early] of [...this.#early].sort(([a], [b]) => a - b)) {
      if (at > this.#next) break
      this.#early.delete(at)
      this.#earlyBytes -= early.bytes.length
      this.#take(at, early.bytes, early.age)
    }
  }

  /** What lies before `next` does not come any more. */
  skipTo(next: number): void {
    this.#next = next
  }

  /** Drops what came too early: it comes again. */
  forget(): void {
    this.#early.clear()
    this.#earlyBytes = 0
  }

  #keep(offset: number, bytes: Uint8Array, age: number | null): void {
    const kept = this.#early.get(offset)?.bytes.length ?? 0
    const more = bytes.length - kept
    // More than the window cannot be on its way; the hole stays, and what is dropped comes again.
    if (more <= 0 || this.#earlyBytes + more > limits.terminalWindow) return
    if (kept === 0 && this.#early.size >= EARLY_MAX) return
    this.#early.set(offset, { bytes: new Uint8Array(bytes), age })
    this.#earlyBytes += more
  }

  #take(offset: number, bytes: Uint8Array, age: number | null): void {
    const known = this.#next - offset
    if (known >= bytes.length) return
    const news = bytes.subarray(known)
    this.#next += news.length
    this.#onData(news, age)
  }
}
