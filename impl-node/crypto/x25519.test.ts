import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorCode } from '@happy-remote/schemas/errors.ts'
import { assertRefused } from '../session/testing/refusal.ts'
import { hex, secretOf, unhex } from '../vectors/deterministic.ts'
import { belowFieldPrime, checkDhKey, dh, dhKeyPairFrom, dhSecretOf, generateDhKeyPair, importDhKey } from './x25519.ts'

const ONES = 'ff'.repeat(30)
const ZEROS = '00'.repeat(30)

const LOW_ORDER = [
  `00${ZEROS}00`,
  `01${ZEROS}00`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${ONES}7f`,
]

const REFUSED: readonly (readonly [name: string, key: string, code: ErrorCode])[] = [
  ...LOW_ORDER.map((key, i) => [`low order ${i + 1}`, key, 'key-low-order'] as const),
  ...LOW_ORDER.map((key, i) => {
    const topBit = unhex(key)
    topBit[31] = (topBit[31] as number) | 0x80
    return [`low order ${i + 1} with the top bit`, hex(topBit), 'key-noncanonical'] as const
  }),
  ['p', `ed${ONES}7f`, 'key-noncanonical'],
  ['p + 1', `ee${ONES}7f`, 'key-noncanonical'],
  ['p + 9, the base point again', `f6${ONES}7f`, 'key-noncanonical'],
  ['2^255 - 1', `ff${ONES}7f`, 'key-noncanonical'],
  ['2^256 - 1', `ff${ONES}ff`, 'key-noncanonical'],
  ['the base point with the top bit', `09${ZEROS}80`, 'key-noncanonical'],
  ['no byte', '', 'key-length'],
  ['31 bytes', '09'.repeat(31), 'key-length'],
  ['33 bytes', '09'.repeat(33), 'key-length'],
]

for (const [name, key, code] of REFUSED) {
  test(`checkDhKey() refuses ${name} with ${code}`, () => assertRefused(code, () => checkDhKey(unhex(key))))
}

for (const [name, key] of [
  ['the base point', `09${ZEROS}00`],
  ['p - 2, the largest value that is not of low order', `eb${ONES}7f`],
  ['2', `02${ZEROS}00`],
  ['a value whose middle bytes only are below those of p', `ff${'ff'.repeat(14)}fe${'ff'.repeat(15)}7f`],
] as const) {
  test(`checkDhKey() accepts ${name}`, () => assert.doesNotThrow(() => checkDhKey(unhex(key))))
}

test('belowFieldPrime() ignores the top bit, which is the sign where Ed25519 uses it', () => {
  assert.ok(belowFieldPrime(unhex(`ec${ONES}ff`)))
  assert.ok(!belowFieldPrime(unhex(`ed${ONES}ff`)))
})

test('dh() reproduces RFC 7748, 6.1', () => {
  const alice = dhKeyPairFrom(unhex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'))
  const bob = dhKeyPairFrom(unhex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'))
  assert.equal(hex(alice.publicKey), '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
  assert.equal(hex(bob.publicKey), 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
  const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
  assert.equal(hex(dh(alice, bob.publicKey)), shared)
  assert.equal(hex(dh(bob, importDhKey(alice.publicKey))), shared)
})

for (const [i, key] of LOW_ORDER.entries()) {
  test(`dh() refuses the all-zero output of low order ${i + 1} with dh-zero, were it not refused before`, () => {
    const pair = generateDhKeyPair()
    assertRefused('dh-zero', () => dh(pair, unhex(key)))
    assertRefused('dh-zero', () => dh(pair, importDhKey(unhex(key))))
  })
}

test('dh() turns an error of the engine into dh-zero', () => {
  assertRefused('dh-zero', () => dh(generateDhKeyPair(), new Uint8Array(31)))
})

test('a key pair survives storage of its 32 private bytes', () => {
  const pair = generateDhKeyPair()
  const again = dhKeyPairFrom(dhSecretOf(pair))
  assert.deepEqual(again.publicKey, pair.publicKey)
  assert.deepEqual(dhSecretOf(again), dhSecretOf(pair))
})

test('generateDhKeyPair() takes the next 32 bytes of a given source as the private key', () => {
  const secret = secretOf('x25519/generate')
  const pair = generateDhKeyPair((size) => secret.slice(0, size))
  assert.deepEqual(dhSecretOf(pair), secret)
  assert.notDeepEqual(generateDhKeyPair().publicKey, generateDhKeyPair().publicKey)
})
