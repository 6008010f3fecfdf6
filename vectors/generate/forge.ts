// Signatures that a verifier must judge, made with the points of noble: section 1.1.

import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { littleEndian } from '../backend/noble.ts'
import { ascii, concat, hex, unhex } from '../protocol/bytes.ts'
import { ORDER } from '../protocol/keys.ts'

const { Point } = ed25519
/** A point of order 8. */
const TORSION = Point.fromBytes(unhex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'))
/** The identity point in the two encodings that are not canonical because y is not below p. */
export const NON_CANONICAL = `ee${'ff'.repeat(30)}7f`

function scalarBytes(value: bigint): Uint8Array {
  const out = new Uint8Array(32)
  for (let i = 0, rest = value; i < 32; i++, rest >>= 8n) out[i] = Number(rest & 0xffn)
  return out
}

function challenge(r: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  return littleEndian(sha512(concat(r, publicKey, message))) % ORDER
}

const secretScalar = (seed: string): bigint => ed25519.utils.getExtendedPublicKey(unhex(seed)).scalar
const nonceScalar = (message: Uint8Array, i: number): bigint =>
  littleEndian(sha512(concat(ascii(`forged nonce ${i}`), message))) % ORDER

export const publicKeyOf = (seed: string): string => hex(ed25519.getPublicKey(unhex(seed)))
export const signHex = (seed: string, message: Uint8Array): string => hex(ed25519.sign(message, unhex(seed)))

export const flip = (text: string, byte: number, bit = 0): string => {
  const bytes = unhex(text)
  const at = byte < 0 ? bytes.length + byte : byte
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
  return hex(bytes)
}

/** S + ℓ: the same equation, another encoding. */
export function addOrder(signature: string): string {
  const bytes = unhex(signature)
  return hex(concat(bytes.subarray(0, 32), scalarBytes(littleEndian(bytes.subarray(32)) + ORDER)))
}

/** A signature by `seed` whose R is given bytes that decode to the identity: only the byte rule refuses it. */
export function withIdentityR(seed: string, message: Uint8Array, encodedR: string): string {
  const r = unhex(encodedR)
  const k = challenge(r, unhex(publicKeyOf(seed)), message)
  return hex(concat(r, scalarBytes((k * secretScalar(seed)) % ORDER)))
}

/** A signature by `seed` whose R has a part of order 8: a cofactored verifier accepts it. */
export function withMixedR(seed: string, message: Uint8Array): string {
  const nonce = nonceScalar(message, 0)
  const r = Point.BASE.multiply(nonce).add(TORSION).toBytes()
  const k = challenge(r, unhex(publicKeyOf(seed)), message)
  return hex(concat(r, scalarBytes((nonce + k * secretScalar(seed)) % ORDER)))
}

/** For A of order 1, anybody's R = [r]B with S = r fulfils the equation. */
export function underIdentityKey(message: Uint8Array): string {
  const nonce = nonceScalar(message, 0)
  return hex(concat(Point.BASE.multiply(nonce).toBytes(), scalarBytes(nonce)))
}

/** The public key of `seed` plus a point of order 8. */
export function mixedKey(seed: string): string {
  return hex(
    Point.fromBytes(unhex(publicKeyOf(seed)))
      .add(TORSION)
      .toBytes(),
  )
}

/**
 * A signature under `mixedKey(seed)`. It is valid exactly where k is a multiple of 8, so nonces are
 * tried until k is one (`accepted`), or is not.
 */
export function underMixedKey(seed: string, message: Uint8Array, accepted: boolean): string {
  const key = unhex(mixedKey(seed))
  for (let i = 0; ; i++) {
    const nonce = nonceScalar(message, i)
    const r = Point.BASE.multiply(nonce).toBytes()
    const k = challenge(r, key, message)
    if ((k % 8n === 0n) !== accepted) continue
    return hex(concat(r, scalarBytes((nonce + k * secretScalar(seed)) % ORDER)))
  }
}

export interface Forgery {
  readonly name: string
  readonly flag: 'BadSignature' | 'LargeScalar' | 'NonCanonical' | 'SmallOrder' | 'MixedOrder'
  readonly mutation: string
  readonly signature: string
}

/** The family of every signed structure: all under the honest public key of `seed`. */
export function forgeries(seed: string, message: Uint8Array, wrongLabel: Uint8Array, other: string): Forgery[] {
  const honest = signHex(seed, message)
  return [
    { name: 'flip-r', flag: 'BadSignature', mutation: 'flip signature[0] bit 0', signature: flip(honest, 0) },
    { name: 'flip-s', flag: 'BadSignature', mutation: 'flip signature[32] bit 0', signature: flip(honest, 32) },
    {
      name: 'wrong-label',
      flag: 'BadSignature',
      mutation: 'signed under another label',
      signature: signHex(seed, wrongLabel),
    },
    {
      name: 'other-key',
      flag: 'BadSignature',
      mutation: 'signed by another device',
      signature: signHex(other, message),
    },
    { name: 's-plus-order', flag: 'LargeScalar', mutation: 'S = S + l', signature: addOrder(honest) },
    {
      name: 'small-order-r',
      flag: 'SmallOrder',
      mutation: 'R = the identity point, S = k * a',
      signature: withIdentityR(seed, message, `01${'00'.repeat(31)}`),
    },
    {
      name: 'non-canonical-r',
      flag: 'NonCanonical',
      mutation: 'R = p + 1, the identity point with y not below p, S = k * a',
      signature: withIdentityR(seed, message, NON_CANONICAL),
    },
    {
      name: 'mixed-order-r',
      flag: 'MixedOrder',
      mutation: 'R = [r]B + T with T of order 8',
      signature: withMixedR(seed, message),
    },
  ]
}
