// The signature rule of spec/security.md, and signatures that a careless verifier takes for good.

import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'

const { Point } = ed25519
const order = Point.Fn.ORDER
const FIELD = 2n ** 255n - 19n

/** The encodings of points of small order; the sign bit of a non-canonical one does not matter here. */
const SMALL_ORDER = new Set([
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
])

/** A point of order 8. */
const ORDER_EIGHT = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes.toReversed())}`)
}

function toBytes(number: bigint): Uint8Array {
  return hexToBytes(number.toString(16).padStart(64, '0')).toReversed()
}

const isCanonical = (point: Uint8Array): boolean => (toNumber(point) & (2n ** 255n - 1n)) < FIELD

/** Which of the checks a lenient verifier leaves out. */
export interface Leniency {
  /** security.signature.scalar */
  readonly scalar?: boolean
  /** security.signature.canonical */
  readonly canonical?: boolean
  /** security.signature.small-order */
  readonly smallOrder?: boolean
  /** security.signature.cofactorless */
  readonly cofactor?: boolean
}

/** `verify` of spec/security.md. */
export function verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array, lenient: Leniency = {}): boolean {
  if (key.length !== 32 || signature.length !== 64) return false
  const r = signature.slice(0, 32)
  const s = toNumber(signature.slice(32))
  if (!lenient.scalar && s >= order) return false
  if (!lenient.canonical && !(isCanonical(key) && isCanonical(r))) return false
  if (!lenient.smallOrder && (SMALL_ORDER.has(bytesToHex(key)) || SMALL_ORDER.has(bytesToHex(r)))) return false
  try {
    const a = Point.fromBytes(key, true)
    const k = toNumber(sha512(concatBytes(r, key, message))) % order
    const right = Point.fromBytes(r, true).add(k === 0n ? Point.ZERO : a.multiplyUnsafe(k))
    const left = s % order === 0n ? Point.ZERO : Point.BASE.multiplyUnsafe(s % order)
    const difference = left.subtract(right)
    return lenient.cofactor ? difference.clearCofactor().is0() : difference.is0()
  } catch {
    // Not the encoding of a point.
    return false
  }
}

/** The signature with the group order added to S: the same equation holds. */
export function addOrder(signature: Uint8Array): Uint8Array {
  return concatBytes(signature.slice(0, 32), toBytes(toNumber(signature.slice(32)) + order))
}

/** The identity point: [k]A vanishes, so that every [s]B with R = [s]B verifies. */
export const SMALL_ORDER_KEY = toBytes(1n)
/** The same point with y = p + 1. */
export const NON_CANONICAL_KEY = toBytes(FIELD + 1n)

/** What verifies under both keys above, over any message, where nobody looks at the key. */
export function signatureUnderIdentity(): Uint8Array {
  const s = 1_234_567_891n
  return concatBytes(Point.BASE.multiply(s).toBytes(), toBytes(s))
}

/** A signature with `nonce` for the random part, and `torsion` added to R. */
function signWith(nonce: bigint, torsion: typeof Point.ZERO, secret: Uint8Array, key: Uint8Array, message: Uint8Array) {
  const { scalar } = ed25519.utils.getExtendedPublicKey(secret)
  const r = Point.BASE.multiply(nonce).add(torsion).toBytes()
  const k = toNumber(sha512(concatBytes(r, key, message))) % order
  return concatBytes(r, toBytes((nonce + k * scalar) % order))
}

/** A signature whose R has a part of order 8, which only multiplication by the cofactor removes. */
export const signWithTorsion = (secret: Uint8Array, key: Uint8Array, message: Uint8Array): Uint8Array =>
  signWith(987_654_321n, Point.fromHex(ORDER_EIGHT), secret, key, message)

/** Another valid signature than that of RFC 8032, as a signer with a random nonce makes it. */
export const signDifferently = (secret: Uint8Array, key: Uint8Array, message: Uint8Array): Uint8Array =>
  signWith(toNumber(sha512(message)) % order, Point.ZERO, secret, key, message)
