// RPC messages as the content of frames, types 0x01 and 0x02 (spec/rpc.md, Messages, Batches).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { Event, Failure, type Message, Request, StreamReference, Success } from '@happy-remote/schemas/rpc/envelope.ts'
import type { ContentType } from '@happy-remote/schemas/session.ts'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { type Bytes, utf8 } from '../crypto/bytes.ts'
import type { Frame } from '../session/frame.ts'

// Codes that are unknown here mean a failure without a known reason (errors.code.unknown).
const LenientFailure = Type.Object({
  ...Failure.properties,
  error: Type.Object({ ...Failure.properties.error.properties, code: Type.String() }),
})
const LenientMessage = Type.Union([Request, Success, LenientFailure, Event])
const LenientBatch = Type.Object({
  type: Type.Literal('batch'),
  messages: Type.Array(LenientMessage, { minItems: 2, maxItems: limits.batchMessages }),
})

/**
 * The messages of a frame, in their order. Throws ProtocolError `parse-error` or `invalid-request`,
 * with which the peer is answered; then nothing in it is acted on (rpc.batch.invalid).
 */
export function readMessages({ contentType, content }: Pick<Frame, 'contentType' | 'content'>): readonly Message[] {
  // session.frame.message-max-check
  if (content.length > limits.messageMax) {
    throw new ProtocolError('invalid-request', `Cannot read a message of ${content.length} bytes`)
  }
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content))
  } catch {
    // rpc.message.parse-error
    throw new ProtocolError('parse-error', 'Cannot read a message: it is not JSON in UTF-8')
  }
  if (contentType === 'batch' && Check(LenientBatch, value)) return value.messages as Message[]
  // rpc.message.invalid
  if (contentType !== 'rpc' || !Check(LenientMessage, value)) {
    throw new ProtocolError('invalid-request', `Cannot read a ${contentType} content: it is no valid message`)
  }
  return [value as Message]
}

const BATCH_HEAD = '{"type":"batch","messages":['
const BATCH_TAIL = ']}'

export interface Content {
  readonly contentType: ContentType
  readonly content: Bytes
}

/** How many messages, from the first one on, fit into one frame. At least one. */
export function countThatFits(texts: readonly Uint8Array[]): number {
  let size = BATCH_HEAD.length + BATCH_TAIL.length
  let count = 0
  // rpc.batch.frame
  for (const text of texts.slice(0, limits.batchMessages)) {
    size += text.length + (count > 0 ? 1 : 0)
    if (size > limits.messageMax) break
    count++
  }
  return Math.max(1, count)
}

/** One frame of messages in UTF-8 JSON that fit; a single one is no batch. */
export function packMessages(texts: readonly Uint8Array[]): Content {
  const [first, ...others] = texts
  if (first && others.length === 0) return { contentType: 'rpc', content: new Uint8Array(first) }
  const comma = utf8(',')
  const parts = [utf8(BATCH_HEAD), ...texts.flatMap((text, i) => (i > 0 ? [comma, text] : [text])), utf8(BATCH_TAIL)]
  const content = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    content.set(part, at)
    at += part.length
  }
  return { contentType: 'batch', content }
}

/** Whether a value stands for a body: an object with exactly the three members of a reference. */
export const isReference = (value: unknown): value is StreamReference =>
  Check(StreamReference, value) && Object.keys(value).length === 3
