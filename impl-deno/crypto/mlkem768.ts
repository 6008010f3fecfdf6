// ML-KEM-768 (FIPS 203) of suite 0x0002: Web Crypto where it has it, noble where not.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { KEM_KEY_SIZE } from '@happy-remote/schemas/pairing.ts'
import type { Bytes } from './bytes.ts'
import { random, source } from './primitives.ts'

/** A one-time key of the controller: 1,184 bytes for the peer, and what opens its answer. */
export interface KemKey {
  readonly publicKey: Bytes
  /** 32 bytes; those of a ciphertext for another key are wrong, and no error (implicit rejection). */
  decapsulate(ciphertext: Uint8Array): Promise<Bytes>
}

export interface Encapsulation {
  /** 1,088 bytes. */
  readonly ciphertext: Bytes
  /** 32 bytes. */
  readonly sharedSecret: Bytes
}

export interface KemEngine {
  /** `seed` is d ‖ z of FIPS 203, 64 bytes. */
  keyFromSeed(seed: Uint8Array): Promise<KemKey>
  encapsulate(publicKey: Uint8Array): Promise<Encapsulation>
}

/** What the secure-curves and post-quantum drafts add to Web Crypto, and no type library has yet. */
interface KemSubtle {
  importKey(
    format: 'raw-seed' | 'raw-public',
    key: Bytes,
    algorithm: 'ML-KEM-768',
    extractable: boolean,
    usages: ('encapsulateBits' | 'decapsulateBits')[],
  ): Promise<CryptoKey>
  exportKey(format: 'jwk', key: CryptoKey): Promise<{ pub?: string }>
  encapsulateBits(algorithm: 'ML-KEM-768', key: CryptoKey): Promise<{ ciphertext: ArrayBuffer; sharedKey: ArrayBuffer }>
  decapsulateBits(algorithm: 'ML-KEM-768', key: CryptoKey, ciphertext: Bytes): Promise<ArrayBuffer>
}

const subtle = crypto.subtle as unknown as KemSubtle

export const webKem: KemEngine = {
  async keyFromSeed(seed) {
    const key = await subtle.importKey('raw-seed', source(seed), 'ML-KEM-768', true, ['decapsulateBits'])
    const { pub } = await subtle.exportKey('jwk', key)
    const text = atob((pub as string).replaceAll('-', '+').replaceAll('_', '/'))
    return {
      publicKey: Uint8Array.from(text, (character) => character.charCodeAt(0)),
      decapsulate: async (ciphertext) =>
        new Uint8Array(await subtle.decapsulateBits('ML-KEM-768', key, source(ciphertext))),
    }
  },
  async encapsulate(publicKey) {
    const key = await subtle.importKey('raw-public', source(publicKey), 'ML-KEM-768', false, ['encapsulateBits'])
    const { ciphertext, sharedKey } = await subtle.encapsulateBits('ML-KEM-768', key)
    return { ciphertext: new Uint8Array(ciphertext), sharedSecret: new Uint8Array(sharedKey) }
  },
}

/** Loaded only where it is needed: it is the largest part of a bundle for browsers. */
const noble = async () => (await import('@noble/post-quantum/ml-kem.js')).ml_kem768

export const nobleKem: KemEngine = {
  async keyFromSeed(seed) {
    const kem = await noble()
    const { publicKey, secretKey } = kem.keygen(seed)
    return {
      publicKey: source(publicKey),
      decapsulate: async (ciphertext) => source(kem.decapsulate(ciphertext, secretKey)),
    }
  },
  async encapsulate(publicKey) {
    const { cipherText, sharedSecret } = (await noble()).encapsulate(publicKey)
    return { ciphertext: source(cipherText), sharedSecret: source(sharedSecret) }
  },
}

let chosen: Promise<KemEngine> | undefined

/** The presence of the function says nothing of the algorithm, so one key is tried, once. */
const engine = (): Promise<KemEngine> => {
  chosen ??= webKem.keyFromSeed(new Uint8Array(64)).then(
    () => webKem,
    () => nobleKem,
  )
  return chosen
}

export const kemKeyFromSeed = async (seed: Uint8Array): Promise<KemKey> => (await engine()).keyFromSeed(seed)
export const generateKemKey = (): Promise<KemKey> => kemKeyFromSeed(random(64))

/** A fresh encapsulation to a key that `checkKemKey` has passed. */
export const encapsulate = async (publicKey: Uint8Array): Promise<Encapsulation> =>
  (await engine()).encapsulate(publicKey)

const MODULUS = 3_329
/** The vector t̂: 768 coefficients of 12 bits; the rest of a key is the seed ρ. */
const COEFFICIENT_BYTES = 1_152

/**
 * The modulus check of FIPS 203 section 7.2; throws ProtocolError `kem-key`. Engines cannot be relied
 * on for it: Deno's imports a key of all ones.
 */
export function checkKemKey(key: Uint8Array): void {
  let good = key.length === KEM_KEY_SIZE
  for (let i = 0; good && i < COEFFICIENT_BYTES; i += 3) {
    const [a, b, c] = [key[i] as number, key[i + 1] as number, key[i + 2] as number]
    good = (a | ((b & 15) << 8)) < MODULUS && ((b >>> 4) | (c << 4)) < MODULUS
  }
  if (!good) throw new ProtocolError('kem-key', 'Cannot use an ML-KEM key: it fails the modulus check')
}
