// ML-KEM-768 (FIPS 203) of suite 0x0002.

import * as crypto from 'node:crypto'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { KEM_CIPHERTEXT_SIZE, KEM_KEY_SIZE } from '@happy-remote/schemas/pairing.ts'
import { concat, type Random, randomBytes } from './primitives.ts'

export interface KemKeyPair {
  /** Encapsulation key, 1184 bytes. */
  readonly publicKey: Uint8Array
  readonly privateKey: crypto.KeyObject
}

// PKCS #8 with the seed alone, and SubjectPublicKeyInfo, before their raw bytes.
const PKCS8 = Buffer.from('3054020100300b060960864801650304040204428040', 'hex')
const SPKI = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex')

/** A key pair from the 64-byte seed d ‖ z. */
export function kemKeyPairFrom(seed: Uint8Array): KemKeyPair {
  const privateKey = crypto.createPrivateKey({ key: Buffer.from(concat(PKCS8, seed)), format: 'der', type: 'pkcs8' })
  const spki = crypto.createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return { privateKey, publicKey: new Uint8Array(spki.subarray(SPKI.length)) }
}

export const generateKemKeyPair = (random: Random = randomBytes): KemKeyPair => kemKeyPairFrom(random(64))

const MODULUS = 3329

/** Throws ProtocolError `kem-key` where a coefficient is not reduced (FIPS 203, 7.2) or the length is wrong. */
export function checkKemKey(key: Uint8Array): void {
  if (key.length !== KEM_KEY_SIZE) throw new ProtocolError('kem-key')
  for (let i = 0; i < KEM_KEY_SIZE - 32; i += 3) {
    const [a, b, c] = [key[i] as number, key[i + 1] as number, key[i + 2] as number]
    if ((a | ((b & 0x0f) << 8)) >= MODULUS || ((b >> 4) | (c << 4)) >= MODULUS) throw new ProtocolError('kem-key')
  }
}

/** `publicKey` was checked by `checkKemKey`. */
export function encapsulate(publicKey: Uint8Array): { ciphertext: Uint8Array; sharedSecret: Uint8Array } {
  const key = crypto.createPublicKey({ key: Buffer.from(concat(SPKI, publicKey)), format: 'der', type: 'spki' })
  const { ciphertext, sharedKey } = crypto.encapsulate(key)
  return { ciphertext: new Uint8Array(ciphertext), sharedSecret: new Uint8Array(sharedKey) }
}

/** Implicit rejection: a wrong ciphertext of the right length gives another secret, not an error. */
export function decapsulate(pair: KemKeyPair, ciphertext: Uint8Array): Uint8Array {
  if (ciphertext.length !== KEM_CIPHERTEXT_SIZE) throw new ProtocolError('length')
  return new Uint8Array(crypto.decapsulate(pair.privateKey, ciphertext))
}
