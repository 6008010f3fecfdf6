// Hash, MAC, KDF, AEAD and randomness of both suites: the notation of spec/security.md.
//
// SHA-256 and HMAC come from noble, because the way into Web Crypto and back costs ten times the work
// (measured: HMAC of 60 bytes 7 µs here, 69 µs there). Everything with a key that may stay inside the
// platform, and everything with bulk, is Web Crypto's.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { type Bytes, concat } from './bytes.ts'

/** Web Crypto's types exclude shared memory, which layouts cannot: no decoder of ours yields any. */
export const source = (bytes: Uint8Array): Bytes => bytes as Bytes

/** `length` bytes of the platform's cryptographic generator (security.secret.random). */
export const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length))

/** `H(a ‖ b ‖ …)`, 32 bytes. */
export const hash = (...parts: readonly Uint8Array[]): Bytes => source(sha256(concat(...parts)))

/** `HMAC(key, a ‖ b ‖ …)`, 32 bytes. */
export const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes =>
  source(nobleHmac(sha256, key, concat(...parts)))

/** `HKDF(ikm, salt, info, length)` of RFC 5869. */
export async function hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', source(ikm), 'HKDF', false, ['deriveBits'])
  const params = { name: 'HKDF', hash: 'SHA-256', salt: source(salt), info: source(info) }
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, length * 8))
}

export type AeadKey = Uint8Array | CryptoKey

const aeadKey = async (key: AeadKey, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> =>
  key instanceof Uint8Array ? await crypto.subtle.importKey('raw', source(key), 'AES-GCM', false, [usage]) : key

/** `AEAD(key, nonce, aad, plaintext)`: AES-256-GCM, the tag of 16 bytes behind the ciphertext. */
export async function seal(key: AeadKey, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Promise<Bytes> {
  const params = { name: 'AES-GCM', iv: source(nonce), additionalData: source(aad) }
  return new Uint8Array(await crypto.subtle.encrypt(params, await aeadKey(key, 'encrypt'), source(plaintext)))
}

/** Throws ProtocolError `decrypt` where the tag does not verify. */
export async function open(key: AeadKey, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Promise<Bytes> {
  const params = { name: 'AES-GCM', iv: source(nonce), additionalData: source(aad) }
  const imported = await aeadKey(key, 'decrypt')
  try {
    return new Uint8Array(await crypto.subtle.decrypt(params, imported, source(sealed)))
  } catch {
    throw new ProtocolError('decrypt', 'Cannot open: the AEAD tag does not verify')
  }
}
