// A server under a load that does not wait for it: frames are due at fixed times, and count from when they were due, not
// from when they could be sent. So a server that stands still is charged for all that should have passed meanwhile.

import type { Pair } from './pair.ts'
import type { RawClient } from './raw-client.ts'

/** When the frames of one direction are due: `interval` ms apart. */
export class Schedule {
  readonly #first: number
  readonly #interval: number
  #sent = 0
  #arrived = 0

  constructor(first: number, interval: number) {
    this.#first = first
    this.#interval = interval
  }

  /** How many frames are due at `now` and were not sent; they are sent by that. */
  take(now: number): number {
    const due = now < this.#first ? 0 : Math.floor((now - this.#first) / this.#interval) + 1
    const count = Math.max(0, due - this.#sent)
    this.#sent += count
    return count
  }

  /** The next frame is here: ms since it was due. */
  arrive(now: number): number {
    return now - (this.#first + this.#arrived++ * this.#interval)
  }

  get missing(): number {
    return this.#sent - this.#arrived
  }
}

interface Direction {
  readonly from: RawClient
  readonly frame: Buffer
  schedule: Schedule
  /** Of a frame that has begun to arrive. */
  bytes: number
}

/** ms for the last frames to arrive. A server that cannot keep up has a queue, which counts. */
const PATIENCE = 10_000

export class OpenLoop {
  readonly #directions: Direction[] = []
  #times: number[] = []

  /** Takes over what arrives at the clients of these pairs. */
  constructor(pairs: readonly Pair[]) {
    for (const { a, b, aToB, bToA, arriving } of pairs) {
      this.#direction(a, b, aToB, arriving)
      this.#direction(b, a, bToA, arriving)
    }
  }

  #direction(from: RawClient, to: RawClient, frame: Buffer, arriving: number): void {
    const direction: Direction = { from, frame, schedule: new Schedule(0, 1), bytes: 0 }
    this.#directions.push(direction)
    to.listen((chunk) => {
      const now = performance.now()
      direction.bytes += chunk.length
      for (; direction.bytes >= arriving; direction.bytes -= arriving) {
        this.#times.push(direction.schedule.arrive(now))
      }
    })
  }

  /** `rate` frames a second for so many ms, the directions after one another. ms of each frame, from when it was due. */
  async measure(rate: number, ms: number): Promise<number[]> {
    this.#times = []
    const began = performance.now()
    const interval = (this.#directions.length * 1_000) / rate
    for (const [at, direction] of this.#directions.entries()) {
      direction.schedule = new Schedule(began + (at * interval) / this.#directions.length, interval)
    }
    // Between any two looks at what has arrived.
    for (let now = began; now < began + ms; now = performance.now()) {
      for (const { from, frame, schedule } of this.#directions) {
        const count = schedule.take(now)
        if (count === 1) from.socket.write(frame)
        else if (count > 1) from.socket.write(Buffer.concat(new Array<Buffer>(count).fill(frame)))
      }
      await new Promise(setImmediate)
    }
    const latest = performance.now() + PATIENCE
    const missing = () => this.#directions.reduce((sum, { schedule }) => sum + schedule.missing, 0)
    while (missing() > 0) {
      if (performance.now() > latest)
        throw new Error(`${missing()} frames have not arrived after ${PATIENCE / 1_000} s`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return this.#times
  }
}
