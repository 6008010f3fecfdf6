// Validation of public keys and signatures by their bytes, before an engine sees them: section 1.1.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Backend } from '../backend/backend.ts'
import { hex, unhex } from './bytes.ts'

const P = 2n ** 255n - 19n
/** Order of the prime-order group. */
export const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

const zeros = '00'.repeat(30)
const ones = 'ff'.repeat(30)

/** The canonical encodings of X25519 points of low order. */
export const LOW_ORDER = [
  `00${zeros}00`,
  `01${zeros}00`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${ones}7f`,
]

/** The byte strings below p that decode to an Ed25519 point of small order. */
export const SMALL_ORDER = [
  `01${zeros}00`,
  `01${zeros}80`,
  `ec${ones}7f`,
  `ec${ones}ff`,
  `00${zeros}00`,
  `00${zeros}80`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
]

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/** `chkX`: throws `key-length`, `key-noncanonical` or `key-low-order`. */
export function checkDhKey(key: Uint8Array): void {
  if (key.length !== 32) throw new ProtocolError('key-length')
  if (littleEndian(key) >= P) throw new ProtocolError('key-noncanonical')
  if (LOW_ORDER.includes(hex(key))) throw new ProtocolError('key-low-order')
}

/** X25519; an error of the engine and an output of zeros are both `dh-zero`. */
export async function dh(backend: Backend, privateKey: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array> {
  const output = await backend.dh(privateKey, publicKey).catch(() => new Uint8Array(32))
  if (output.every((byte) => byte === 0)) throw new ProtocolError('dh-zero')
  return output
}

function encodesGoodPoint(point: Uint8Array): boolean {
  const y = littleEndian(point) & (2n ** 255n - 1n)
  return y < P && !SMALL_ORDER.includes(hex(point))
}

/** Ed25519 as section 1.1 says: the same answer on every engine. */
export async function verify(
  backend: Backend,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  if (littleEndian(signature.subarray(32)) >= ORDER) return false
  if (!encodesGoodPoint(publicKey) || !encodesGoodPoint(signature.subarray(0, 32))) return false
  return backend.verify(publicKey, message, signature)
}

/** X25519 and Ed25519 key pairs of a printed private key. */
export async function dhPair(backend: Backend, privateHex: string) {
  const privateKey = unhex(privateHex)
  return { privateKey, publicKey: await backend.dhPublic(privateKey) }
}
