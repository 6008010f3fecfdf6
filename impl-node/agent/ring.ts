// The newest bytes of a stream that never stops, addressed by offset from its first byte.

/** Keeps the last `size` bytes pushed. Offsets are bytes from 0, counted over everything ever pushed. */
export class Ring {
  readonly #bytes: Uint8Array
  #end = 0

  constructor(size: number) {
    // Unzeroed: a page that was never written costs no memory, so a quiet terminal stays small.
    this.#bytes = Buffer.allocUnsafeSlow(size)
  }

  /** Offset of the oldest byte kept. */
  get oldest(): number {
    return Math.max(0, this.#end - this.#bytes.length)
  }

  /** Offset of the next byte to come. */
  get end(): number {
    return this.#end
  }

  push(bytes: Uint8Array): void {
    const size = this.#bytes.length
    const kept = bytes.length > size ? bytes.subarray(bytes.length - size) : bytes
    const start = (this.#end + bytes.length - kept.length) % size
    const head = Math.min(kept.length, size - start)
    this.#bytes.set(kept.subarray(0, head), start)
    this.#bytes.set(kept.subarray(head), 0)
    this.#end += bytes.length
  }

  /** A copy of at most `max` bytes from `offset`, which must be between `oldest` and `end`. */
  read(offset: number, max: number): Uint8Array {
    if (offset < this.oldest || offset > this.#end) {
      throw new RangeError(`Cannot read from ${offset}: kept are ${this.oldest} to ${this.#end}`)
    }
    const size = this.#bytes.length
    const length = Math.min(max, this.#end - offset)
    const start = offset % size
    const head = Math.min(length, size - start)
    const out = new Uint8Array(length)
    out.set(this.#bytes.subarray(start, start + head))
    out.set(this.#bytes.subarray(0, length - head), head)
    return out
  }
}
