// What a TCP connection carries, later than it came and in its order.

import { Transform, type TransformCallback } from 'node:stream'

export class Delay extends Transform {
  readonly #ms: () => number
  readonly #waiting: { readonly due: number; readonly go: () => void }[] = []
  #timer: NodeJS.Timeout | undefined

  /** `ms` is asked for each chunk; with 0 nothing waits, unless something before it does. */
  constructor(ms: () => number) {
    super()
    this.#ms = ms
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#later(() => this.push(chunk))
    // A network that is slow takes what it is given: only what the sender has sent counts.
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#later(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#waiting.length = 0
    done(error)
  }

  #later(go: () => void): void {
    const ms = this.#ms()
    if (ms === 0 && this.#waiting.length === 0) {
      go()
      return
    }
    this.#waiting.push({ due: performance.now() + ms, go })
    if (this.#waiting.length === 1) this.#wait()
  }

  #wait(): void {
    const [first] = this.#waiting
    if (first) this.#timer = setTimeout(() => this.#goOn(), Math.max(0, first.due - performance.now()))
  }

  #goOn(): void {
    for (let first = this.#waiting[0]; first && first.due <= performance.now(); first = this.#waiting[0]) {
      this.#waiting.shift()
      first.go()
    }
    this.#wait()
  }
}
