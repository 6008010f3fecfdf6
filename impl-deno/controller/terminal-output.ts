// The output of one terminal: in order and each byte once, whatever the network did (spec/rpc.md, Output, Credit).

import { limits } from '@happy-remote/schemas/limits.ts'
import { copy } from '../crypto/bytes.ts'
import { Alarm, type Timers } from '../link/timers.ts'
import type { Session } from '../session/session.ts'

export interface OutputSink {
  /** Bytes of output; `offset` is that of the first one. */
  output(offset: number, bytes: Uint8Array, live: boolean): void
  /** Output from `from` up to `to` is no longer kept at the agent. */
  gap(from: number, to: number): void
  /** Lets the agent go on. */
  grant(streamId: number, upTo: number): void
  /** Bytes are missing: the agent is to be asked for everything from `next` on. */
  missing(): void
  /** Everything up to the end of an ended terminal has been taken in. */
  complete(): void
}

export interface Attachment {
  readonly session: Session
  readonly stream: number
  readonly offset: number
  readonly gap?: { readonly from: number; readonly to: number }
}

interface Held {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly live: boolean
}

/** Frames that were overtaken come within this many milliseconds, or never. */
const PATIENCE = 250
/** So long after the end of a terminal, or after its last chunk, the rest of its output counts as lost. */
const END_PATIENCE = 2_000

export class TerminalOutput {
  readonly #sink: OutputSink
  readonly #patience: Alarm
  #stream: Pick<Attachment, 'session' | 'stream'> | undefined
  #next = 0
  #held: Held[] = []
  #granted = 0
  #end = Number.POSITIVE_INFINITY
  #completed = false

  constructor(timers: Timers, sink: OutputSink) {
    this.#sink = sink
    this.#patience = new Alarm(timers)
  }

  /** How many bytes were taken in, or are known to be lost. */
  get next(): number {
    return this.#next
  }

  /** Another stream carries the output from now on. With `from` it is the first one, and begins where the person asked for. */
  attached({ session, stream, offset, gap }: Attachment, from?: number): void {
    if (from !== undefined) this.#next = from
    this.#stream = { session, stream }
    this.#held = []
    this.#patience.clear()
    // rpc.credit.initial
    this.#granted = offset + limits.terminalWindow
    const lost = gap ?? (offset > this.#next ? { from: this.#next, to: offset } : undefined)
    if (lost && lost.to > this.#next) {
      this.#sink.gap(this.#next, lost.to)
      this.#next = lost.to
    }
    this.#checkEnd()
  }

  /** Whether chunks of this stream are meant for this terminal. */
  isFrom(session: Session, stream: number): boolean {
    return this.#stream?.stream === stream && this.#stream.session === session
  }

  chunk(offset: number, bytes: Uint8Array, live: boolean): void {
    if (offset > this.#next) {
      // Overtaken, lost or skipped: only asking again tells (rpc.credit.hole).
      this.#held.push({ offset, bytes: copy(bytes), live })
      if (!this.#patience.isSet) this.#patience.set(PATIENCE, () => this.#sink.missing())
      return
    }
    this.#take({ offset, bytes, live })
    this.#held.sort((a, b) => a.offset - b.offset)
    while (this.#held[0] && this.#held[0].offset <= this.#next) this.#take(this.#held.shift() as Held)
    if (this.#held.length === 0) this.#patience.clear()
    this.#grant()
    this.#checkEnd()
  }

  /** The terminal has ended after that many bytes. */
  ended(end: number): void {
    this.#end = end
    this.#checkEnd()
  }

  close(): void {
    this.#patience.clear()
  }

  /** What was taken in before is left out (session.stream.overlap). */
  #take({ offset, bytes, live }: Held): void {
    const fresh = bytes.subarray(this.#next - offset)
    if (fresh.length === 0) return
    const at = this.#next
    this.#next += fresh.length
    this.#sink.output(at, fresh, live)
  }

  /** rpc.credit.grant: each time that half of it is used */
  #grant(): void {
    const upTo = this.#next + limits.terminalWindow
    if (!this.#stream || upTo - this.#granted < limits.terminalWindow / 2) return
    this.#granted = upTo
    this.#sink.grant(this.#stream.stream, upTo)
  }

  #checkEnd(): void {
    if (this.#completed || this.#end === Number.POSITIVE_INFINITY) return
    if (this.#next < this.#end) {
      if (!this.#patience.isSet) this.#patience.set(END_PATIENCE, () => this.#sink.missing())
      return
    }
    this.#completed = true
    this.#patience.clear()
    this.#sink.complete()
  }
}
