// Routed frames on their way out. What one turn of the event loop brings for a socket leaves in one
// system call; each frame is the very bytes that came in, behind a WebSocket header of this hop.

import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'

const BINARY_FINAL = 0x82
/** Frames below this are copied next to each other: cheaper than a second entry in the system call's list. */
const COPY_BELOW = 4_096
const SLAB_SIZE = 262_144
/** An outbox does not wait for the end of the turn with more than this. */
const FLUSH_AT = 262_144

const headerSize = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10)

/** An unmasked, final, binary frame header (RFC 6455, section 5.2). Returns the offset behind it. */
function putHeader(target: Buffer, at: number, length: number): number {
  let offset = at
  target[offset++] = BINARY_FINAL
  if (length < 126) {
    target[offset++] = length
  } else if (length < 65_536) {
    target[offset++] = 126
    target[offset++] = length >>> 8
    target[offset++] = length & 0xff
  } else {
    target[offset++] = 127
    offset = target.writeUInt32BE(Math.floor(length / 2 ** 32), offset)
    offset = target.writeUInt32BE(length >>> 0, offset)
  }
  return offset
}

/** Memory for headers and small frames, cut off a slab that all sockets share. */
class Slab {
  #bytes = Buffer.alloc(0)
  #used = 0

  cut(size: number): Buffer {
    if (this.#used + size > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(SLAB_SIZE, size))
      this.#used = 0
    }
    const piece = this.#bytes.subarray(this.#used, this.#used + size)
    this.#used += size
    return piece
  }
}

/** Flushes the outboxes that got something in this turn of the event loop. */
export class Flusher {
  readonly slab = new Slab()
  /** Unsent bytes of all outboxes, as of when each was last flushed or counted. */
  unsent = 0
  #waiting: Outbox[] = []
  readonly #flushAll = () => {
    const outboxes = this.#waiting
    this.#waiting = []
    for (const outbox of outboxes) outbox.flush()
  }

  schedule(outbox: Outbox): void {
    if (this.#waiting.push(outbox) === 1) setImmediate(this.#flushAll)
  }
}

export class Outbox {
  readonly #socket: Duplex
  readonly #ws: { readonly readyState: number }
  readonly #flusher: Flusher
  #frames: Buffer[] = []
  #bytes = 0
  #isScheduled = false
  #counted = 0

  /** `socket` is the one under `ws`, which says whether a frame may still follow (no close frame was sent). */
  constructor(socket: Duplex, ws: { readonly readyState: number }, flusher: Flusher) {
    this.#socket = socket
    this.#ws = ws
    this.#flusher = flusher
  }

  /** Bytes that were accepted for this socket and not yet taken by the operating system. */
  get unsent(): number {
    return this.#bytes + this.#socket.writableLength
  }

  /** relay.frame.order: behind everything pushed before. */
  push(frame: Buffer): void {
    this.#frames.push(frame)
    this.#bytes += frame.length
    if (this.#bytes >= FLUSH_AT) {
      this.flush()
    } else if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#flusher.schedule(this)
    }
  }

  /** Hands everything to the socket. Called before a control message, so that nothing overtakes. */
  flush(): void {
    this.#isScheduled = false
    if (this.#bytes === 0) return
    const frames = this.#frames
    this.#frames = []
    this.#bytes = 0
    if (this.#ws.readyState !== WebSocket.OPEN) return
    this.#write(frames)
    this.count()
  }

  /** Corrects the sum of all outboxes by what has changed in this one. */
  count(): void {
    const { unsent } = this
    this.#flusher.unsent += unsent - this.#counted
    this.#counted = unsent
  }

  /** The socket is gone, and what it had unsent with it. */
  forget(): void {
    this.#flusher.unsent -= this.#counted
    this.#counted = 0
  }

  #write(frames: Buffer[]): void {
    // What waits for a socket that is behind has memory of its own size: a small view would keep a
    // whole slab or read buffer alive, and multiply what a client that does not read can hold.
    const isBehind = this.#socket.writableLength > 0
    const isCopied = (frame: Buffer) =>
      frame.length < COPY_BELOW || (isBehind && frame.buffer.byteLength > 2 * frame.length)
    let size = 0
    let large = 0
    for (const frame of frames) {
      size += headerSize(frame.length)
      if (isCopied(frame)) size += frame.length
      else large++
    }
    const piece = isBehind ? Buffer.allocUnsafeSlow(size) : this.#flusher.slab.cut(size)
    let from = 0
    let to = 0
    if (large > 0) this.#socket.cork()
    for (const frame of frames) {
      to = putHeader(piece, to, frame.length)
      if (isCopied(frame)) {
        piece.set(frame, to)
        to += frame.length
      } else {
        this.#socket.write(piece.subarray(from, to))
        this.#socket.write(frame)
        from = to
      }
    }
    if (to > from) this.#socket.write(piece.subarray(from, to))
    if (large > 0) this.#socket.uncork()
  }
}
