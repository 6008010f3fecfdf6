// What an opened frame holds: JSON messages, alone or in a batch, and stream chunks (spec/rpc.md).

import { type ControlErrorCode, codesAt, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type Message, ReceivedBatch, ReceivedMessage } from '@happy-remote/schemas/rpc/envelope.ts'
import { ControlMessage, StreamChunk } from '@happy-remote/schemas/session.ts'
import { Compile } from 'typebox/compile'
import type { Freshness } from '../session/freshness.ts'
import type { OpenedFrame } from '../session/session.ts'
import { Bodies, type BodyFailure } from './bodies.ts'
import type { Received } from './sessions.ts'

/** How a message came. */
export interface Receipt {
  /** Overtaken by a later one, or from a session that was replaced: never to be executed. */
  readonly late: boolean
  /** Sessions of a pairing are numbered as they begin, frames within one by their seq. */
  readonly session: number
  readonly seq: number
  /** Whether it carries a challenge of ours that is young enough now. */
  isFresh(): boolean
  /** ms since the challenge that it carries was issued; null where it carries none of ours. */
  age(): number | null
}

export function receiptOf(
  { seq, fresh }: OpenedFrame,
  { late, sessionNumber }: Received,
  freshness: Freshness,
): Receipt {
  const challenge = new Uint8Array(fresh)
  return {
    late,
    session: sessionNumber,
    seq,
    // rpc.stream.fresh: judged when it is asked, by the challenge of the frame that carried the request
    isFresh: () => freshness.isFresh(challenge),
    age: () => freshness.ageOf(challenge),
  }
}

export interface IncomingHooks {
  onMessage(message: Message, receipt: Receipt): void
  onChunk(chunk: StreamChunk, receipt: Receipt): void
  /** The content cannot be read: the peer is told. */
  unreadable(code: ControlErrorCode, text: string): void
  /** The body of this request did not arrive whole, or announces more than is taken. */
  refused(requestId: string, error: { code: BodyFailure; message: string }): void
}

const REFUSALS: Record<BodyFailure, string> = {
  interrupted: 'The body of the request did not arrive whole.',
  'too-large': 'The body of the request is too large.',
}

const message = Compile(ReceivedMessage)
const batch = Compile(ReceivedBatch)
const control = Compile(ControlMessage)

/** Undefined where the bytes are not UTF-8 JSON. */
function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content))
  } catch {
    return undefined
  }
}

const rpcCodes: ReadonlySet<string> = new Set(codesAt('rpc'))

/** errors.code.unknown: a failure without a known reason. */
function withKnownCode(received: ReceivedMessage): Message {
  if (!('error' in received) || rpcCodes.has(received.error.code)) return received as Message
  return { ...received, error: { ...received.error, code: 'internal' } }
}

/** Null where it is not a control message that this version knows: it is ignored. */
export function readControl(content: Uint8Array): ControlMessage | null {
  const json = content.length <= limits.messageMax ? parseJson(content) : undefined
  if (!control.Check(json)) return null
  // session.control.name-check: the schema counts characters, the limit is in bytes
  const name = json.type === 'pair.complete' ? json.agentName : json.type === 'pair.ack' ? json.deviceName : ''
  return name.isWellFormed() && Buffer.byteLength(name) <= limits.nameMax ? json : null
}

export class Incoming {
  readonly #hooks: IncomingHooks
  readonly #bodies: Bodies<Receipt>

  constructor(hooks: IncomingHooks) {
    this.#hooks = hooks
    this.#bodies = new Bodies({
      complete: (whole, receipt) => hooks.onMessage(whole as unknown as Message, receipt),
      failed: (partial, code) => {
        // rpc.stream.interrupted; a response or an event is asked for again, or lost
        if (partial.type === 'request') hooks.refused(partial.id as string, { code, message: REFUSALS[code] })
      },
    })
  }

  /**
   * Content types RPC and batch. `now` is monotonic ms. Without `streams`, what a message names as a
   * stream cannot follow: its session is over.
   */
  read(content: Uint8Array, isBatch: boolean, receipt: Receipt, now: number, streams = true): void {
    // session.frame.message-max-check
    if (content.length > limits.messageMax) {
      this.#hooks.unreadable('invalid-request', 'Cannot read a message: it is larger than 65 536 bytes.')
      return
    }
    const json = parseJson(content)
    if (json === undefined) {
      // rpc.message.parse-error
      this.#hooks.unreadable('parse-error', 'Cannot read a message: it is not JSON.')
      return
    }
    const entries: unknown[] = !isBatch ? [json] : batch.Check(json) ? json.messages : []
    if (entries.length === 0 || !entries.every((entry) => message.Check(entry))) {
      // rpc.message.invalid, rpc.batch.invalid
      const text = 'Cannot read a message: it is not a request, a response, an event, or a batch of them.'
      this.#hooks.unreadable('invalid-request', text)
      return
    }
    // rpc.batch.order
    for (const entry of (entries as ReceivedMessage[]).map(withKnownCode)) {
      const held = this.#bodies.hold(entry as unknown as Record<string, unknown>, receipt, now, streams)
      if (!held) this.#hooks.onMessage(entry, receipt)
    }
  }

  chunk(content: Uint8Array, receipt: Receipt, now: number): void {
    let chunk: StreamChunk
    try {
      chunk = StreamChunk.decode(content)
    } catch (error) {
      // session.stream.malformed
      if (error instanceof ProtocolError) return
      throw error
    }
    if (!this.#bodies.chunk(chunk, now)) this.#hooks.onChunk(chunk, receipt)
  }

  expire(now: number): void {
    this.#bodies.expire(now)
  }

  /** The session has ended, and every stream with it. */
  interrupt(): void {
    this.#bodies.interrupt()
  }

  clear(): void {
    this.#bodies.clear()
  }
}
