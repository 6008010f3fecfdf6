// The key schedule: transcript, session keys, confirmations, six digits (spec/pairing.md).

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Bytes, concat, equal, lengthPrefixed, u8, u16 } from '../crypto/bytes.ts'
import { hash, hkdf, hmac } from '../crypto/primitives.ts'
import { pskOf, type Run } from './run.ts'

export interface SessionKeys {
  readonly rootKey: Bytes
  readonly confirmAgent: Bytes
  readonly confirmController: Bytes
  readonly sasKey: Bytes
  /** PPK and nothing else in a pairing; a rekey has bytes here that are discarded (pairing.schedule.ppk). */
  readonly pairingKey: Bytes | null
  /** SID, 16 bytes; that of a pairing is the pairing id. */
  readonly sessionId: Bytes
  readonly headerAgent: Bytes
  readonly headerController: Bytes
}

/** TH, 32 bytes (pairing.transcript.hash). `m2Part` is the M2 body without its last 96 bytes. */
export const transcriptHash = (
  suite: number,
  run: Pick<Run, 'mode' | 'context'>,
  m1Body: Uint8Array,
  m2Part: Uint8Array,
): Bytes =>
  hash(
    label('transcript'),
    u16(suite),
    u8(run.mode),
    lengthPrefixed(run.context),
    lengthPrefixed(m1Body),
    lengthPrefixed(m2Part),
  )

/** The four agreements, and in suite 0x0002 the shared secret of ML-KEM behind them. */
export type Agreements = readonly [dh1: Uint8Array, dh2: Uint8Array, dh3: Uint8Array, dh4: Uint8Array, ss?: Uint8Array]

/** Derives all keys of a session. Every value is 32 bytes, `sessionId` 16. */
export async function deriveKeys(run: Run, agreements: Agreements, transcript: Uint8Array): Promise<SessionKeys> {
  // pairing.schedule.dh
  const ikm = concat(new Uint8Array(32).fill(0xff), ...agreements.filter((secret) => secret !== undefined))
  const okm = await hkdf(ikm, await pskOf(run), concat(label('session'), transcript), 240)
  // pairing.schedule.output
  let at = 0
  const take = (size: number): Bytes => {
    at += size
    return okm.slice(at - size, at)
  }
  const keys = {
    rootKey: take(32),
    confirmAgent: take(32),
    confirmController: take(32),
    sasKey: take(32),
    pairingKey: take(32),
    sessionId: take(16),
    headerAgent: take(32),
    headerController: take(32),
  }
  okm.fill(0)
  ikm.fill(0)
  return run.mode === 1 ? keys : { ...keys, pairingKey: null }
}

/** The confirmation of one side, 32 bytes (pairing.confirm.mac). */
export const confirmation = (confirmKey: Uint8Array, transcript: Uint8Array, signature: Uint8Array): Bytes =>
  hmac(confirmKey, label('confirm'), transcript, signature)

/** Throws ProtocolError `confirm` (pairing.m2.confirm, pairing.m3.confirm). */
export function checkConfirmation(
  confirmKey: Uint8Array,
  transcript: Uint8Array,
  signature: Uint8Array,
  received: Uint8Array,
): void {
  if (!equal(confirmation(confirmKey, transcript, signature), received)) {
    throw new ProtocolError('confirm', 'Cannot accept a handshake: the key confirmation does not match')
  }
}

/** What M1 says of the nonce that M3 shows, 32 bytes (pairing.sas.commit). */
export const sasCommitment = (sasNonce: Uint8Array): Bytes => hash(label('sas-commit'), sasNonce)

/** Throws ProtocolError `confirm` (pairing.m3.commitment). */
export function checkCommitment(commitment: Uint8Array, sasNonce: Uint8Array): void {
  if (!equal(commitment, sasCommitment(sasNonce))) {
    throw new ProtocolError('confirm', 'Cannot accept M3: its nonce does not open the commitment')
  }
}

/** The six digits, with leading zeros (pairing.sas.digits). */
export function sasDigits(sasKey: Uint8Array, transcript: Uint8Array, sasNonce: Uint8Array): string {
  const mac = hmac(sasKey, label('sas'), transcript, sasNonce)
  const code = new DataView(mac.buffer, mac.byteOffset).getBigUint64(0) % 1_000_000n
  return code.toString().padStart(6, '0')
}

/** As a controller shows them: "523 495". */
export const shownDigits = (digits: string): string => `${digits.slice(0, 3)} ${digits.slice(3)}`
