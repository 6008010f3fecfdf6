// The plaintext frame inside a ratchet message, and its padding (spec/session.md, Plaintext frame).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { CONTENT_TYPES, type ContentType, PLAINTEXT_HEADER, PlaintextFrame } from '@happy-remote/schemas/session.ts'
import { type Bytes, isZero } from '../crypto/bytes.ts'

export interface Frame {
  readonly contentType: ContentType
  /** The newest challenge received from the peer, 8 bytes, zero if none. */
  readonly fresh: Uint8Array
  /** seq + 1 of the newest frame opened from the peer. */
  readonly ack: number
  readonly content: Uint8Array
}

const LEAST = 256
const NAMES = Object.keys(CONTENT_TYPES) as ContentType[]

/** P(length): 256, then Padmé, which leaks about log log of the length. */
export function paddedLength(length: number): number {
  if (length <= LEAST) return LEAST
  const exponent = Math.floor(Math.log2(length))
  const step = 2 ** (exponent - (Math.floor(Math.log2(exponent)) + 1))
  return Math.ceil(length / step) * step
}

/** The most content that a type may have (session.frame.message-max, session.stream.layout). */
export const contentMax = (contentType: ContentType): number =>
  contentType === 'stream' ? limits.chunkMax + 12 : limits.messageMax

/** Encodes and pads (session.frame.padding). Throws RangeError for content that may not be sent. */
export function encodeFrame({ contentType, fresh, ack, content }: Frame): Bytes {
  if (content.length > contentMax(contentType)) {
    throw new RangeError(`Cannot send ${content.length} bytes of ${contentType}`)
  }
  const length = PLAINTEXT_HEADER + content.length
  const padding = new Uint8Array(paddedLength(length) - length)
  return PlaintextFrame.encode({ contentType: CONTENT_TYPES[contentType], flags: 0, fresh, ack, content, padding })
}

/** Throws ProtocolError `padding` or `type`. Byte fields are views of `bytes`. */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length < PLAINTEXT_HEADER) {
    throw new ProtocolError('padding', `Cannot read a plaintext frame of ${bytes.length} bytes`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const end = PLAINTEXT_HEADER + view.getUint32(14)
  // session.frame.padding-check
  if (end > bytes.length || !isZero(bytes.subarray(end))) {
    throw new ProtocolError('padding', 'Cannot read a plaintext frame: its length or its padding is wrong')
  }
  const contentType = NAMES.find((name) => CONTENT_TYPES[name] === bytes[0])
  // session.frame.content-type
  if (!contentType || bytes[1] !== 0) {
    throw new ProtocolError('type', `Cannot read a plaintext frame of type ${bytes[0]} and flags ${bytes[1]}`)
  }
  return {
    contentType,
    fresh: bytes.subarray(2, 10),
    ack: view.getUint32(10),
    content: bytes.subarray(PLAINTEXT_HEADER, end),
  }
}
