// REKEY_ASK and HS_ERROR: section 5.5.

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import {
  HANDSHAKE_TYPES,
  HsErrorBody,
  handshakeErrorOf,
  REKEY_REASONS,
  RekeyAskBody,
  type RekeyReason,
} from '@happy-remote/schemas/pairing.ts'
import type { Backend } from '../backend/backend.ts'
import { concat, equal } from './bytes.ts'
import { open } from './wrap.ts'

/** First 15 bytes of the hash that names a handshake frame. */
export async function referenceTo(backend: Backend, frame: Uint8Array): Promise<Uint8Array> {
  return (await backend.sha256(concat(label('hs-ref'), frame))).subarray(0, 15)
}

/** No effect at all: neither an error nor an answer. */
export class Ignored extends Error {
  override readonly name = 'Ignored'
}

export async function receiveHsError(
  backend: Backend,
  secret: Uint8Array,
  outstanding: readonly Uint8Array[],
  frame: Uint8Array,
) {
  const { body } = await open(backend, secret, frame, [HANDSHAKE_TYPES.HS_ERROR])
  const { code, reference } = HsErrorBody.decode(body)
  for (const [index, sent] of outstanding.entries()) {
    if (equal(reference, await referenceTo(backend, sent))) return { code: handshakeErrorOf(code), index }
  }
  throw new Ignored('HS_ERROR that names no outstanding frame')
}

/** `seenSalts`: of the REKEY_ASKs that this process has honoured. */
export async function receiveRekeyAsk(
  backend: Backend,
  secret: Uint8Array,
  seenSalts: readonly Uint8Array[],
  frame: Uint8Array,
): Promise<{ reason: RekeyReason }> {
  const { body } = await open(backend, secret, frame, [HANDSHAKE_TYPES.REKEY_ASK])
  const { reason } = RekeyAskBody.decode(body)
  if (seenSalts.some((salt) => equal(salt, frame.subarray(4, 36)))) throw new ProtocolError('replay')
  const names = Object.entries(REKEY_REASONS) as [RekeyReason, number][]
  return { reason: names.find(([, value]) => value === reason)?.[0] ?? 'no-session' }
}
