// How far a sender may run ahead, and when a receiver must answer (spec/session.md, Window).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'

/** `stream` is for stream chunks and for `claude.delta` events. */
export type FrameKind = 'stream' | 'message' | 'control'

const FRAMES: Record<FrameKind, number> = {
  stream: limits.windowStream,
  message: limits.window,
  control: limits.window + limits.windowControl,
}

/** The messages of one direction that the peer has not acknowledged. */
export class SendWindow {
  #acknowledged: number
  readonly #sizes: number[] = []
  #bytes = 0

  /** A new session begins at 0, a loaded one at what it has sent (session.persist.load). */
  constructor(acknowledged: number) {
    this.#acknowledged = acknowledged
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  get outstanding(): number {
    return this.#sizes.length
  }

  get outstandingBytes(): number {
    return this.#bytes
  }

  /** Whether a message of `size` bytes may be sent now (session.window.frames, session.window.bytes). */
  admits(kind: FrameKind, size: number): boolean {
    if (this.#sizes.length >= FRAMES[kind]) return false
    return kind === 'control' || this.#bytes + size <= limits.windowBytes
  }

  /** Throws ProtocolError `window`: the frame waits. */
  require(kind: FrameKind, size: number): void {
    if (!this.admits(kind, size)) {
      throw new ProtocolError('window', `Cannot send a ${kind} frame: ${this.#sizes.length} are outstanding`)
    }
  }

  sent(size: number): void {
    this.#sizes.push(size)
    this.#bytes += size
  }

  /** Takes the `ack` of an opened frame; true where it has moved. A bogus one counts for nothing (session.window.bogus-ack). */
  acknowledge(ack: number): boolean {
    const count = ack - this.#acknowledged
    if (count <= 0 || count > this.#sizes.length) return false
    for (const size of this.#sizes.splice(0, count)) this.#bytes -= size
    this.#acknowledged = ack
    return true
  }
}

/** When a receiver owes its peer a frame (session.window.ack). */
export class AckDuty {
  #opened = 0
  #since: number | undefined

  /** `onlyAck`: the frame carried only `ack` and obliges to nothing (session.window.ack-alone). */
  opened(now: number, onlyAck: boolean): void {
    if (onlyAck) return
    this.#opened++
    this.#since ??= now
  }

  /** Every own frame acknowledges. */
  answered(): void {
    this.#opened = 0
    this.#since = undefined
  }

  /** When a frame is due, in milliseconds of the clock of `opened`; at once is 0, undefined is never. */
  get due(): number | undefined {
    if (this.#opened >= limits.ackEvery) return 0
    return this.#since === undefined ? undefined : this.#since + limits.ackDelay
  }
}
