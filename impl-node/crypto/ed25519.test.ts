import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ascii, flipped, hex, secretOf, unhex } from '../vectors/deterministic.ts'
import { generateSigningKeyPair, sign, signingKeyPairFrom, signingSeedOf, verify } from './ed25519.ts'
import { concat } from './primitives.ts'

// RFC 8032, 7.1
for (const [name, seed, publicKey, message, signature] of [
  [
    'TEST 1',
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    'TEST 2',
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
] as const) {
  test(`sign() and verify() reproduce RFC 8032 ${name}`, () => {
    const pair = signingKeyPairFrom(unhex(seed))
    assert.equal(hex(pair.publicKey), publicKey)
    assert.equal(hex(sign(pair, unhex(message))), signature)
    assert.ok(verify(pair.publicKey, unhex(message), unhex(signature)))
  })
}

const pair = signingKeyPairFrom(secretOf('ed25519/seed'))
const message = ascii('message')
const signature = sign(pair, message)
const SCALAR = 32

test('verify() refuses every flipped bit of the signature', () => {
  for (let bit = 0; bit < 512; bit++) {
    assert.ok(!verify(pair.publicKey, message, flipped(signature, bit >> 3, bit & 7)), `bit ${bit}`)
  }
})

test('verify() refuses another message and another key', () => {
  assert.ok(!verify(pair.publicKey, ascii('massage'), signature))
  assert.ok(!verify(generateSigningKeyPair().publicKey, message, signature))
})

test('verify() refuses keys and signatures of another length', () => {
  assert.ok(!verify(pair.publicKey.subarray(0, 31), message, signature))
  assert.ok(!verify(concat(pair.publicKey, Uint8Array.of(0)), message, signature))
  assert.ok(!verify(pair.publicKey, message, signature.subarray(0, 63)))
  assert.ok(!verify(pair.publicKey, message, concat(signature, Uint8Array.of(0))))
})

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n
const littleEndian = (bytes: Uint8Array) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
const scalarOf = (value: bigint) => Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))

for (const times of [1n, 2n, 14n]) {
  test(`verify() refuses S + ${times}ℓ, which satisfies the same equation`, () => {
    const s = littleEndian(signature.subarray(SCALAR)) + times * ORDER
    assert.ok(!verify(pair.publicKey, message, concat(signature.subarray(0, SCALAR), scalarOf(s))))
  })
}

test('verify() refuses S = ℓ', () => {
  assert.ok(!verify(pair.publicKey, message, concat(signature.subarray(0, SCALAR), scalarOf(ORDER))))
})

const ONES = 'ff'.repeat(30)
const ZEROS = '00'.repeat(30)
const SMALL_ORDER = [
  `01${ZEROS}00`,
  `ec${ONES}7f`,
  `00${ZEROS}00`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].flatMap((point) => [unhex(point), flipped(unhex(point), 31, 7)])

for (const point of SMALL_ORDER) {
  test(`verify() refuses ${hex(point).slice(0, 8)}…${hex(point).slice(-2)} as A and as R, although [0]B = R + [k]A may hold`, () => {
    for (const text of ['', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map(ascii)) {
      assert.ok(!verify(point, text, concat(point, new Uint8Array(32))))
      assert.ok(!verify(point, text, concat(unhex(`01${ZEROS}00`), new Uint8Array(32))))
      assert.ok(!verify(pair.publicKey, text, concat(point, signature.subarray(SCALAR))))
    }
  })
}

for (const [name, point] of [
  ['p, which is 0 again', `ed${ONES}7f`],
  ['p + 1 with the sign bit', `ee${ONES}ff`],
  ['2^255 - 1', `ff${ONES}7f`],
] as const) {
  test(`verify() refuses the y coordinate ${name}`, () => {
    assert.ok(!verify(unhex(point), message, signature))
    assert.ok(!verify(pair.publicKey, message, concat(unhex(point), signature.subarray(SCALAR))))
  })
}

// [1]B = B + [k]O: with the neutral element as A, R = B and S = 1 sign every message.
const SIGNS_ANYTHING = concat(unhex(`58${'66'.repeat(31)}`), Uint8Array.of(1), new Uint8Array(31))

for (const [name, point] of [
  ['the neutral element', `01${ZEROS}00`],
  ['the neutral element with the sign bit', `01${ZEROS}80`],
  ['the neutral element as p + 1', `ee${ONES}7f`],
  ['the neutral element as p + 1 with the sign bit', `ee${ONES}ff`],
] as const) {
  test(`verify() refuses ${name} as A, under which one signature fits every message`, () => {
    for (const text of ['', 'a', 'b', 'c'].map(ascii)) assert.ok(!verify(unhex(point), text, SIGNS_ANYTHING))
  })
}

// A = [a]B + T with T of order 8, and an honest S for a. The cofactored equation holds for every k, the
// cofactorless one only where k is a multiple of 8.
const MIXED_ORDER = unhex('dd8952a66f04b15f61df8c66ce93471979a95c884f2dede0f89f1fc9f9b407b4')

test('verify() refuses a signature that only the cofactored equation accepts', () => {
  const refused =
    '1ecb8f5ba0236f2e9c6a9fa8b1b7706a87f2666b8e8684c5cd03911c27bcebd6c1f2daa251520190916cb5aaebe34ea6f4146bd12372a34df27ce785da34070e'
  assert.ok(!verify(MIXED_ORDER, ascii('mixed order 0'), unhex(refused)))
})

test('verify() accepts a signature of a mixed-order key where the cofactorless equation holds', () => {
  const accepted =
    'e94afd584a70a59fc75d73ca8796dc6437ff355161ba8f300f1cd8c36aadb80f806bca30e1f4520b9e400a9e0d2617c8e71cc723dda5e9a4b7e333277c7a9604'
  assert.ok(verify(MIXED_ORDER, ascii('mixed order 8'), unhex(accepted)))
})

test('verify() refuses 32 bytes that are no point at all', () => {
  assert.ok(!verify(unhex(`02${ZEROS}00`), message, signature))
})

test('a signing key survives storage of its seed', () => {
  const fresh = generateSigningKeyPair()
  assert.deepEqual(signingKeyPairFrom(signingSeedOf(fresh)).publicKey, fresh.publicKey)
})

test('generateSigningKeyPair() takes the next 32 bytes of a given source as the seed', () => {
  const seed = secretOf('ed25519/generate')
  assert.deepEqual(signingSeedOf(generateSigningKeyPair((size) => seed.slice(0, size))), seed)
})
