// Ed25519 with the strict, cofactorless verification of spec/pairing.md: two engines must never
// disagree on a signature, so what they treat differently is refused by bytes before they see it.

import * as crypto from 'node:crypto'
import { publicKeyPem } from './pem.ts'
import { concat, type Random } from './primitives.ts'
import { belowFieldPrime } from './x25519.ts'

export interface SigningKeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: crypto.KeyObject
}

const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

const publicOf = (key: crypto.KeyObject): Uint8Array =>
  new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x as string, 'base64url'))

export function signingKeyPairFrom(seed: Uint8Array): SigningKeyPair {
  const privateKey = crypto.createPrivateKey({ key: Buffer.from(concat(PKCS8, seed)), format: 'der', type: 'pkcs8' })
  return { privateKey, publicKey: publicOf(privateKey) }
}

export function generateSigningKeyPair(random?: Random): SigningKeyPair {
  if (random) return signingKeyPairFrom(random(32))
  const { privateKey } = crypto.generateKeyPairSync('ed25519')
  return { privateKey, publicKey: publicOf(privateKey) }
}

/** The 32-byte seed, for storage only. */
export const signingSeedOf = (pair: SigningKeyPair): Uint8Array =>
  new Uint8Array(Buffer.from(pair.privateKey.export({ format: 'jwk' }).d as string, 'base64url'))

/** A 64-byte signature. */
export const sign = (pair: SigningKeyPair, message: Uint8Array): Uint8Array =>
  new Uint8Array(crypto.sign(null, message, pair.privateKey))

// Group order 2^252 + 27742317777372353535851937790883648493, little-endian.
const ORDER = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex')

// The encodings that decode to a point of small order, sign bit cleared; the sign bit is tried too.
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex'))

function belowOrder(scalar: Uint8Array): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = (scalar[i] as number) - (ORDER[i] as number)
    if (difference !== 0) return difference < 0
  }
  return false
}

function isSafePoint(point: Uint8Array): boolean {
  if (!belowFieldPrime(point)) return false
  const unsigned = Buffer.from(point)
  unsigned[31] = (unsigned[31] as number) & 0x7f
  return !SMALL_ORDER.some((bad) => bad.equals(unsigned))
}

/** Whether `signature` verifies under the strict rule. Never throws. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  if (!belowOrder(signature.subarray(32)) || !isSafePoint(publicKey) || !isSafePoint(signature.subarray(0, 32))) {
    return false
  }
  try {
    return crypto.verify(null, message, crypto.createPublicKey(publicKeyPem('ed25519', publicKey)), signature)
  } catch {
    return false
  }
}
