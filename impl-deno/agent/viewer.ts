// One controller that sees a terminal: what it is sent, and how far (spec/rpc.md, Output, Credit).

import { limits } from '@happy-remote/schemas/limits.ts'
import { Alarm, type Timers } from '../link/timers.ts'
import type { Ring } from './ring.ts'

/** How the chunks of a stream leave. Each session has streams of its own. */
export interface StreamPort {
  /** One that was not used before in this session (session.stream.id). */
  newStreamId(): number
  /** Resolves when the chunk was handed to the connection; rejects where it never will be. */
  sendChunk(streamId: number, offset: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>
}

/** With both headers a frame of 64 KiB, which needs no padding. */
const CHUNK = limits.chunkMax - 30

/** ms for which output is gathered behind what came after a quiet time; it doubles as long as output goes on. */
const FIRST_GATHER = 1

export class Viewer {
  readonly streamId: number
  readonly #port: StreamPort
  readonly #ring: Ring
  readonly #moved: () => void
  /** Set while what is less than a chunk waits for company. */
  readonly #gathering: Alarm
  readonly #ended = new AbortController()
  #next: number
  #credit: number
  #started = false
  #sending = false
  #gather = FIRST_GATHER

  /** `moved` is called when its credit may have changed. */
  constructor(port: StreamPort, ring: Ring, offset: number, timers: Timers, moved: () => void) {
    this.#port = port
    this.#ring = ring
    this.#moved = moved
    this.#gathering = new Alarm(timers)
    this.streamId = port.newStreamId()
    this.#next = offset
    // rpc.credit.initial
    this.#credit = offset + limits.terminalWindow
  }

  /** Whether it may be sent a byte that was not read yet: what was read and not sent uses its credit as well. */
  get hasCredit(): boolean {
    return this.#ring.end < this.#credit
  }

  /** To be called when the result that names the stream has left (rpc.stream.name-first). */
  start(): void {
    this.#started = true
    this.wake()
  }

  /** rpc.credit.raise */
  grant(upTo: number): void {
    this.#credit = Math.max(this.#credit, upTo)
    this.#moved()
    this.wake()
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#started && !this.#sending) void this.#send()
  }

  end(): void {
    this.#ended.abort()
    this.#gathering.clear()
  }

  /** One chunk at a time: what waits for the window or for credit waits here (rpc.credit.isolation). */
  async #send(): Promise<void> {
    this.#sending = true
    try {
      for (let chunk = this.#take(); chunk; chunk = this.#take()) {
        this.#moved()
        await this.#port.sendChunk(this.streamId, chunk.offset, chunk.bytes, this.#ended.signal)
      }
    } catch {
      // The session is over, and its streams with it (session.stream.end).
      this.end()
    } finally {
      this.#sending = false
    }
  }

  #take(): { offset: number; bytes: Uint8Array } | undefined {
    // What is skipped costs no credit, but only one that has some goes on: its grants count from what it has seen.
    if (this.#ended.signal.aborted || this.#next >= this.#credit) return undefined
    const skipped = this.#ring.oldest - this.#next
    if (skipped > 0) {
      // rpc.credit.hole
      this.#next += skipped
      this.#credit += skipped
    }
    // rpc.credit.limit
    const to = Math.min(this.#ring.end, this.#credit, this.#next + CHUNK)
    if (to <= this.#next) return undefined
    // rpc.credit.coalesce: what comes after a quiet time is not kept waiting, and an echo that follows it not for long
    if (this.#gathering.isSet && to - this.#next < CHUNK) return undefined
    if (!this.#gathering.isSet) this.#gathering.set(this.#gather, () => this.#gathered())
    const offset = this.#next
    this.#next = to
    return { offset, bytes: this.#ring.slice(offset, to) }
  }

  #gathered(): void {
    const isQuiet = this.#next === this.#ring.end
    this.#gather = isQuiet ? FIRST_GATHER : Math.min(2 * this.#gather, limits.terminalCoalesce)
    this.wake()
  }
}
