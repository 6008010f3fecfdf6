// What waits for room in the window or for the peer, still in the clear: a frame is encrypted when it
// is sent and not before (session.fresh.encrypt-late).

import type { ContentType } from '@happy-remote/schemas/session.ts'
import type { Session } from '../session/session.ts'
import type { FrameKind } from '../session/window.ts'

export interface Waiting {
  readonly contentType: ContentType
  readonly kind: FrameKind
  readonly content: Uint8Array
  readonly sent: () => void
  readonly failed: (error: unknown) => void
}

export class Outbox {
  /** Streams stand behind messages, and neither keeps the other from sending. */
  readonly #lanes: Record<FrameKind, Waiting[]> = { control: [], message: [], stream: [] }

  get size(): number {
    return Object.values(this.#lanes).reduce((sum, lane) => sum + lane.length, 0)
  }

  /** Resolves when the frame has been handed to the connection, rejects when it never will be. */
  add(contentType: ContentType, kind: FrameKind, content: Uint8Array, signal?: AbortSignal): Promise<void> {
    return new Promise((sent, failed) => {
      signal?.throwIfAborted()
      const waiting = { contentType, kind, content, sent, failed }
      this.#lanes[kind].push(waiting)
      signal?.addEventListener('abort', () => {
        this.#remove(waiting)
        failed(signal.reason)
      })
    })
  }

  /** Takes the next frame for which the session has room. */
  next(session: Session): Waiting | undefined {
    for (const lane of Object.values(this.#lanes)) {
      const first = lane[0]
      if (first && session.admits(first.contentType, first.content.length, first.kind)) return lane.shift()
    }
    return undefined
  }

  /** Puts back what was taken and found no room after all. */
  putBack(waiting: Waiting): void {
    this.#lanes[waiting.kind].unshift(waiting)
  }

  /** Everything that waits fails. */
  close(error: Error): void {
    for (const lane of Object.values(this.#lanes)) for (const waiting of lane.splice(0)) waiting.failed(error)
  }

  #remove(waiting: Waiting): void {
    const lane = this.#lanes[waiting.kind]
    if (lane.includes(waiting)) lane.splice(lane.indexOf(waiting), 1)
  }
}
