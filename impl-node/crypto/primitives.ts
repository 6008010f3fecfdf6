// Hashes, MACs and the AEAD, all OpenSSL's. Every key becomes a KeyObject first: node:crypto takes 12 µs
// longer, several times the work itself, for a key that is bytes.

import * as crypto from 'node:crypto'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

/** Source of random bytes; tests and the conformance shim inject their own. */
export type Random = (size: number) => Uint8Array

export const randomBytes: Random = (size) => new Uint8Array(crypto.randomBytes(size))

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** `uN`, big-endian. */
export function uint(bits: 8 | 16 | 32 | 64, value: number): Uint8Array {
  const out = new Uint8Array(bits / 8)
  const view = new DataView(out.buffer)
  if (bits === 8) view.setUint8(0, value)
  else if (bits === 16) view.setUint16(0, value)
  else if (bits === 32) view.setUint32(0, value)
  else view.setBigUint64(0, BigInt(value))
  return out
}

const bytesOf = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

/** SHA-256 of the concatenated parts, 32 bytes. */
export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  bytesOf(crypto.hash('sha256', concat(...parts), 'buffer'))

/** HMAC-SHA256 of the concatenated parts, 32 bytes. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = crypto.createHmac('sha256', crypto.createSecretKey(key))
  for (const part of parts) mac.update(part)
  return bytesOf(mac.digest())
}

/** RFC 5869 with SHA-256. */
export const hkdf = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, size: number): Uint8Array =>
  new Uint8Array(crypto.hkdfSync('sha256', crypto.createSecretKey(ikm), salt, info, size))

/** Constant time in the contents; false for different lengths. */
export const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && crypto.timingSafeEqual(a, b)

const TAG = 16

/** AES-256-GCM: ciphertext with the 16-byte tag appended. */
export function seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = crypto.createCipheriv('aes-256-gcm', crypto.createSecretKey(key), nonce)
  cipher.setAAD(aad)
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

/** Opens what `seal` made. Throws ProtocolError `decrypt`; nothing of the plaintext is released before the tag verified. */
export function open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  if (sealed.length < TAG) throw new ProtocolError('decrypt')
  const decipher = crypto.createDecipheriv('aes-256-gcm', crypto.createSecretKey(key), nonce, { authTagLength: TAG })
  decipher.setAAD(aad)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG))
  try {
    decipher.final()
  } catch {
    throw new ProtocolError('decrypt')
  }
  return bytesOf(plaintext)
}
