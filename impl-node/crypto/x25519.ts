// X25519 with the public-key rules of spec/pairing.md, which no engine enforces by itself.

import * as crypto from 'node:crypto'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { publicKeyPem } from './pem.ts'
import { concat, type Random } from './primitives.ts'

export interface DhKeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: crypto.KeyObject
}

// RFC 8410: PKCS #8 before the 32-byte private key.
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** A private key from its 32 bytes. */
export function dhKeyPairFrom(secret: Uint8Array): DhKeyPair {
  const privateKey = crypto.createPrivateKey({ key: Buffer.from(concat(PKCS8, secret)), format: 'der', type: 'pkcs8' })
  return { privateKey, publicKey: publicOf(privateKey) }
}

/** A fresh key pair; with `random`, its next 32 bytes are the private key. */
export function generateDhKeyPair(random?: Random): DhKeyPair {
  if (random) return dhKeyPairFrom(random(32))
  const { privateKey } = crypto.generateKeyPairSync('x25519')
  return { privateKey, publicKey: publicOf(privateKey) }
}

const publicOf = (key: crypto.KeyObject): Uint8Array =>
  new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x as string, 'base64url'))

/** The 32 bytes of the private key, for storage only. */
export const dhSecretOf = (pair: DhKeyPair): Uint8Array =>
  new Uint8Array(Buffer.from(pair.privateKey.export({ format: 'jwk' }).d as string, 'base64url'))

const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((hex) => Buffer.from(hex, 'hex'))

/** Whether 32 little-endian bytes, top bit cleared, are below 2^255 - 19. */
export function belowFieldPrime(bytes: Uint8Array): boolean {
  if (((bytes[31] as number) & 0x7f) !== 0x7f) return true
  for (let i = 30; i > 0; i--) if (bytes[i] !== 0xff) return true
  return (bytes[0] as number) < 0xed
}

/** Throws ProtocolError `key-length`, `key-noncanonical` or `key-low-order`. */
export function checkDhKey(key: Uint8Array): void {
  if (key.length !== 32) throw new ProtocolError('key-length')
  if ((key[31] as number) & 0x80 || !belowFieldPrime(key)) throw new ProtocolError('key-noncanonical')
  if (LOW_ORDER.some((bad) => bad.equals(key))) throw new ProtocolError('key-low-order')
}

/** A public key made ready for several `dh`: importing costs a quarter of one. */
export type DhPublicKey = crypto.KeyObject

/** `publicKey` was checked by `checkDhKey`. */
export const importDhKey = (publicKey: Uint8Array): DhPublicKey =>
  crypto.createPublicKey(publicKeyPem('x25519', publicKey))

/** The 32-byte shared secret. `publicKey` was checked by `checkDhKey`. Throws ProtocolError `dh-zero`. */
export function dh(pair: DhKeyPair, publicKey: Uint8Array | DhPublicKey): Uint8Array {
  let shared: Buffer
  try {
    shared = crypto.diffieHellman({
      privateKey: pair.privateKey,
      publicKey: publicKey instanceof Uint8Array ? importDhKey(publicKey) : publicKey,
    })
  } catch {
    throw new ProtocolError('dh-zero')
  }
  if (shared.every((byte) => byte === 0)) throw new ProtocolError('dh-zero')
  return new Uint8Array(shared)
}
