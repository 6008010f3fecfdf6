// What an opened frame holds: JSON messages, alone or in a batch, and stream chunks (spec/rpc.md).

import type { ControlErrorCode } from '@happy-remote/schemas/errors.ts'
import { Batch, Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { ControlMessage, StreamChunk } from '@happy-remote/schemas/session.ts'
import { Compile } from 'typebox/compile'
import { Bodies } from './bodies.ts'

/** How a message came. */
export interface Receipt {
  /** Overtaken by a later one, or from a session that was replaced: never to be executed. */
  readonly late: boolean
  /** Carries a challenge of ours that is young enough. */
  readonly fresh: boolean
  /** ms since the challenge that it carries was issued; null where it carries none of ours. */
  readonly age: number | null
}

export interface IncomingHooks {
  onMessage(message: Message, receipt: Receipt): void
  onChunk(chunk: StreamChunk): void
  /** The content cannot be read: the peer is told. */
  unreadable(code: ControlErrorCode, text: string): void
  /** The body of this request did not arrive whole. */
  interrupted(requestId: string): void
}

const message = Compile(Message)
const batch = Compile(Batch)
const control = Compile(ControlMessage)

/** Undefined where the bytes are not UTF-8 JSON. */
function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content))
  } catch {
    return undefined
  }
}

/** Null where it is not a control message that this version knows: it is ignored. */
export function readControl(content: Uint8Array): ControlMessage | null {
  const json = parseJson(content)
  return control.Check(json) ? json : null
}

export class Incoming {
  readonly #hooks: IncomingHooks
  readonly #bodies: Bodies<Receipt>

  constructor(hooks: IncomingHooks) {
    this.#hooks = hooks
    this.#bodies = new Bodies({
      complete: (whole, receipt) => hooks.onMessage(whole as unknown as Message, receipt),
      failed: (partial) => {
        if (partial.type === 'request') hooks.interrupted(partial.id as string)
      },
    })
  }

  /** Content types RPC and batch. `now` is monotonic ms. */
  read(content: Uint8Array, isBatch: boolean, receipt: Receipt, now: number): void {
    const json = parseJson(content)
    if (json === undefined) {
      this.#hooks.unreadable('parse-error', 'Cannot read a message: it is not JSON.')
      return
    }
    const entries: unknown[] = !isBatch ? [json] : batch.Check(json) ? json.messages : []
    if (entries.length === 0 || !entries.every((entry) => message.Check(entry))) {
      const text = 'Cannot read a message: it is not a request, a response, an event, or a batch of them.'
      this.#hooks.unreadable('invalid-request', text)
      return
    }
    for (const entry of entries as Message[]) {
      const held = this.#bodies.hold(entry as unknown as Record<string, unknown>, receipt, now)
      if (!held) this.#hooks.onMessage(entry, receipt)
    }
  }

  /** Throws ProtocolError `length` where it is not a chunk. */
  chunk(content: Uint8Array, now: number): void {
    const chunk = StreamChunk.decode(content)
    if (!this.#bodies.chunk(chunk, now)) this.#hooks.onChunk(chunk)
  }

  expire(now: number): void {
    this.#bodies.expire(now)
  }

  clear(): void {
    this.#bodies.clear()
  }
}
