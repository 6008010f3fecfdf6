// What waits for room in the window or for the peer, still in the clear: a frame is encrypted when it
// is sent and not before (session.fresh.encrypt-late).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { ContentType } from '@happy-remote/schemas/session.ts'
import type { Session } from '../session/session.ts'
import type { FrameKind } from '../session/window.ts'

export interface Waiting {
  readonly contentType: ContentType
  readonly kind: FrameKind
  readonly content: Uint8Array
  /** The only session in which it means anything, where it names a stream or is a chunk of one. */
  readonly session: Session | undefined
  readonly sent: (session: Session) => void
  readonly failed: (error: unknown) => void
}

/** A frame of `claude.delta` alone: it has the room of a stream, and its place among the messages (rpc.event.order). */
const isPieces = ({ contentType, kind }: Waiting): boolean => kind === 'stream' && contentType !== 'stream'

export class Outbox {
  /** Streams stand behind messages, and neither keeps the other from sending. */
  readonly #lanes: Record<FrameKind, Waiting[]> = { control: [], message: [], stream: [] }

  get size(): number {
    return Object.values(this.#lanes).reduce((sum, lane) => sum + lane.length, 0)
  }

  /**
   * Resolves when the frame has been handed to the connection, with the session in which it went;
   * rejects when it never will be.
   */
  add(entry: Omit<Waiting, 'sent' | 'failed'>, signal?: AbortSignal): Promise<Session> {
    return new Promise((sent, failed) => {
      signal?.throwIfAborted()
      const waiting = { ...entry, sent, failed }
      this.#laneOf(waiting).push(waiting)
      const abort = () => {
        this.#remove(waiting)
        failed(signal?.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Takes the next frame for which the session has room. What is of another session fails on the way. */
  next(session: Session): Waiting | undefined {
    for (const lane of Object.values(this.#lanes)) {
      for (let first = lane[0]; first; first = lane[0]) {
        if (first.session && first.session !== session) {
          // session.stream.end
          lane.shift()
          first.failed(new ProtocolError('interrupted', 'Cannot send: the session of this stream is over'))
        } else if (session.admits(first.contentType, first.content.length, first.kind)) {
          return lane.shift()
        } else if (isPieces(first) && !lane.every(isPieces)) {
          // They may be lost, the whole message counts: they do not hold up what is behind them.
          lane.shift()
          first.failed(new ProtocolError('interrupted', 'Cannot send pieces of a message: the window is full'))
        } else break
      }
    }
    return undefined
  }

  /** Puts back what was taken and found no room after all. */
  putBack(waiting: Waiting): void {
    this.#laneOf(waiting).unshift(waiting)
  }

  /** Everything that waits fails. */
  close(error: Error): void {
    for (const lane of Object.values(this.#lanes)) for (const waiting of lane.splice(0)) waiting.failed(error)
  }

  #laneOf(waiting: Waiting): Waiting[] {
    return this.#lanes[isPieces(waiting) ? 'message' : waiting.kind]
  }

  #remove(waiting: Waiting): void {
    const lane = this.#laneOf(waiting)
    if (lane.includes(waiting)) lane.splice(lane.indexOf(waiting), 1)
  }
}
