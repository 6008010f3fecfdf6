// Web Crypto, in Node and Deno. Private keys go in as PKCS#8, ML-KEM keys as 64-byte seeds.

import { concat, unhex } from '../protocol/bytes.ts'
import type { Backend } from './backend.ts'

const PKCS8 = { X25519: '302e020100300506032b656e04220420', Ed25519: '302e020100300506032b657004220420' }
const KEM = { name: 'ML-KEM-768' }

// The types of TypeScript's library do not have these members yet.
interface KemSubtle {
  importKey(
    format: 'raw-seed' | 'raw-public',
    key: Uint8Array,
    name: object,
    out: boolean,
    use: string[],
  ): Promise<CryptoKey>
  getPublicKey(key: CryptoKey, use: string[]): Promise<CryptoKey>
  exportKey(format: 'raw-public', key: CryptoKey): Promise<ArrayBuffer>
  encapsulateBits(name: object, key: CryptoKey): Promise<object>
  decapsulateBits(name: object, key: CryptoKey, ciphertext: Uint8Array): Promise<ArrayBuffer>
}
const { subtle } = globalThis.crypto
const kemSubtle = subtle as unknown as KemSubtle

/** A copy in a plain ArrayBuffer, which is what Web Crypto's types ask for. */
const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes)

function pkcs8(name: keyof typeof PKCS8, key: Uint8Array, use: KeyUsage[]): Promise<CryptoKey> {
  return subtle.importKey('pkcs8', concat(unhex(PKCS8[name]), key), { name }, true, use)
}

async function publicOf(name: keyof typeof PKCS8, key: Uint8Array, use: KeyUsage): Promise<Uint8Array> {
  const { x } = await subtle.exportKey('jwk', await pkcs8(name, key, [use]))
  return Uint8Array.from(Buffer.from(x ?? '', 'base64url'))
}

export const webCrypto: Backend = {
  name: 'Web Crypto',
  sha256: async (data) => new Uint8Array(await subtle.digest('SHA-256', own(data))),
  async hmac(key, data) {
    const imported = await subtle.importKey('raw', own(key), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    return new Uint8Array(await subtle.sign('HMAC', imported, own(data)))
  },
  async hkdf(ikm, salt, info, length) {
    const key = await subtle.importKey('raw', own(ikm), 'HKDF', false, ['deriveBits'])
    const parameters = { name: 'HKDF', hash: 'SHA-256', salt: own(salt), info: own(info) }
    return new Uint8Array(await subtle.deriveBits(parameters, key, 8 * length))
  },
  async seal(key, nonce, aad, plaintext) {
    const imported = await subtle.importKey('raw', own(key), 'AES-GCM', false, ['encrypt'])
    const parameters = { name: 'AES-GCM', iv: own(nonce), additionalData: own(aad) }
    return new Uint8Array(await subtle.encrypt(parameters, imported, own(plaintext)))
  },
  async open(key, nonce, aad, sealed) {
    const imported = await subtle.importKey('raw', own(key), 'AES-GCM', false, ['decrypt'])
    const parameters = { name: 'AES-GCM', iv: own(nonce), additionalData: own(aad) }
    return new Uint8Array(await subtle.decrypt(parameters, imported, own(sealed)))
  },
  dhPublic: (key) => publicOf('X25519', key, 'deriveBits'),
  async dh(key, peer) {
    const name = { name: 'X25519' }
    const peerKey = await subtle.importKey('raw', own(peer), name, false, [])
    const parameters = { name: 'X25519', public: peerKey }
    return new Uint8Array(await subtle.deriveBits(parameters, await pkcs8('X25519', key, ['deriveBits']), 256))
  },
  signPublic: (seed) => publicOf('Ed25519', seed, 'sign'),
  async sign(seed, message) {
    return new Uint8Array(await subtle.sign({ name: 'Ed25519' }, await pkcs8('Ed25519', seed, ['sign']), own(message)))
  },
  async verify(key, message, signature) {
    try {
      const imported = await subtle.importKey('raw', own(key), { name: 'Ed25519' }, false, ['verify'])
      return await subtle.verify({ name: 'Ed25519' }, imported, own(signature), own(message))
    } catch {
      return false
    }
  },
  kem: {
    async publicKey(seed) {
      const key = await kemSubtle.importKey('raw-seed', own(seed), KEM, true, ['decapsulateBits'])
      const publicKey = await kemSubtle.getPublicKey(key, ['encapsulateBits'])
      return new Uint8Array(await kemSubtle.exportKey('raw-public', publicKey))
    },
    async decapsulate(seed, ciphertext) {
      const key = await kemSubtle.importKey('raw-seed', own(seed), KEM, false, ['decapsulateBits'])
      return new Uint8Array(await kemSubtle.decapsulateBits(KEM, key, own(ciphertext)))
    },
    async accepts(publicKey) {
      try {
        const key = await kemSubtle.importKey('raw-public', own(publicKey), KEM, false, ['encapsulateBits'])
        await kemSubtle.encapsulateBits(KEM, key)
        return true
      } catch {
        return false
      }
    },
  },
}
