// Batching: small messages share an encryption, urgent ones never wait (spec/rpc.md).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { ContentType } from '@happy-remote/schemas/session.ts'

export interface Outgoing {
  readonly contentType: ContentType
  readonly content: Uint8Array
  /** A lone piece of a message on its way: it has the room of a stream, and may be lost. */
  readonly isDelta: boolean
}

const encoder = new TextEncoder()
/** `{"type":"batch","messages":[` and `]}`, and a comma between two messages. */
const FRAMING = '{"type":"batch","messages":[]}'.length

/** Gathers messages (rpc.batch.frame, rpc.message.frame) given as JSON texts and hands them on in order, whole. */
export class Batcher {
  readonly #send: (outgoing: Outgoing) => void
  readonly #now: () => number
  #waiting: string[] = []
  #deltas = 0
  #closed = false
  #bytes = 0
  #timer: NodeJS.Timeout | undefined
  #quietSince = Number.NEGATIVE_INFINITY

  /** `now` is monotonic ms. */
  constructor(send: (outgoing: Outgoing) => void, now: () => number) {
    this.#send = send
    this.#now = now
  }

  /** Urgent, or the first after a quiet time: at once, behind what waits. Others wait for company. */
  add(json: string, urgent: boolean, isDelta = false): void {
    if (this.#closed) return
    const size = Buffer.byteLength(json) + 1
    if (this.#waiting.length > 0 && FRAMING + this.#bytes + size > limits.messageMax) this.flush()
    this.#waiting.push(json)
    this.#bytes += size
    if (isDelta) this.#deltas++
    // rpc.batch.urgent, rpc.batch.delay
    const quiet = this.#now() - this.#quietSince >= limits.batchDelay
    if (urgent || this.#waiting.length === limits.batchMessages || (quiet && this.#waiting.length === 1)) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), limits.batchDelay)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const messages = this.#waiting
    const isDelta = this.#deltas === 1 && messages.length === 1
    this.#waiting = []
    this.#bytes = this.#deltas = 0
    if (messages.length === 0) return
    this.#quietSince = this.#now()
    this.#send(
      messages.length === 1
        ? { contentType: 'rpc', content: encoder.encode(messages[0]), isDelta }
        : {
            contentType: 'batch',
            content: encoder.encode(`{"type":"batch","messages":[${messages.join(',')}]}`),
            isDelta: false,
          },
    )
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#waiting = []
  }
}
