import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ascii, hex, unhex } from '../protocol/bytes.ts'
import type { Backend } from './backend.ts'
import { noble } from './noble.ts'
import { nodeCrypto } from './node-crypto.ts'
import { webCrypto } from './web-crypto.ts'

// Published answers: FIPS 180-4, RFC 4231 case 2, RFC 5869 A.1, RFC 7748 5.2, RFC 8032 7.1 test 1, GCM test case 14.
const answers: [name: string, answer: string, compute: (backend: Backend) => Promise<Uint8Array>][] = [
  [
    'SHA-256 of abc',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    (backend) => backend.sha256(ascii('abc')),
  ],
  [
    'HMAC-SHA256',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    (backend) => backend.hmac(ascii('Jefe'), ascii('what do ya want for nothing?')),
  ],
  [
    'HKDF-SHA256',
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    (backend) =>
      backend.hkdf(unhex('0b'.repeat(22)), unhex('000102030405060708090a0b0c'), unhex('f0f1f2f3f4f5f6f7f8f9'), 42),
  ],
  [
    'AES-256-GCM',
    'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
    (backend) => backend.seal(new Uint8Array(32), new Uint8Array(12), new Uint8Array(), new Uint8Array(16)),
  ],
  [
    'X25519',
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    (backend) =>
      backend.dh(
        unhex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4'),
        unhex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c'),
      ),
  ],
  [
    'Ed25519',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    (backend) =>
      backend.sign(unhex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'), new Uint8Array()),
  ],
]

for (const backend of [noble, nodeCrypto, webCrypto]) {
  for (const [name, answer, compute] of answers) {
    test(`${backend.name} gives the published answer of ${name}`, async () => {
      assert.equal(hex(await compute(backend)), answer)
    })
  }

  test(`${backend.name} refuses to open what was changed`, async () => {
    const [key, nonce, aad] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(4)]
    const sealed = await backend.seal(key, nonce, aad, ascii('plain'))
    sealed[0] = (sealed[0] ?? 0) ^ 1
    await assert.rejects(backend.open(key, nonce, aad, sealed))
  })
}
