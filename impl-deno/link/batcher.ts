// Small messages share a frame, and urgent ones never wait (spec/rpc.md, Batches).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { Session } from '../session/session.ts'
import type { FrameKind } from '../session/window.ts'
import { type Content, countThatFits, packMessages } from './rpc-content.ts'
import { Alarm, type Timers } from './timers.ts'

interface Entry {
  readonly text: Uint8Array
  readonly kind: FrameKind
  readonly signal: AbortSignal | undefined
  readonly sent: (session: Session) => void
  readonly failed: (error: unknown) => void
}

export interface BatchEntry {
  /** UTF-8 JSON of at most 65,536 bytes. */
  readonly text: Uint8Array
  readonly urgent: boolean
  readonly kind?: FrameKind
  readonly signal?: AbortSignal
}

export type SendContent = (content: Content, kind: FrameKind, signal?: AbortSignal) => Promise<Session>

export class Batcher {
  readonly #timers: Timers
  readonly #send: SendContent
  readonly #delay: Alarm
  #waiting: Entry[] = []
  /** Milliseconds of the monotonic clock. */
  #sentAt = Number.NEGATIVE_INFINITY

  constructor(timers: Timers, send: SendContent) {
    this.#timers = timers
    this.#send = send
    this.#delay = new Alarm(timers)
  }

  /** Resolves when the message has been handed to the connection, with the session in which it went. */
  add({ text, urgent, kind = 'message', signal }: BatchEntry): Promise<Session> {
    return new Promise((sent, failed) => {
      signal?.throwIfAborted()
      this.#waiting.push({ text, kind, signal, sent, failed })
      const idle = this.#timers.monotonic() - this.#sentAt >= limits.batchDelay
      // rpc.batch.urgent: behind what waits, and at once
      if (urgent || idle) this.flush()
      // rpc.batch.delay: counted from the first that waits
      else if (!this.#delay.isSet) this.#delay.set(limits.batchDelay, () => this.flush())
    })
  }

  /** Sends what waits, in its order. */
  flush(): void {
    this.#delay.clear()
    let waiting = this.#waiting.filter(({ signal, failed }) => {
      if (signal?.aborted) failed(signal.reason)
      return !signal?.aborted
    })
    this.#waiting = []
    while (waiting.length > 0) {
      this.#sentAt = this.#timers.monotonic()
      const count = countThatFits(waiting.map(({ text }) => text))
      const together = waiting.slice(0, count)
      waiting = waiting.slice(count)
      // A frame of deltas alone has the room of a stream; a signal can take back only what is alone.
      const kind = together.every((entry) => entry.kind === 'stream') ? 'stream' : 'message'
      const signal = together.length === 1 ? together[0]?.signal : undefined
      this.#send(packMessages(together.map(({ text }) => text)), kind, signal).then(
        (session) => {
          for (const { sent } of together) sent(session)
        },
        (error) => {
          for (const { failed } of together) failed(error)
        },
      )
    }
  }

  close(): void {
    this.#delay.clear()
  }
}
