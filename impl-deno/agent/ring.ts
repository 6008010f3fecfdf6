// The newest output of a terminal, addressed by the number of bytes before it (rpc.terminal.ring).

import { limits } from '@happy-remote/schemas/limits.ts'

export class Ring {
  readonly #capacity: number
  #bytes: Uint8Array<ArrayBuffer>
  #end = 0

  constructor(capacity: number = limits.terminalRing) {
    this.#capacity = capacity
    this.#bytes = new Uint8Array(Math.min(capacity, 16_384))
  }

  /** Number of bytes since the beginning. */
  get end(): number {
    return this.#end
  }

  /** Offset of the oldest byte kept. */
  get oldest(): number {
    return Math.max(0, this.#end - this.#capacity)
  }

  append(bytes: Uint8Array): void {
    if (this.#bytes.length < this.#capacity && this.#end + bytes.length > this.#bytes.length) this.#grow(bytes.length)
    // Of more than the whole ring only the end stays.
    const kept = bytes.subarray(Math.max(0, bytes.length - this.#bytes.length))
    const at = (this.#end + bytes.length - kept.length) % this.#bytes.length
    const head = kept.subarray(0, this.#bytes.length - at)
    this.#bytes.set(head, at)
    this.#bytes.set(kept.subarray(head.length), 0)
    this.#end += bytes.length
  }

  /** A copy of the bytes from `from` up to `to`, both of them kept. */
  slice(from: number, to: number): Uint8Array<ArrayBuffer> {
    const size = this.#bytes.length
    const copied = new Uint8Array(to - from)
    const at = from % size
    const head = this.#bytes.subarray(at, Math.min(size, at + copied.length))
    copied.set(head, 0)
    copied.set(this.#bytes.subarray(0, copied.length - head.length), head.length)
    return copied
  }

  /** Nothing has been overwritten before the ring has its full size, so offsets are places until then. */
  #grow(more: number): void {
    const wanted = Math.max(2 * this.#bytes.length, this.#end + more)
    const grown = new Uint8Array(Math.min(this.#capacity, wanted))
    grown.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = grown
  }
}
