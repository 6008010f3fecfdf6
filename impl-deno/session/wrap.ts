// The seal around every handshake message: it hides identities from the relay and shows knowledge of
// the run's secret (spec/pairing.md, Handshake frames).

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_HEADER, HandshakeFrame } from '@happy-remote/schemas/pairing.ts'
import { type Bytes, concat, copy } from '../crypto/bytes.ts'
import { hkdf, open, random, seal } from '../crypto/primitives.ts'

/** A frame that opened. The suite is judged by whoever opened it, because it may be any number. */
export interface OpenedFrame {
  readonly type: number
  readonly suite: number
  readonly salt: Bytes
  readonly body: Bytes
  /** The whole frame, which repetitions are compared with and an HS_ERROR refers to. */
  readonly frame: Bytes
}

const TAG = 16

async function keyAndNonce(secret: Uint8Array, salt: Uint8Array, head: Uint8Array): Promise<[Bytes, Bytes]> {
  const derived = await hkdf(secret, salt, concat(label('hs-wrap'), head), 44)
  return [derived.slice(0, 32), derived.slice(32)]
}

/** `secret` is PS (16 bytes) or PPK (32 bytes); `salt` is 32 fresh bytes (pairing.wrap.salt). */
export async function sealHandshake(
  type: number,
  suite: number,
  secret: Uint8Array,
  body: Uint8Array,
  salt: Uint8Array = random(32),
): Promise<Bytes> {
  const header = HandshakeFrame.encode({ type, suite, salt, sealed: new Uint8Array(TAG) }).slice(0, HANDSHAKE_HEADER)
  // pairing.wrap.key
  const [key, nonce] = await keyAndNonce(secret, salt, header.subarray(0, 4))
  return concat(header, await seal(key, nonce, header, body))
}

/**
 * Opens a frame of one of the `expected` types. Throws ProtocolError `length`, `version`, `type` or
 * `decrypt`; about each of them the network hears nothing (pairing.wrap.open).
 */
export async function openHandshake(
  frame: Uint8Array,
  secret: Uint8Array,
  expected: readonly number[],
): Promise<OpenedFrame> {
  // pairing.wrap.length, pairing.wrap.version
  const { type, suite, salt, sealed } = HandshakeFrame.decode(frame)
  // pairing.wrap.type
  if (!expected.includes(type)) {
    throw new ProtocolError('type', `Cannot open a handshake frame of type ${type}: it is not expected now`)
  }
  const header = frame.subarray(0, HANDSHAKE_HEADER)
  const [key, nonce] = await keyAndNonce(secret, salt, header.subarray(0, 4))
  return { type, suite, salt: copy(salt), body: await open(key, nonce, header, sealed), frame: copy(frame) }
}
