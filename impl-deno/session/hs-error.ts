// HS_ERROR: tells the peer of a run that it has failed (spec/pairing.md, HS_ERROR).

import { label } from '@happy-remote/schemas/constants.ts'
import { codesAt, errorEntry, type HandshakeErrorCode } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_TYPES, HsErrorBody, handshakeErrorOf } from '@happy-remote/schemas/pairing.ts'
import { type Bytes, equal } from '../crypto/bytes.ts'
import { hash, random } from '../crypto/primitives.ts'
import type { OpenedFrame } from './wrap.ts'
import { sealHandshake } from './wrap.ts'

/** 15 bytes that name a handshake frame (pairing.hs-error.reference). */
const referenceOf = (frame: Uint8Array): Bytes => hash(label('hs-ref'), frame).slice(0, 15)

/** What the peer may be told of a local error; `rejected` for most (pairing.hs-error.code). */
export const wireCode = (code: string): HandshakeErrorCode =>
  codesAt('handshake').find((known) => known === code) ?? 'rejected'

/** Answers a handshake frame that opened under `secret`. `code` is that of the local error. */
export function sealHsError(
  answered: Uint8Array,
  code: string,
  secret: Uint8Array,
  salt: Uint8Array = random(32),
): Promise<Bytes> {
  const suite = new DataView(answered.buffer, answered.byteOffset).getUint16(2)
  const body = HsErrorBody.encode({
    code: errorEntry(wireCode(code)).handshake as number,
    reference: referenceOf(answered),
  })
  return sealHandshake(HANDSHAKE_TYPES.HS_ERROR, suite, secret, body, salt)
}

export interface HsError {
  readonly code: HandshakeErrorCode
  /** Which of the waiting frames it answers. */
  readonly index: number
}

/**
 * Reads an HS_ERROR that opened. `waiting` are the own frames that wait for an answer; undefined where
 * it names none of them (pairing.hs-error.outstanding). Throws ProtocolError `length`.
 */
export function readHsError(opened: OpenedFrame, waiting: readonly Uint8Array[]): HsError | undefined {
  const { code, reference } = HsErrorBody.decode(opened.body)
  const index = waiting.findIndex((frame) => equal(referenceOf(frame), reference))
  // pairing.hs-error.unknown
  return index < 0 ? undefined : { code: handshakeErrorOf(code), index }
}
