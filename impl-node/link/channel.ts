// The sending side of a pairing: messages in order, control ahead of them, streams behind, all within
// the session's window (spec/session.md).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type ContentType, type ControlMessage, StreamChunk } from '@happy-remote/schemas/session.ts'
import type { Session } from '../session/session.ts'
import { Batcher, type Outgoing } from './batch.ts'
import { splitBody } from './bodies.ts'

export interface ChannelHooks {
  /** Hands a sealed message to the relay. */
  transmit(message: Uint8Array): boolean
  /** Whether messages may be sent now, beyond control: connected, the peer there and paired. */
  isOpen(): boolean
  /** What goes into `fresh`. */
  fresh(): Uint8Array
  /** Monotonic ms. */
  now(): number
}

export interface Stream {
  readonly streamId: number
  /** One chunk of 1 to 65 536 bytes. False: nothing was sent, `onDrain` follows when there is room. */
  send(offset: number, bytes: Uint8Array): boolean
  /** Nothing more is sent. Idempotent. */
  close(): void
}

export interface StreamListener {
  onDrain(): void
  onEnd(): void
}

interface Open {
  readonly listener: StreamListener
  waiting: boolean
}

/** What waits for the window. `size` is that of its content; `after` follows once it was sealed. */
interface Waiting {
  readonly contentType: ContentType
  readonly size: number
  readonly isDelta: boolean
  /** Bytes that it keeps in memory. */
  readonly weight: number
  prepare(): { readonly content: Uint8Array; after?(): void }
}

type Sent = Readonly<Record<string, unknown>>

/** An event behind one whose body is not out yet. */
interface Behind {
  readonly event: Sent
  readonly urgent: boolean
  readonly weight: number
}

/** Longest stream id: what is reserved for it while it is not known. */
const LARGEST_ID = 0xffff_ffff

const encoder = new TextEncoder()

export class Channel {
  readonly #hooks: ChannelHooks
  readonly #batcher: Batcher
  #session: Session | null = null
  #outbox: Waiting[] = []
  #outboxBytes = 0
  #behind: Behind[] = []
  #behindBytes = 0
  /** The body of an event waits or is on its way. */
  #isEventHeld = false
  #isPumping = false
  #streams = new Map<number, Open>()
  #unacknowledged = 0
  #ackTimer: NodeJS.Timeout | undefined
  #progressAt = 0
  #heardAt = 0
  #acked = 0
  #closed = false
  /** seq + 1 of the newest frame sent that the peer will acknowledge: an acknowledgement alone it does not. */
  #awaited = 0

  constructor(hooks: ChannelHooks) {
    this.#hooks = hooks
    this.#batcher = new Batcher((outgoing) => this.#enqueueWhole(outgoing), hooks.now)
  }

  /**
   * Streams end with their session; messages that were not sealed yet go out in the next one, with `pump`:
   * the session's first frame is not theirs.
   */
  use(session: Session | null): void {
    const ended = [...this.#streams.values()]
    this.#session = session
    this.#streams.clear()
    this.#acked = this.#awaited = 0
    this.#settleAck()
    this.#progressAt = this.#heardAt = this.#hooks.now()
    // session.stream.end
    for (const { listener } of ended) listener.onEnd()
  }

  /** Bytes of messages that wait for the window or for the peer. */
  get backlog(): number {
    return this.#outboxBytes + this.#behindBytes
  }

  /** ms since the peer acknowledged anything while an acknowledgement is due; 0 where none is. */
  get stalledFor(): number {
    return this.#isAwaiting() ? this.#hooks.now() - this.#progressAt : 0
  }

  #isAwaiting(): boolean {
    return this.#session !== null && this.#session.acknowledged < this.#awaited
  }

  /** An authentic frame came, of whichever session. */
  heard(): void {
    this.#heardAt = this.#hooks.now()
  }

  /** session.window.stall: neither an acknowledgement nor any sign of the peer for 10 s, with frames outstanding. */
  get isAway(): boolean {
    return this.stalledFor > limits.ackStall && this.#hooks.now() - this.#heardAt > limits.ackStall
  }

  /** The message goes out in order; an urgent one at once, behind what waits. An event waits for the bodies of those before it. */
  send(message: Sent, urgent: boolean): void {
    if (this.#closed) return
    if (message.type === 'event' && (this.#isEventHeld || this.#behind.length > 0)) {
      const weight = Buffer.byteLength(JSON.stringify(message))
      this.#behind.push({ event: message, urgent, weight })
      this.#behindBytes += weight
    } else this.#sendNow(message, urgent)
  }

  #sendNow(message: Sent, urgent: boolean): void {
    const isEvent = message.type === 'event'
    const split = splitBody(message)
    if (typeof split === 'string') {
      this.#batcher.add(split, urgent, isEvent && message.method === 'claude.delta')
      return
    }
    this.#batcher.flush()
    if (isEvent) this.#isEventHeld = true
    const done = () => {
      if (isEvent) this.#isEventHeld = false
    }
    const { body, naming } = split
    const size = Buffer.byteLength(naming(LARGEST_ID))
    this.#enqueue({
      contentType: 'rpc',
      size,
      isDelta: false,
      weight: size + body.length,
      // The stream is of the session in which the message is sealed (session.stream.id).
      prepare: () => {
        const streamId = this.#takeStreamId()
        // rpc.stream.name-first
        return { content: encoder.encode(naming(streamId)), after: () => this.#sendBody(streamId, body, done) }
      },
    })
  }

  /** rpc.stream.window: under the session's window alone. `done`: all of it is out, or its session is over. */
  #sendBody(streamId: number, body: Uint8Array, done: () => void): void {
    let at = 0
    const proceed = () => {
      while (at < body.length) {
        const chunk = body.subarray(at, at + limits.chunkMax)
        if (!stream.send(at, chunk)) return
        at += chunk.length
      }
      stream.close()
      done()
    }
    const stream = this.#openAs(streamId, { onDrain: proceed, onEnd: done })
    proceed()
  }

  /** False where the message was not sent: there is no session, or no room. */
  control(message: ControlMessage): boolean {
    return this.#transmit('control', encoder.encode(JSON.stringify(message)))
  }

  /** A stream of no session has ended before it began: the listener is told. */
  openStream(listener: StreamListener): Stream {
    if (!this.#session) queueMicrotask(() => listener.onEnd())
    return this.#openAs(this.#takeStreamId(), listener)
  }

  /** 0 names no stream: without a session none begins. */
  #takeStreamId(): number {
    return this.#session?.takeStreamId() ?? 0
  }

  #openAs(streamId: number, listener: StreamListener): Stream {
    const session = this.#session
    const open: Open = { listener, waiting: false }
    this.#streams.set(streamId, open)
    return {
      streamId,
      send: (offset, bytes) => {
        if (this.#session !== session || !session) return false
        const content = StreamChunk.encode({ streamId, offset, bytes })
        const sent =
          this.#hooks.isOpen() && session.hasRoom('stream', content.length) && this.#transmit('stream', content)
        open.waiting = !sent
        return sent
      },
      close: () => void this.#streams.delete(streamId),
    }
  }

  /** A frame has opened: acknowledge it in time, and use the room that its `ack` made. */
  opened(isAckOnly: boolean): void {
    const session = this.#session
    if (!session) return
    if (session.acknowledged !== this.#acked) {
      this.#acked = session.acknowledged
      this.#progressAt = this.#hooks.now()
    }
    if (!isAckOnly) {
      this.#unacknowledged++
      // session.window.ack
      if (this.#unacknowledged >= limits.ackEvery) this.#acknowledge()
      else this.#ackTimer ??= setTimeout(() => this.#acknowledge(), limits.ackDelay)
    }
    this.pump()
  }

  #acknowledge(): void {
    this.#settleAck()
    if (this.#session) this.#transmit('control', encoder.encode('{"type":"ack"}'), false)
  }

  #settleAck(): void {
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
    this.#unacknowledged = 0
  }

  #enqueueWhole({ contentType, content, isDelta }: Outgoing): void {
    const { length } = content
    this.#enqueue({ contentType, size: length, isDelta, weight: length, prepare: () => ({ content }) })
  }

  #enqueue(waiting: Waiting): void {
    this.#outbox.push(waiting)
    this.#outboxBytes += waiting.weight
    this.pump()
  }

  /** Sends what may be sent now: messages first, then whoever waits with a stream, then the events that waited for a body. */
  pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      do this.#pumpOnce()
      while (this.#follow())
    } finally {
      this.#isPumping = false
    }
  }

  /** rpc.event.order. True where an event has followed the body that it waited for. */
  #follow(): boolean {
    const before = this.#behind.length
    while (!this.#isEventHeld) {
      const next = this.#behind.shift()
      if (!next) break
      this.#behindBytes -= next.weight
      this.#sendNow(next.event, next.urgent)
    }
    return this.#behind.length < before
  }

  #pumpOnce(): void {
    while (this.#session && this.#hooks.isOpen()) {
      const [next] = this.#outbox
      if (!next) break
      // session.window.frames
      const hasRoom = this.#session.hasRoom(next.isDelta ? 'stream' : 'message', next.size)
      // A delta may be lost, the whole message counts: it does not hold up what is behind it.
      if (!hasRoom && !(next.isDelta && this.#outbox.some(({ isDelta }) => !isDelta))) break
      this.#outbox.shift()
      this.#outboxBytes -= next.weight
      if (!hasRoom) continue
      const { content, after } = next.prepare()
      this.#transmit(next.contentType, content)
      after?.()
    }
    if (!this.#session || !this.#hooks.isOpen()) return
    for (const open of [...this.#streams.values()]) {
      if (!open.waiting || !this.#session.hasRoom('stream', limits.chunkMax)) continue
      open.waiting = false
      open.listener.onDrain()
    }
  }

  #transmit(contentType: ContentType, content: Uint8Array, isAwaited = true): boolean {
    const session = this.#session
    if (!session) return false
    let message: Uint8Array
    try {
      if (!this.#isAwaiting()) this.#progressAt = this.#hooks.now()
      message = session.seal(contentType, content, this.#hooks.fresh())
      if (isAwaited) this.#awaited = session.ratchet.nextSeq
    } catch (error) {
      // Beyond the window even control has to wait; the next acknowledgement or hello makes room.
      if (error instanceof ProtocolError && (error.code === 'window' || error.code === 'chain-exhausted')) return false
      throw error
    }
    this.#settleAck()
    return this.#hooks.transmit(message)
  }

  close(): void {
    this.#closed = true
    this.#settleAck()
    this.#batcher.close()
    this.#outbox = []
    this.#outboxBytes = 0
    this.#behind = []
    this.#behindBytes = 0
    this.use(null)
  }
}
