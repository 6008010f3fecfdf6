// The frame of handshake messages: sealed under the secret of the run (spec/pairing.md).

import { label, SUITES, type Suite } from '@happy-remote/schemas/constants.ts'
import { type ErrorCode, errorEntry, type HandshakeErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import {
  HANDSHAKE_HEADER,
  HANDSHAKE_TYPES,
  HandshakeFrame,
  type HandshakeTypeName,
  HsErrorBody,
  handshakeErrorOf,
  REKEY_REASONS,
  RekeyAskBody,
  type RekeyReason,
} from '@happy-remote/schemas/pairing.ts'
import { concat, equal, hkdf, open, type Random, randomBytes, seal, sha256 } from '../crypto/primitives.ts'

function wrapKey(secret: Uint8Array, frame: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const okm = hkdf(secret, frame.subarray(4, HANDSHAKE_HEADER), concat(label('hs-wrap'), frame.subarray(0, 4)), 44)
  return { key: okm.subarray(0, 32), nonce: okm.subarray(32) }
}

/** Seals `body`; draws 32 bytes of salt from `random`. */
export function wrap(
  secret: Uint8Array,
  type: HandshakeTypeName,
  suite: number,
  body: Uint8Array,
  random: Random = randomBytes,
): Uint8Array {
  const header = HandshakeFrame.encode({
    type: HANDSHAKE_TYPES[type],
    suite,
    salt: random(32),
    sealed: new Uint8Array(16),
  }).subarray(0, HANDSHAKE_HEADER)
  const { key, nonce } = wrapKey(secret, header)
  return concat(header, seal(key, nonce, header, body))
}

export interface HandshakeHead {
  readonly type: HandshakeTypeName
  /** As it stands there; judged when the frame has opened, see `knownSuite`. */
  readonly suite: number
}

/** Reads the clear part. Throws ProtocolError `version`, `length`, `type`. */
export function headOf(frame: Uint8Array): HandshakeHead {
  const { type, suite } = HandshakeFrame.decode(frame)
  const name = (Object.keys(HANDSHAKE_TYPES) as HandshakeTypeName[]).find((key) => HANDSHAKE_TYPES[key] === type)
  if (!name) throw new ProtocolError('type')
  return { type: name, suite }
}

/** Throws ProtocolError `suite`. */
export function knownSuite(suite: number): Suite {
  const known = SUITES.find((value) => value === suite)
  if (known === undefined) throw new ProtocolError('suite')
  return known
}

/** The body. Throws as `headOf`, and `decrypt` where the frame was not sealed under `secret`. */
export function unwrap(secret: Uint8Array, frame: Uint8Array): Uint8Array {
  headOf(frame)
  const { key, nonce } = wrapKey(secret, frame)
  return open(key, nonce, frame.subarray(0, HANDSHAKE_HEADER), frame.subarray(HANDSHAKE_HEADER))
}

const referenceOf = (frame: Uint8Array): Uint8Array => sha256(label('hs-ref'), frame).slice(0, 15)

/** The code under which a failure travels: its own where it has one, else `rejected`. */
export const wireCodeOf = (code: ErrorCode): HandshakeErrorCode =>
  errorEntry(code).handshake === undefined ? 'rejected' : (code as HandshakeErrorCode)

/** HS_ERROR in answer to `frame`. */
export function wrapError(secret: Uint8Array, frame: Uint8Array, code: ErrorCode, random?: Random): Uint8Array {
  const byte = errorEntry(wireCodeOf(code)).handshake as number
  return wrap(
    secret,
    'HS_ERROR',
    headOf(frame).suite,
    HsErrorBody.encode({ code: byte, reference: referenceOf(frame) }),
    random,
  )
}

/** The code of an HS_ERROR that names `answered`; null where it names another frame. Throws as `unwrap`, and `type`. */
export function unwrapError(secret: Uint8Array, frame: Uint8Array, answered: Uint8Array): HandshakeErrorCode | null {
  if (headOf(frame).type !== 'HS_ERROR') throw new ProtocolError('type')
  const { code, reference } = HsErrorBody.decode(unwrap(secret, frame))
  // pairing.hs-error.reference
  return equal(reference, referenceOf(answered)) ? handshakeErrorOf(code) : null
}

export const wrapRekeyAsk = (secret: Uint8Array, suite: Suite, reason: RekeyReason, random?: Random): Uint8Array =>
  wrap(secret, 'REKEY_ASK', suite, RekeyAskBody.encode({ reason: REKEY_REASONS[reason] }), random)

/** Unknown reasons are `no-session`. Throws as `unwrap`, and `type`. */
export function unwrapRekeyAsk(secret: Uint8Array, frame: Uint8Array): RekeyReason {
  if (headOf(frame).type !== 'REKEY_ASK') throw new ProtocolError('type')
  const { reason } = RekeyAskBody.decode(unwrap(secret, frame))
  const known = Object.entries(REKEY_REASONS).find(([, value]) => value === reason)
  return (known?.[0] ?? 'no-session') as RekeyReason
}
