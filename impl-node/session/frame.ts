// The plaintext frame and its padding (spec/session.md).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { CONTENT_TYPES, type ContentType, PLAINTEXT_HEADER, PlaintextFrame } from '@happy-remote/schemas/session.ts'

const SMALLEST = 256

/** P(x): 256 up to 256, then Padmé, which adds at most 12 %. */
export function paddedSize(size: number): number {
  if (size <= SMALLEST) return SMALLEST
  const exponent = 31 - Math.clz32(size)
  const bits = 32 - Math.clz32(exponent)
  const mask = 2 ** (exponent - bits) - 1
  return (size + mask) & ~mask
}

export interface Frame {
  readonly contentType: ContentType
  /** Newest challenge of the peer, 8 bytes, zero if none. */
  readonly fresh: Uint8Array
  readonly ack: number
  readonly content: Uint8Array
}

/** Throws ProtocolError `too-large`. */
export function encodeFrame(frame: Frame): Uint8Array {
  const size = PLAINTEXT_HEADER + frame.content.length
  const padded = paddedSize(size)
  if (padded > limits.plaintextMax) throw new ProtocolError('too-large')
  return PlaintextFrame.encode({
    contentType: CONTENT_TYPES[frame.contentType],
    flags: 0,
    fresh: frame.fresh,
    ack: frame.ack,
    content: frame.content,
    padding: new Uint8Array(padded - size),
  })
}

const NAMES = Object.fromEntries(Object.entries(CONTENT_TYPES).map(([name, value]) => [value, name as ContentType]))

function decodeLayout(bytes: Uint8Array): PlaintextFrame {
  try {
    return PlaintextFrame.decode(bytes)
  } catch (error) {
    // A length beyond what any frame can hold is a length beyond this one.
    if (error instanceof ProtocolError && error.code === 'length') throw new ProtocolError('padding')
    throw error
  }
}

/** Throws ProtocolError `padding` or `type`; the message that carried it stays opened. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const { contentType, flags, fresh, ack, content, padding } = decodeLayout(bytes)
  if (padding.some((byte) => byte !== 0)) throw new ProtocolError('padding')
  const name = NAMES[contentType]
  if (name === undefined || flags !== 0) throw new ProtocolError('type')
  return { contentType: name, fresh, ack, content }
}
