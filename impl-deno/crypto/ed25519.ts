// Ed25519 as spec/security.md narrows it: a check of bytes, then Web Crypto's cofactorless verification.

import { type Bytes, concat, equal, fromHex } from './bytes.ts'
import { source } from './primitives.ts'
import { isBelowFieldPrime } from './x25519.ts'

/** A private key may be a handle of the platform that cannot be exported; the public key is 32 bytes. */
export interface SigningKey {
  readonly privateKey: CryptoKey
  readonly publicKey: Bytes
}

/** PKCS #8 of a private key is this and its seed of 32 bytes (RFC 8410). */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420')

/** 2^252 + 27742317777372353535851937790883648493, big-endian, for comparison byte by byte. */
const GROUP_ORDER = fromHex('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed')

/** With the top bit cleared there are five; each stands for itself and for its copy with the bit set. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(fromHex)

export async function generateSigningKey({ extractable = true } = {}): Promise<SigningKey> {
  const pair = (await crypto.subtle.generateKey('Ed25519', extractable, ['sign', 'verify'])) as CryptoKeyPair
  return {
    privateKey: pair.privateKey,
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
  }
}

/** The key of a seed of 32 bytes. */
export async function importSigningKey(seed: Uint8Array, { extractable = false } = {}): Promise<SigningKey> {
  const pkcs8 = concat(PKCS8_PREFIX, seed)
  const readable = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign'])
  const { x } = await crypto.subtle.exportKey('jwk', readable)
  const publicKey = Uint8Array.from(atob((x as string).replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  )
  if (extractable) return { privateKey: readable, publicKey }
  return { privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']), publicKey }
}

/** The seed of an extractable private key. */
export async function exportSigningKey(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('pkcs8', key)).slice(PKCS8_PREFIX.length)
}

/** 64 bytes. Two signatures of one message may differ (security.signature.nondeterministic). */
export async function sign(key: SigningKey, ...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, concat(...parts)))
}

function isBelowGroupOrder(scalar: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) {
    const [digit, bound] = [scalar[31 - i] as number, GROUP_ORDER[i] as number]
    if (digit !== bound) return digit < bound
  }
  return false
}

/** Canonical and not of small order, whatever the sign bit says. */
function isGoodPoint(encoded: Uint8Array): boolean {
  const y = encoded.slice()
  y[31] = (y[31] as number) & 0x7f
  // security.signature.canonical, security.signature.small-order
  return isBelowFieldPrime(y) && !SMALL_ORDER.some((point) => equal(point, y))
}

/** `verify(A, m, sig)` of spec/security.md; never throws. */
export async function verify(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean> {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  // security.signature.scalar
  if (!isBelowGroupOrder(signature.subarray(32))) return false
  if (!isGoodPoint(publicKey) || !isGoodPoint(signature.subarray(0, 32))) return false
  try {
    const key = await crypto.subtle.importKey('raw', source(publicKey), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, source(signature), source(message))
  } catch {
    // 32 bytes that are no point at all: some engines notice on import
    return false
  }
}
