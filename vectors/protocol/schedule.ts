// Transcript, key schedule, key confirmation and the six digits: section 5.3.

import { label, SUITE_MLKEM, type Suite } from '@happy-remote/schemas/constants.ts'
import type { Backend } from '../backend/backend.ts'
import { concat, F32, lengthPrefixed, u8, u16, Z32 } from './bytes.ts'
import { dh } from './keys.ts'

export const PAIRING = 1
export const REKEY = 2
export type Mode = typeof PAIRING | typeof REKEY

/** Where PS stands in the QR payload. */
const PS_AT = 39

/** The QR payload with PS set to zero. */
export function pairingContext(qrPayload: Uint8Array): Uint8Array {
  return Uint8Array.from(qrPayload).fill(0, PS_AT, PS_AT + 16)
}

export const pairingSecretOf = (qrPayload: Uint8Array): Uint8Array => qrPayload.slice(PS_AT, PS_AT + 16)

export function transcriptBytes(suite: number, mode: Mode, ctx: Uint8Array, m1Body: Uint8Array, m2Part: Uint8Array) {
  const parts = [ctx, m1Body, m2Part].map(lengthPrefixed)
  return concat(label('transcript'), u16(suite), u8(mode), ...parts)
}

/** The secret is PS in a pairing, PPK in a rekey. */
export function preSharedKey(backend: Backend, mode: Mode, secret: Uint8Array): Promise<Uint8Array> {
  return backend.hkdf(secret, Z32, label(mode === PAIRING ? 'pair-psk' : 'rekey-psk'), 32)
}

/** Private keys of one side and public keys of the other; both sides give the same DH1 to DH4. */
export interface AgentShare {
  readonly dhPrivate: Uint8Array
  readonly ephemeralPrivate: Uint8Array
  readonly peerDhKey: Uint8Array
  readonly spk: Uint8Array
  readonly opk: Uint8Array
}

export async function agentDh(backend: Backend, share: AgentShare): Promise<Uint8Array[]> {
  return [
    await dh(backend, share.dhPrivate, share.spk),
    await dh(backend, share.ephemeralPrivate, share.peerDhKey),
    await dh(backend, share.ephemeralPrivate, share.spk),
    await dh(backend, share.ephemeralPrivate, share.opk),
  ]
}

export interface ControllerShare {
  readonly dhPrivate: Uint8Array
  readonly spkPrivate: Uint8Array
  readonly opkPrivate: Uint8Array
  readonly peerDhKey: Uint8Array
  readonly ephemeralKey: Uint8Array
}

export async function controllerDh(backend: Backend, share: ControllerShare): Promise<Uint8Array[]> {
  return [
    await dh(backend, share.spkPrivate, share.peerDhKey),
    await dh(backend, share.dhPrivate, share.ephemeralKey),
    await dh(backend, share.spkPrivate, share.ephemeralKey),
    await dh(backend, share.opkPrivate, share.ephemeralKey),
  ]
}

/** The suite's ML-KEM shared secret, empty in suite 0x0001. */
export async function kemSecret(backend: Backend, suite: Suite, seed: Uint8Array, ciphertext: Uint8Array) {
  return suite === SUITE_MLKEM ? backend.kem.decapsulate(seed, ciphertext) : new Uint8Array()
}

const KEY_SIZES = { rk0: 32, kcA: 32, kcC: 32, sask: 32, ppk: 32, sid: 16, htA: 32, htC: 32 } as const
export type Keys = Record<keyof typeof KEY_SIZES, Uint8Array>

export function cutKeys(okm: Uint8Array): Keys {
  let at = 0
  const cut = Object.entries(KEY_SIZES).map(([name, size]) => {
    at += size
    return [name, okm.slice(at - size, at)]
  })
  return Object.fromEntries(cut) as Keys
}

/** `dhs` are DH1 to DH4; `ss` is empty in suite 0x0001. */
export async function schedule(
  backend: Backend,
  psk: Uint8Array,
  dhs: readonly Uint8Array[],
  ss: Uint8Array,
  th: Uint8Array,
) {
  const ikm = concat(F32, ...dhs, ss)
  const okm = await backend.hkdf(ikm, psk, concat(label('session'), th), 240)
  return { ikm, okm, keys: cutKeys(okm) }
}

export function confirmation(backend: Backend, kc: Uint8Array, th: Uint8Array, signature: Uint8Array) {
  return backend.hmac(kc, concat(label('confirm'), th, signature))
}

/** Six digits with leading zeros. */
export async function digits(backend: Backend, sask: Uint8Array, th: Uint8Array, sasNonce: Uint8Array) {
  const mac = await backend.hmac(sask, concat(label('sas'), th, sasNonce))
  const number = mac.subarray(0, 8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) % 1_000_000n
  return { mac, digits: number.toString().padStart(6, '0') }
}
