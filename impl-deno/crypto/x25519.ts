// X25519: the check of public keys that comes before any library, and the agreement (spec/security.md).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Bytes, concat, equal, fromHex, isZero } from './bytes.ts'
import { source } from './primitives.ts'

/** A private key may be a handle of the platform that cannot be exported; the public key is 32 bytes. */
export interface DhKeyPair {
  readonly privateKey: CryptoKey
  readonly publicKey: Bytes
}

/** PKCS #8 of a private key is this and its 32 bytes (RFC 8410). */
const PKCS8_PREFIX = fromHex('302e020100300506032b656e04220420')
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31))

const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(fromHex)

/** 2^255 - 19 is edffff…ff7f: only values whose upper 31 bytes are all ones reach it. */
export function isBelowFieldPrime(bytes: Uint8Array): boolean {
  const middle = bytes.subarray(1, 31)
  return (bytes[31] as number) !== 0x7f || middle.some((byte) => byte !== 0xff) || (bytes[0] as number) < 0xed
}

/** Throws ProtocolError `key-length`, `key-noncanonical` or `key-low-order`, in this order. */
export function checkDhKey(key: Uint8Array): void {
  // security.key.length
  if (key.length !== 32) throw new ProtocolError('key-length', `Cannot use a public key of ${key.length} bytes`)
  // security.key.canonical
  if ((key[31] as number) >= 0x80 || !isBelowFieldPrime(key)) {
    throw new ProtocolError('key-noncanonical', 'Cannot use a public key: it is not a canonical field element')
  }
  // security.key.low-order
  if (SMALL_ORDER.some((point) => equal(point, key))) {
    throw new ProtocolError('key-low-order', 'Cannot use a public key: its order is small')
  }
}

/** A fresh pair. One that is not extractable cannot be part of a state image. */
export async function generateDhKey({ extractable = true } = {}): Promise<DhKeyPair> {
  const pair = (await crypto.subtle.generateKey('X25519', extractable, ['deriveBits'])) as CryptoKeyPair
  return {
    privateKey: pair.privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
  }
}

/** The pair of a private key of 32 bytes, as X25519 takes it (it clamps by itself). */
export async function importDhKey(privateKey: Uint8Array, { extractable = true } = {}): Promise<DhKeyPair> {
  const pkcs8 = concat(PKCS8_PREFIX, privateKey)
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'X25519', extractable, ['deriveBits'])
  return { privateKey: key, publicKey: await multiply(key, BASE_POINT) }
}

/** The 32 bytes of an extractable private key. */
export async function exportDhKey(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('pkcs8', key)).slice(PKCS8_PREFIX.length)
}

async function multiply(privateKey: CryptoKey, publicKey: Uint8Array): Promise<Bytes> {
  const theirs = await crypto.subtle.importKey('raw', source(publicKey), 'X25519', false, [])
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: theirs }, privateKey, 256))
}

/** `DH(a, B)`, 32 bytes, of a public key that `checkDhKey` has passed. Throws ProtocolError `dh-zero`. */
export async function agree(own: DhKeyPair, publicKey: Uint8Array): Promise<Bytes> {
  const secret = await multiply(own.privateKey, publicKey).catch(() => new Uint8Array(32))
  // security.key.zero: engines differ in whether they report this or return the zeros
  if (isZero(secret)) throw new ProtocolError('dh-zero', 'Cannot agree on a key: the output is zero')
  return secret
}
