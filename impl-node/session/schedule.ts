// Transcript, key schedule and the six digits (spec/pairing.md).

import { label, type Suite } from '@happy-remote/schemas/constants.ts'
import { concat, hkdf, hmac, sha256, uint } from '../crypto/primitives.ts'

export type Mode = 'pairing' | 'rekey'

/** What both ends know before the first message of a run. */
export interface RunSecret {
  readonly mode: Mode
  /** PS (16 bytes) or PPK (32 bytes). */
  readonly secret: Uint8Array
  /** The pairing code without PS, or the pairing id (16 bytes). */
  readonly context: Uint8Array
}

const ZERO_32 = new Uint8Array(32)
const F = new Uint8Array(32).fill(0xff)

const withLength = (bytes: Uint8Array) => concat(uint(32, bytes.length), bytes)

/** TH, 32 bytes. `m2part` is the M2 body without its proofs. */
export const transcriptHash = (run: RunSecret, suite: Suite, m1Body: Uint8Array, m2part: Uint8Array): Uint8Array =>
  sha256(
    label('transcript'),
    uint(16, suite),
    uint(8, run.mode === 'pairing' ? 1 : 2),
    withLength(run.context),
    withLength(m1Body),
    withLength(m2part),
  )

/** The outputs of one run; 32 bytes each, sessionId 16. */
export interface SessionKeys {
  readonly rootKey: Uint8Array
  readonly confirmAgent: Uint8Array
  readonly confirmController: Uint8Array
  readonly sas: Uint8Array
  /** PPK; meaningful from a pairing run only. */
  readonly pairingKey: Uint8Array
  readonly sessionId: Uint8Array
  readonly headerAgent: Uint8Array
  readonly headerController: Uint8Array
}

/** `shared` is DH1 ‖ DH2 ‖ DH3 ‖ DH4, and SS with suite 0x0002. */
export function sessionKeys(run: RunSecret, shared: readonly Uint8Array[], transcript: Uint8Array): SessionKeys {
  const psk = hkdf(run.secret, ZERO_32, label(run.mode === 'pairing' ? 'pair-psk' : 'rekey-psk'), 32)
  const okm = hkdf(concat(F, ...shared), psk, concat(label('session'), transcript), 240)
  let at = 0
  const take = (size: number) => {
    at += size
    return okm.slice(at - size, at)
  }
  return {
    rootKey: take(32),
    confirmAgent: take(32),
    confirmController: take(32),
    sas: take(32),
    pairingKey: take(32),
    sessionId: take(16),
    headerAgent: take(32),
    headerController: take(32),
  }
}

export const confirmation = (key: Uint8Array, transcript: Uint8Array, signature: Uint8Array): Uint8Array =>
  hmac(key, label('confirm'), transcript, signature)

export const sasCommitment = (sasNonce: Uint8Array): Uint8Array => sha256(label('sas-commit'), sasNonce)

/** Six digits, leading zeros kept. */
export function sasDigits(sasKey: Uint8Array, transcript: Uint8Array, sasNonce: Uint8Array): string {
  const mac = hmac(sasKey, label('sas'), transcript, sasNonce)
  const number = new DataView(mac.buffer, mac.byteOffset).getBigUint64(0) % 1_000_000n
  return number.toString().padStart(6, '0')
}
