// @noble/curves, hashes and post-quantum. AES-256-GCM comes from node:crypto: of all primitives it is
// the only one that this back end does not compute itself, because @noble/ciphers is no dependency.

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { Backend } from './backend.ts'

const { Point } = ed25519
const L = Point.Fn.ORDER

export function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** `[S]B = R + [k]A`, without clearing the cofactor: `ed25519.verify` of noble clears it. */
function cofactorless(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const encodedR = signature.slice(0, 32)
  const s = littleEndian(signature.slice(32))
  const k = littleEndian(sha512.create().update(encodedR).update(publicKey).update(message).digest()) % L
  const right = Point.fromBytes(encodedR).add(Point.fromBytes(publicKey).multiplyUnsafe(k))
  return Point.BASE.multiplyUnsafe(s).equals(right)
}

export function sealAes(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]))
}

export function openAes(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(-16))
  return Uint8Array.from(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]))
}

export const noble: Backend = {
  name: 'noble',
  sha256: async (data) => sha256(data),
  hmac: async (key, data) => hmac(sha256, key, data),
  hkdf: async (ikm, salt, info, length) => hkdf(sha256, ikm, salt, info, length),
  seal: async (key, nonce, aad, plaintext) => sealAes(key, nonce, aad, plaintext),
  open: async (key, nonce, aad, sealed) => openAes(key, nonce, aad, sealed),
  dhPublic: async (privateKey) => x25519.getPublicKey(privateKey),
  dh: async (privateKey, publicKey) => x25519.getSharedSecret(privateKey, publicKey),
  signPublic: async (seed) => ed25519.getPublicKey(seed),
  sign: async (seed, message) => ed25519.sign(message, seed),
  async verify(publicKey, message, signature) {
    try {
      return cofactorless(publicKey, message, signature)
    } catch {
      return false
    }
  },
  kem: {
    publicKey: async (seed) => ml_kem768.keygen(seed).publicKey,
    decapsulate: async (seed, ciphertext) => ml_kem768.decapsulate(ciphertext, ml_kem768.keygen(seed).secretKey),
    async accepts(publicKey) {
      try {
        ml_kem768.encapsulate(publicKey)
        return true
      } catch {
        return false
      }
    },
  },
}
