// A session: one ratchet with its window, used by one operation at a time (spec/session.md).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { type ContentType, PLAINTEXT_HEADER, RATCHET_OVERHEAD } from '@happy-remote/schemas/session.ts'
import type { Bytes } from '../crypto/bytes.ts'
import type { DhKeyPair } from '../crypto/x25519.ts'
import { type Clock, systemClock } from './clock.ts'
import { decodeFrame, encodeFrame, type Frame, paddedLength } from './frame.ts'
import type { Established } from './handshake.ts'
import { exportImage, importImage } from './image.ts'
import { fitsHeaderKey, type ParsedMessage } from './message.ts'
import { Queue } from './queue.ts'
import { decrypt, encrypt, nextReceived, nextSent, type RatchetState, startRatchet, withoutExpired } from './ratchet.ts'
import { SUITE_MLKEM } from './suite.ts'
import { AckDuty, type FrameKind, SendWindow } from './window.ts'

export interface SessionOptions {
  readonly clock?: Clock
  /** Where it was stored: when it began, in milliseconds of the monotonic clock, and its next stream. */
  readonly startedAt?: number
  readonly nextStream?: number
}

export interface Outgoing {
  readonly contentType: ContentType
  readonly content: Uint8Array
  /** 8 bytes, of `Echo`. */
  readonly fresh: Uint8Array
  /** `claude.delta` events are `stream`; otherwise it follows from the content type. */
  readonly kind?: FrameKind
}

export interface Opened {
  readonly session: Session
  readonly seq: number
  /** A later message of the session came first. */
  readonly late: boolean
  /** Null where the plaintext frame was refused: it is acknowledged and delivered to nobody. */
  readonly frame: Frame | null
  /** Why, as ProtocolError `padding` or `type`. */
  readonly refused: ProtocolError | null
}

const KINDS: Record<ContentType, FrameKind> = { control: 'control', rpc: 'message', batch: 'message', stream: 'stream' }

export class Session {
  readonly #queue = new Queue()
  readonly #clock: Clock
  readonly #window: SendWindow
  /** What this side owes the peer for what it has opened. */
  readonly ackDuty = new AckDuty()
  /** Milliseconds of the monotonic clock. */
  readonly startedAt: number
  #state: RatchetState
  #keep: ((image: Bytes) => Promise<void>) | undefined
  #nextStream: number
  /** The newest message sent that obliges the peer to acknowledge; -1 if none. */
  #obliging = -1
  #erased = false
  #failures = 0
  #skipLimit = false

  private constructor(state: RatchetState, acknowledged: number, options: SessionOptions) {
    const { clock = systemClock, startedAt = clock.monotonic(), nextStream = 1 } = options
    this.#state = state
    this.#window = new SendWindow(acknowledged)
    this.#clock = clock
    this.startedAt = startedAt
    this.#nextStream = nextStream
  }

  /** The session of a handshake that is proven. */
  static async start(established: Established, options: SessionOptions = {}): Promise<Session> {
    return new Session(await startRatchet(established), 0, options)
  }

  /** A session from its image (session.persist.load). Throws ProtocolError `state-corrupt`. */
  static async load(image: Uint8Array, options: SessionOptions = {}, external?: CryptoKey): Promise<Session> {
    const state = await importImage(image, (options.clock ?? systemClock).monotonic(), external)
    return new Session(state, nextSent(state), options)
  }

  /**
   * Profile P: from now on `keep` gets each new state, and is awaited before a message leaves and before one is
   * delivered (session.persist.before-send, session.persist.before-deliver).
   */
  keepWith(keep: (image: Bytes) => Promise<void>): void {
    this.#keep = keep
  }

  /** The id of the next stream that this side begins. */
  get nextStream(): number {
    return this.#nextStream
  }

  /** session.stream.id */
  newStream(): number {
    return this.#nextStream++
  }

  get id(): Uint8Array {
    return this.#state.sessionId
  }

  get role(): RatchetState['role'] {
    return this.#state.role
  }

  get suite(): number {
    return this.#state.suite
  }

  get outstanding(): number {
    return this.#window.outstanding
  }

  /** seq + 1 of the newest own message that the peer has opened. */
  get acknowledged(): number {
    return this.#window.acknowledged
  }

  /** Whether the peer owes an acknowledgement: for frames that carry only `ack` it owes none. */
  get unanswered(): boolean {
    return this.#obliging >= this.#window.acknowledged
  }

  /** Whether a message is of this session (session.select.header). */
  matches(message: ParsedMessage): boolean {
    return !this.#erased && message.suite === this.#state.suite && fitsHeaderKey(message, this.#state.headerReceive)
  }

  /** Whether `send` would find room for that much content now. */
  admits(contentType: ContentType, length: number, kind = KINDS[contentType]): boolean {
    return this.#window.admits(kind, messageSize(length))
  }

  /**
   * Seals one frame; the bytes are the payload of a routed frame. Throws ProtocolError `window` or
   * `chain-exhausted`, RangeError for content that is too large; then nothing has changed.
   */
  send({ contentType, content, fresh, kind = KINDS[contentType] }: Outgoing): Promise<Bytes> {
    return this.#queue.run(async () => {
      this.#requireLive()
      this.#window.require(kind, messageSize(content.length))
      // session.frame.ack
      const plaintext = encodeFrame({ contentType, fresh, ack: nextReceived(this.#state), content })
      const sealed = await encrypt(this.#state, plaintext)
      this.#replace(sealed.state)
      this.#window.sent(sealed.frame.length)
      if (!isAckAlone(contentType, content)) this.#obliging = sealed.seq
      this.ackDuty.answered()
      await this.#store()
      return sealed.frame
    })
  }

  /**
   * Opens a message that `matches`. Throws a ProtocolError of `decrypt`; then nothing has changed
   * but the counts that trigger a rekey.
   */
  receive(message: ParsedMessage, nextKey?: () => Promise<DhKeyPair>): Promise<Opened> {
    return this.#queue.run(async () => {
      this.#requireLive()
      const now = this.#clock.monotonic()
      const opened = await decrypt(this.#state, message, now, nextKey).catch((error) => {
        this.#count(error)
        throw error
      })
      this.#failures = 0
      this.#replace(opened.state)
      await this.#store()
      const { seq, late, plaintext } = opened
      try {
        const frame = decodeFrame(plaintext)
        this.#window.acknowledge(frame.ack)
        this.ackDuty.opened(now, isAckAlone(frame.contentType, frame.content))
        return { session: this, seq, late, frame, refused: null }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        // session.frame.refused: it was authentic, so it counts as opened and is acknowledged
        this.ackDuty.opened(now, false)
        return { session: this, seq, late, frame: null, refused: error }
      }
    })
  }

  /** The state image, taken between two operations. */
  export(): Promise<Bytes> {
    return this.#queue.run(() => {
      this.#requireLive()
      return exportImage(this.#state)
    })
  }

  /** Drops skipped keys whose time is over; to be called now and then (session.receive.skipped-ttl). */
  prune(): Promise<void> {
    return this.#queue.run(async () => {
      const skipped = withoutExpired(this.#state.skipped, this.#clock.monotonic())
      if (skipped.length !== this.#state.skipped.length) this.#state = { ...this.#state, skipped }
    })
  }

  /** Why this session should be replaced, if it should (pairing.rekey.triggers). */
  trigger(): RekeyReason | null {
    const age = this.#clock.monotonic() - this.startedAt
    const old = age >= (this.suite === SUITE_MLKEM ? limits.sessionAgePostQuantum : limits.sessionAge)
    const used = Math.max(nextSent(this.#state), nextReceived(this.#state)) >= limits.sessionMessages
    if (this.#skipLimit) return 'skip-limit'
    if (this.#failures >= limits.decryptFailures) return 'decrypt-failures'
    return old || used ? 'age-or-count' : null
  }

  /** Ends the session and overwrites its keys; what is queued behind this fails. */
  erase(): Promise<void> {
    return this.#queue.run(async () => {
      this.#erased = true
      const { rootKey, chainSend, chainReceive, headerSend, headerReceive, skipped } = this.#state
      const stored = skipped.map((key) => key.messageKey)
      for (const secret of [rootKey, chainSend, chainReceive, headerSend, headerReceive, ...stored]) secret?.fill(0)
    })
  }

  #requireLive(): void {
    if (this.#erased) throw new ProtocolError('header', 'Cannot use a session that was erased')
  }

  #count(error: unknown): void {
    if (!(error instanceof ProtocolError)) return
    if (error.code === 'decrypt') this.#failures++
    if (error.code === 'skip-limit') this.#skipLimit = true
  }

  /** Commits a state and overwrites the keys that only the old one had (security.secret.erase). */
  #replace(next: RatchetState): void {
    const old = this.#state
    this.#state = next
    if (old.rootKey !== next.rootKey) old.rootKey.fill(0)
    if (old.chainSend !== next.chainSend) old.chainSend.fill(0)
    if (old.chainReceive !== next.chainReceive) old.chainReceive?.fill(0)
    const kept = new Set(next.skipped)
    for (const key of old.skipped) if (!kept.has(key)) key.messageKey.fill(0)
  }

  async #store(): Promise<void> {
    if (this.#keep) await this.#keep(await exportImage(this.#state))
  }
}

const messageSize = (length: number): number => RATCHET_OVERHEAD + paddedLength(PLAINTEXT_HEADER + length)

function isAckAlone(contentType: ContentType, content: Uint8Array): boolean {
  if (contentType !== 'control') return false
  try {
    return (JSON.parse(new TextDecoder().decode(content)) as { type?: unknown } | null)?.type === 'ack'
  } catch {
    return false
  }
}
