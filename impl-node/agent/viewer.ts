// One controller that watches one terminal: its own place in the ring, its own credit, its own pace.

import { limits } from '@happy-remote/schemas/limits.ts'
import type { Caller, OutgoingStream } from './handler.ts'
import type { Ring } from './ring.ts'

/** First wait after output that was sent at once; it doubles up to `coalesce` while output goes on. */
const FIRST_GATHER = 1

export interface ViewerHost {
  /** Longest time in ms for which output is gathered into one chunk. */
  readonly coalesce: number
  /** Whether the viewer can take more may have changed. */
  onChange(): void
  /** The stream has ended: with its session, or after the last byte. */
  onGone(viewer: Viewer): void
}

/**
 * Sends a ring's bytes as a stream, from `offset` on (spec/rpc.md, streams).
 *
 * The first bytes after quiet go out at once; what follows is gathered for 1, 2, 4 … `coalesce` ms, or
 * until a chunk is full. Credit is an absolute offset, `limits.terminalWindow` above `offset` at first.
 *
 * Where the ring has overtaken the viewer, the next chunk's offset is larger than the end of the last:
 * the receiver sees the hole by that. The hole costs no credit: the limit moves by its length, so that
 * a receiver which grants from what it has received never waits for bytes that are gone.
 */
export class Viewer {
  readonly deviceId: string
  readonly #ring: Ring
  readonly #stream: OutgoingStream
  readonly #host: ViewerHost
  #next: number
  #limit: number
  #gather = FIRST_GATHER
  #timer: NodeJS.Timeout | undefined
  #started = false
  #blocked = false
  #complete = false
  #gone = false

  constructor(caller: Caller, ring: Ring, offset: number, host: ViewerHost) {
    this.deviceId = caller.deviceId
    this.#ring = ring
    this.#host = host
    this.#next = offset
    this.#limit = offset + limits.terminalWindow
    this.#stream = caller.openStream({ onDrain: () => this.#drained(), onEnd: () => this.#leave() })
  }

  get streamId(): number {
    return this.#stream.streamId
  }

  /** False while it waits for credit or for the session's window. */
  get able(): boolean {
    return !this.#started || (!this.#blocked && this.#limit > this.#next)
  }

  /** Called once the response that names the stream is on its way. */
  start(): void {
    if (this.#gone) return
    this.#started = true
    this.output()
    this.#settle()
  }

  /** The ring has grown. */
  output(): void {
    if (!this.#started || this.#gone) return
    if (this.#timer !== undefined) this.#flush(limits.chunkMax)
    else if (this.#flush(1)) this.#arm()
  }

  /** The ring will not grow any more. */
  complete(): void {
    this.#complete = true
    this.#flush(1)
    this.#settle()
  }

  /** Lets it run up to an absolute offset; less than before changes nothing. */
  grant(upTo: number): void {
    this.#limit = Math.max(this.#limit, upTo)
    this.#flush(1)
    this.#settle()
  }

  /** Ends it from this side; the host is not told. */
  detach(): void {
    if (this.#gone) return
    this.#gone = true
    clearTimeout(this.#timer)
    this.#stream.close()
  }

  /** Sends while there are `least` bytes, credit and room in the session; true where it sent. */
  #flush(least: number): boolean {
    let sent = false
    if (!this.#started) return sent
    while (!this.#gone && !this.#blocked && this.#limit > this.#next) {
      const hole = Math.max(0, this.#ring.oldest - this.#next)
      this.#next += hole
      this.#limit += hole
      const ready = this.#ring.end - this.#next
      if (ready < least) break
      const bytes = this.#ring.read(this.#next, Math.min(limits.chunkMax, this.#limit - this.#next))
      this.#blocked = !this.#stream.send(this.#next, bytes)
      if (this.#blocked) break
      this.#next += bytes.length
      sent = true
    }
    return sent
  }

  #arm(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#flush(1)) {
        this.#gather = Math.min(2 * this.#gather, this.#host.coalesce)
        this.#arm()
        this.#host.onChange()
      } else {
        this.#gather = FIRST_GATHER
      }
    }, this.#gather)
  }

  #drained(): void {
    this.#blocked = false
    this.#flush(1)
    this.#settle()
  }

  #settle(): void {
    if (this.#complete && this.#started && this.#next === this.#ring.end) this.#leave()
    else this.#host.onChange()
  }

  #leave(): void {
    if (this.#gone) return
    this.detach()
    this.#host.onGone(this)
  }
}
