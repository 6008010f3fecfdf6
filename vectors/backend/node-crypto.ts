// node:crypto: OpenSSL on Node, Deno's own implementation of the same interface on Deno.

import * as crypto from 'node:crypto'
import { type Backend, type Kem, NotOffered } from './backend.ts'
import { openAes, sealAes } from './noble.ts'

const PKCS8 = { x25519: '302e020100300506032b656e04220420', ed25519: '302e020100300506032b657004220420' }
const SPKI = { x25519: '302a300506032b656e032100', ed25519: '302a300506032b6570032100' }
const PKCS8_KEM = '3054020100300b060960864801650304040204428040'
const SPKI_KEM = '308204b2300b0609608648016503040402038204a100'

const der = (prefix: string, key: Uint8Array): Buffer => Buffer.concat([Buffer.from(prefix, 'hex'), key])
const privateKey = (prefix: string, key: Uint8Array) =>
  crypto.createPrivateKey({ key: der(prefix, key), format: 'der', type: 'pkcs8' })
const publicKey = (prefix: string, key: Uint8Array) =>
  crypto.createPublicKey({ key: der(prefix, key), format: 'der', type: 'spki' })
const publicBytes = (prefix: string, key: Uint8Array, size: number) =>
  Uint8Array.from(
    crypto.createPublicKey(privateKey(prefix, key)).export({ format: 'der', type: 'spki' }).subarray(-size),
  )

function offered(): void {
  // Deno 2.9 has no ML-KEM behind node:crypto.
  if (typeof crypto.decapsulate !== 'function') throw new NotOffered('ML-KEM-768 in node:crypto')
}

const kem: Kem = {
  async publicKey(seed) {
    offered()
    return publicBytes(PKCS8_KEM, seed, 1184)
  },
  async decapsulate(seed, ciphertext) {
    offered()
    return Uint8Array.from(crypto.decapsulate(privateKey(PKCS8_KEM, seed), ciphertext))
  },
  async accepts(key) {
    offered()
    try {
      crypto.encapsulate(publicKey(SPKI_KEM, key))
      return true
    } catch {
      return false
    }
  },
}

export const nodeCrypto: Backend = {
  name: 'node:crypto',
  sha256: async (data) => Uint8Array.from(crypto.createHash('sha256').update(data).digest()),
  hmac: async (key, data) => Uint8Array.from(crypto.createHmac('sha256', key).update(data).digest()),
  hkdf: async (ikm, salt, info, length) => new Uint8Array(crypto.hkdfSync('sha256', ikm, salt, info, length)),
  seal: async (key, nonce, aad, plaintext) => sealAes(key, nonce, aad, plaintext),
  open: async (key, nonce, aad, sealed) => openAes(key, nonce, aad, sealed),
  dhPublic: async (key) => publicBytes(PKCS8.x25519, key, 32),
  dh: async (key, peer) =>
    Uint8Array.from(
      crypto.diffieHellman({
        privateKey: privateKey(PKCS8.x25519, key),
        publicKey: publicKey(SPKI.x25519, peer),
      }),
    ),
  signPublic: async (seed) => publicBytes(PKCS8.ed25519, seed, 32),
  sign: async (seed, message) => Uint8Array.from(crypto.sign(null, message, privateKey(PKCS8.ed25519, seed))),
  async verify(key, message, signature) {
    try {
      return crypto.verify(null, message, publicKey(SPKI.ed25519, key), signature)
    } catch {
      return false
    }
  },
  kem,
}
