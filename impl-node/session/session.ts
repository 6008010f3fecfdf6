// One live session: ratchet, plaintext frames, acknowledgement and window (spec/session.md).

import type { Suite } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type ContentType, PLAINTEXT_HEADER, RATCHET_OVERHEAD } from '@happy-remote/schemas/session.ts'
import { decodeFrame, encodeFrame, type Frame, paddedSize } from './frame.ts'
import type { Ratchet } from './ratchet.ts'

/** Streams stop first, so that there is always room for a message, and control may go beyond. */
export type Traffic = 'stream' | 'message' | 'control'

const WINDOW: Record<Traffic, number> = {
  stream: limits.windowStream,
  message: limits.window,
  control: limits.window + limits.windowControl,
}

export interface OpenedFrame extends Frame {
  readonly seq: number
  readonly late: boolean
}

/** What is stored of a session beside its ratchet. */
export interface SessionPast {
  /** ms since 1970. */
  readonly startedAt: number
  /** Messages sealed and opened. */
  readonly generation: number
  readonly nextStream: number
}

export class Session {
  readonly ratchet: Ratchet
  /** ms since 1970. */
  readonly startedAt: number
  #generation = 0
  #nextStream = 1
  #keep: ((session: Session) => void) | null = null
  #acked = 0
  #outstanding: { seq: number; size: number }[] = []
  #outstandingBytes = 0
  #highest = 0
  #decryptFailures = 0

  constructor(ratchet: Ratchet, startedAt: number) {
    this.ratchet = ratchet
    this.startedAt = startedAt
  }

  /** One that was stored: what it has sent counts as acknowledged (session.persist.load). */
  static loaded(ratchet: Ratchet, { startedAt, generation, nextStream }: SessionPast): Session {
    const session = new Session(ratchet, startedAt)
    session.#generation = generation
    session.#nextStream = nextStream
    session.#acked = ratchet.nextSeq
    session.#highest = ratchet.nextReceived
    return session
  }

  /** Profile P: `keep` stores the session at each step, before anybody sees what came of it. */
  keepWith(keep: (session: Session) => void): void {
    this.#keep = keep
  }

  get generation(): number {
    return this.#generation
  }

  get nextStream(): number {
    return this.#nextStream
  }

  /** session.stream.id */
  takeStreamId(): number {
    return this.#nextStream++
  }

  get suite(): Suite {
    return this.ratchet.state.suite
  }

  /** Frames sent that the peer has not acknowledged. */
  get outstanding(): number {
    return this.#outstanding.length
  }

  /** Consecutive messages whose header MAC matched and whose AEAD did not. */
  get decryptFailures(): number {
    return this.#decryptFailures
  }

  /** Whether `size` bytes of content may be sent now. */
  hasRoom(traffic: Traffic, size: number): boolean {
    const messageSize = paddedSize(PLAINTEXT_HEADER + size) + RATCHET_OVERHEAD
    return (
      this.#outstanding.length < WINDOW[traffic] &&
      (traffic === 'control' || this.#outstandingBytes + messageSize <= limits.windowBytes)
    )
  }

  /** Throws ProtocolError `too-large`, `window`, `chain-exhausted`; nothing is sent then. */
  seal(contentType: ContentType, content: Uint8Array, fresh: Uint8Array): Uint8Array {
    const traffic = contentType === 'control' ? 'control' : contentType === 'stream' ? 'stream' : 'message'
    const frame = encodeFrame({ contentType, content, fresh, ack: this.#highest })
    if (!this.hasRoom(traffic, content.length)) throw new ProtocolError('window')
    const seq = this.ratchet.nextSeq
    const message = this.ratchet.encrypt(frame)
    this.#outstanding.push({ seq, size: message.length })
    this.#outstandingBytes += message.length
    // session.persist.before-send
    this.#advance()
    return message
  }

  /**
   * Opens a message whose header MAC is this session's. Throws ProtocolError as Ratchet.decrypt,
   * with the state unchanged; or `padding`, `type` for a frame that opened but is delivered to nobody.
   */
  open(message: Uint8Array, now: number): OpenedFrame {
    let opened: ReturnType<Ratchet['decrypt']>
    try {
      opened = this.ratchet.decrypt(message, now)
    } catch (error) {
      if (error instanceof ProtocolError && error.code === 'decrypt') this.#decryptFailures++
      throw error
    }
    this.#decryptFailures = 0
    this.#highest = Math.max(this.#highest, opened.seq + 1)
    // session.persist.before-deliver
    this.#advance()
    const frame = decodeFrame(opened.plaintext)
    this.#acknowledge(frame.ack)
    return { ...frame, seq: opened.seq, late: opened.late }
  }

  #advance(): void {
    this.#generation++
    this.#keep?.(this)
  }

  #acknowledge(ack: number): void {
    // An acknowledgement of what was never sent, or an older one, moves nothing.
    if (ack <= this.#acked || ack > this.ratchet.nextSeq) return
    this.#acked = ack
    const settled = this.#outstanding.findIndex(({ seq }) => seq >= ack)
    const gone = this.#outstanding.splice(0, settled < 0 ? this.#outstanding.length : settled)
    for (const { size } of gone) this.#outstandingBytes -= size
  }

  /** seq + 1 of the newest frame that the peer has acknowledged. */
  get acknowledged(): number {
    return this.#acked
  }
}
