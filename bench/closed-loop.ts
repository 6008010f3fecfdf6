// A server under a load that waits for it: each frame that arrives lets the next one go.

import { OpenLoop } from './open-loop.ts'
import { DIALECTS, type Pair } from './pair.ts'
import type { RawClient } from './raw-client.ts'
import { PROGRAMS, type ProgramName, Subject } from './subject.ts'

export interface Load {
  /** Bytes of a frame. */
  readonly size: number
  /** Pairs of connections; each sends to the other, both ways at once. */
  readonly pairs: number
  /** Frames on their way at any time, for each direction of each pair. */
  readonly window: number
}

/** What no load reaches. */
export const LIMITS = { framesPerSecond: 1_000_000_000, bytesPerSecond: 1_000_000_000_000 }
/** ms for the last frames to arrive. */
const PATIENCE = 10_000

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Whose CPU counts. */
export type Measurable = Pick<Subject, 'usage' | 'end'> & { readonly name: string }

export class ClosedLoop {
  readonly #measured: readonly Measurable[]
  readonly #pairs: readonly Pair[]
  readonly #window: number
  readonly #starts: (() => void)[] = []
  #isRunning = false
  #frames = 0
  #inFlight = 0

  constructor(measured: readonly Measurable[], pairs: readonly Pair[], window: number) {
    this.#measured = measured
    this.#pairs = pairs
    this.#window = window
    for (const { a, b, aToB, bToA, arriving } of pairs) {
      this.#direction(a, b, aToB, arriving)
      this.#direction(b, a, bToA, arriving)
    }
  }

  static async begin(name: ProgramName, { size, pairs, window }: Load): Promise<ClosedLoop> {
    const subject = await Subject.start(name, { limits: LIMITS })
    const { url } = subject
    try {
      const connectPair = DIALECTS[PROGRAMS[name].speaks]
      const connected: Pair[] = []
      for (let i = 0; i < pairs; i++) connected.push(await connectPair([url, url], String(i), size))
      return new ClosedLoop([subject], connected, window)
    } catch (error) {
      await subject.end()
      throw error
    }
  }

  #direction(from: RawClient, to: RawClient, frame: Buffer, arriving: number): void {
    const many = Buffer.concat(Array.from({ length: this.#window }, () => frame))
    let bytes = 0
    to.listen((chunk) => {
      bytes += chunk.length
      const whole = Math.floor(bytes / arriving)
      if (whole === 0) return
      bytes -= whole * arriving
      this.#frames += whole
      if (this.#isRunning) from.socket.write(many.subarray(0, whole * frame.length))
      else this.#inFlight -= whole
    })
    this.#starts.push(() => {
      from.socket.write(many)
      this.#inFlight += this.#window
    })
  }

  /** Runs the load for so many ms. Microseconds of CPU per frame, of all and of each, and frames in a second. */
  async measure(
    ms: number,
  ): Promise<{ readonly cpu: number; readonly each: readonly number[]; readonly rate: number }> {
    this.#isRunning = true
    for (const start of this.#starts) start()
    const [began, before, framesBefore] = [performance.now(), await this.#usage(), this.#frames]
    await wait(ms)
    const [after, frames] = [await this.#usage(), this.#frames - framesBefore]
    const seconds = (performance.now() - began) / 1_000
    this.#isRunning = false
    await this.#settle()
    if (frames === 0) throw new Error(`Cannot measure ${this.#name}: it forwards nothing`)
    const each = after.map((cpu, at) => (cpu - (before[at] as number)) / frames)
    return { cpu: each.reduce((sum, cpu) => sum + cpu), each, rate: frames / seconds }
  }

  get #name(): string {
    return this.#measured.map(({ name }) => name).join(' and ')
  }

  async #usage(): Promise<number[]> {
    return Promise.all(this.#measured.map(async (one) => (await one.usage()).cpu))
  }

  /** The same clients under a load that does not wait; this one is over then. */
  open(): OpenLoop {
    return new OpenLoop(this.#pairs)
  }

  async #settle(): Promise<void> {
    for (const latest = performance.now() + PATIENCE; this.#inFlight > 0; await wait(5)) {
      if (performance.now() > latest) {
        throw new Error(`Cannot measure ${this.#name}: ${this.#inFlight} frames have not arrived`)
      }
    }
  }

  async end(): Promise<void> {
    for (const { a, b } of this.#pairs) for (const { socket } of [a, b]) socket.destroy()
    await Promise.all(this.#measured.map((one) => one.end()))
  }
}
