import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KEM_CIPHERTEXT_SIZE, KEM_KEY_SIZE } from '@happy-remote/schemas/pairing.ts'
import fc from 'fast-check'
import { assertRefused } from '../session/testing/refusal.ts'
import { flipped, hex, secretOf } from '../vectors/deterministic.ts'
import { checkKemKey, decapsulate, encapsulate, generateKemKeyPair, kemKeyPairFrom } from './mlkem.ts'
import { concat, sha256 } from './primitives.ts'

const pair = kemKeyPairFrom(concat(secretOf('mlkem/d'), secretOf('mlkem/z')))

test('encapsulate() and decapsulate() agree on 32 bytes', () => {
  const { ciphertext, sharedSecret } = encapsulate(pair.publicKey)
  assert.equal(ciphertext.length, KEM_CIPHERTEXT_SIZE)
  assert.equal(sharedSecret.length, 32)
  assert.deepEqual(decapsulate(pair, ciphertext), sharedSecret)
  assert.notDeepEqual(encapsulate(pair.publicKey).sharedSecret, sharedSecret)
})

test('decapsulate() gives another secret for a changed ciphertext, always the same, and no error', () => {
  const { ciphertext, sharedSecret } = encapsulate(pair.publicKey)
  const changed = flipped(ciphertext, 500)
  const rejected = decapsulate(pair, changed)
  assert.notDeepEqual(rejected, sharedSecret)
  assert.deepEqual(decapsulate(pair, changed), rejected)
})

test('decapsulate() refuses a ciphertext of another length with length', () => {
  assertRefused('length', () => decapsulate(pair, new Uint8Array(KEM_CIPHERTEXT_SIZE - 1)))
  assertRefused('length', () => decapsulate(pair, new Uint8Array(KEM_CIPHERTEXT_SIZE + 1)))
})

test('kemKeyPairFrom() gives the key of 1184 bytes that FIPS 203 derives from the seed', () => {
  // Seed 00…3f; the digest was computed with @noble/post-quantum and with Web Crypto.
  const seed = Uint8Array.from({ length: 64 }, (_, i) => i)
  assert.equal(kemKeyPairFrom(seed).publicKey.length, KEM_KEY_SIZE)
  assert.equal(
    hex(sha256(kemKeyPairFrom(seed).publicKey)),
    '0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9',
  )
})

test('generateKemKeyPair() takes the next 64 bytes of a given source as the seed', () => {
  const seed = concat(secretOf('mlkem/d'), secretOf('mlkem/z'))
  assert.deepEqual(generateKemKeyPair((size) => seed.slice(0, size)).publicKey, pair.publicKey)
  assert.notDeepEqual(generateKemKeyPair().publicKey, pair.publicKey)
})

const COEFFICIENTS = 768
const MODULUS = 3_329

/** A key whose coefficient `index`, 12 bits little-endian, is `value`. */
function withCoefficient(index: number, value: number): Uint8Array {
  const key = pair.publicKey.slice()
  const at = 3 * (index >> 1)
  if (index % 2 === 0) {
    key[at] = value & 0xff
    key[at + 1] = ((key[at + 1] as number) & 0xf0) | (value >> 8)
  } else {
    key[at + 1] = ((key[at + 1] as number) & 0x0f) | ((value & 0x0f) << 4)
    key[at + 2] = value >> 4
  }
  return key
}

test('checkKemKey() refuses with kem-key a coefficient at or above the modulus, wherever it stands', () => {
  for (let index = 0; index < COEFFICIENTS; index++) {
    assertRefused('kem-key', () => checkKemKey(withCoefficient(index, MODULUS)))
  }
  fc.assert(
    fc.property(
      fc.nat(COEFFICIENTS - 1),
      fc.integer({ min: MODULUS, max: 0xfff }),
      (index, value) => void assertRefused('kem-key', () => checkKemKey(withCoefficient(index, value))),
    ),
  )
})

test('checkKemKey() accepts every reduced coefficient, and such a key encapsulates', () => {
  checkKemKey(pair.publicKey)
  for (const index of [0, 1, COEFFICIENTS - 2, COEFFICIENTS - 1]) {
    const key = withCoefficient(index, MODULUS - 1)
    checkKemKey(key)
    assert.equal(encapsulate(key).sharedSecret.length, 32)
  }
})

test('checkKemKey() does not judge the last 32 bytes, which are a seed', () => {
  const key = pair.publicKey.slice()
  key.fill(0xff, KEM_KEY_SIZE - 32)
  assert.doesNotThrow(() => checkKemKey(key))
})

test('checkKemKey() refuses another length with kem-key', () => {
  assertRefused('kem-key', () => checkKemKey(pair.publicKey.subarray(0, KEM_KEY_SIZE - 1)))
  assertRefused('kem-key', () => checkKemKey(concat(pair.publicKey, Uint8Array.of(0))))
})
