// Plaintext frame, padding, freshness: sections 6.5 and 6.6.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { CONTENT_TYPES, PLAINTEXT_HEADER, PlaintextFrame } from '@happy-remote/schemas/session.ts'

/** P(x): 256 at least, else Padmé. */
export function paddedLength(x: number): number {
  if (x <= 256) return 256
  const e = Math.floor(Math.log2(x))
  const s = Math.floor(Math.log2(e)) + 1
  const mask = 2 ** (e - s) - 1
  return (x + mask) & ~mask
}

export interface Plain {
  readonly contentType: number
  readonly fresh: Uint8Array
  readonly ack: number
  readonly content: Uint8Array
}

/** `size`: of the padded frame; P(18 + len) unless said otherwise. */
export function encodeFrame(plain: Plain, size = paddedLength(PLAINTEXT_HEADER + plain.content.length)): Uint8Array {
  const padding = new Uint8Array(size - PLAINTEXT_HEADER - plain.content.length)
  return PlaintextFrame.encode({ ...plain, flags: 0, padding })
}

export function decodeFrame(bytes: Uint8Array): Plain {
  const frame = decodeLayout(bytes)
  if (frame.padding.some((byte) => byte !== 0)) throw new ProtocolError('padding')
  const known = Object.values<number>(CONTENT_TYPES).includes(frame.contentType)
  if (!known || frame.flags !== 0) throw new ProtocolError('type')
  return frame
}

function decodeLayout(bytes: Uint8Array): PlaintextFrame {
  try {
    return PlaintextFrame.decode(bytes)
  } catch (error) {
    // A len beyond what any frame can hold is a len beyond this frame.
    if (error instanceof ProtocolError && error.code === 'length') throw new ProtocolError('padding')
    throw error
  }
}

/** A challenge of the agent and when it was issued by its two clocks, in ms. */
export interface Challenge {
  readonly challenge: Uint8Array
  readonly monotonic: number
  readonly wall: number
}

/** Age in ms of the challenge that a request carries; throws `stale`. `issued` is oldest first. */
export function challengeAge(
  issued: readonly Challenge[],
  fresh: Uint8Array,
  now: { monotonic: number; wall: number },
): number {
  const found = issued
    .slice(-limits.challenges)
    .find(({ challenge }) => challenge.every((byte, i) => byte === fresh[i]))
  if (!found) throw new ProtocolError('stale')
  const wall = now.wall - found.wall
  const age = Math.max(now.monotonic - found.monotonic, wall)
  if (wall < 0 || age > limits.freshness) throw new ProtocolError('stale')
  return age
}
