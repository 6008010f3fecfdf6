import assert from 'node:assert/strict'
import * as crypto from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertRefused } from '../session/testing/refusal.ts'
import { ascii, flipped, hex, secretOf, unhex } from '../vectors/deterministic.ts'
import { concat, equal, hkdf, hmac, open, randomBytes, seal, sha256, uint } from './primitives.ts'

test('sha256() hashes the concatenation of its parts, as FIPS 180-4 says', () => {
  const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  assert.equal(hex(sha256(ascii('abc'))), expected)
  assert.equal(hex(sha256(ascii('a'), new Uint8Array(0), ascii('bc'))), expected)
  assert.equal(hex(sha256()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

// RFC 4231, 4.2, 4.3 and 4.7
for (const [name, key, data, expected] of [
  [
    'case 1',
    '0b'.repeat(20),
    hex(ascii('Hi There')),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  ],
  [
    'case 2',
    hex(ascii('Jefe')),
    hex(ascii('what do ya want for nothing?')),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'case 6, a key longer than a block',
    'aa'.repeat(131),
    hex(ascii('Test Using Larger Than Block-Size Key - Hash Key First')),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
] as const) {
  test(`hmac() reproduces RFC 4231 ${name}, in one part and in two`, () => {
    assert.equal(hex(hmac(unhex(key), unhex(data))), expected)
    assert.equal(hex(hmac(unhex(key), unhex(data.slice(0, 6)), unhex(data.slice(6)))), expected)
  })
}

// RFC 5869, A.1 to A.3
for (const [name, ikm, salt, info, okm] of [
  [
    'A.1',
    '0b'.repeat(22),
    '000102030405060708090a0b0c',
    'f0f1f2f3f4f5f6f7f8f9',
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  ],
  [
    'A.2',
    hex(Uint8Array.from({ length: 80 }, (_, i) => i)),
    hex(Uint8Array.from({ length: 80 }, (_, i) => 0x60 + i)),
    hex(Uint8Array.from({ length: 80 }, (_, i) => 0xb0 + i)),
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  ],
  [
    'A.3',
    '0b'.repeat(22),
    '',
    '',
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  ],
] as const) {
  test(`hkdf() reproduces RFC 5869 ${name}`, () => {
    assert.equal(hex(hkdf(unhex(ikm), unhex(salt), unhex(info), okm.length / 2)), okm)
  })
}

const bytes = fc.uint8Array({ maxLength: 300 })
const key = secretOf('primitives/key')
const nonce = secretOf('primitives/nonce', 12)

test('open() gives back what seal() was given, and seal() appends a tag of 16 bytes', () => {
  fc.assert(
    fc.property(bytes, bytes, (aad, plaintext) => {
      const sealed = seal(key, nonce, aad, plaintext)
      assert.equal(sealed.length, plaintext.length + 16)
      assert.deepEqual(open(key, nonce, aad, sealed), plaintext)
    }),
  )
})

test('seal() is AES-256-GCM, as the GCM specification has it (test case 16)', () => {
  const sealed = seal(
    unhex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
    unhex('cafebabefacedbaddecaf888'),
    unhex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
    unhex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ),
  )
  assert.equal(
    hex(sealed),
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
      '76fc6ece0f4e1768cddf8853bb2d551b',
  )
})

test('open() refuses with decrypt every changed byte of sealed text, associated data, nonce and key', () => {
  const aad = ascii('associated')
  const sealed = seal(key, nonce, aad, ascii('plaintext'))
  for (let i = 0; i < sealed.length; i++) {
    assertRefused('decrypt', () => open(key, nonce, aad, flipped(sealed, i)))
  }
  for (let i = 0; i < aad.length; i++) assertRefused('decrypt', () => open(key, nonce, flipped(aad, i), sealed))
  assertRefused('decrypt', () => open(key, flipped(nonce, 11), aad, sealed))
  assertRefused('decrypt', () => open(flipped(key, 31, 7), nonce, aad, sealed))
})

test('open() refuses with decrypt every truncation, also below the tag', () => {
  const sealed = seal(key, nonce, new Uint8Array(0), ascii('plaintext'))
  for (let size = 0; size < sealed.length; size++) {
    assertRefused('decrypt', () => open(key, nonce, new Uint8Array(0), sealed.subarray(0, size)))
  }
})

test('concat() joins its parts and copies them', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
      assert.deepEqual(concat(...parts), Uint8Array.from(parts.flatMap((part) => [...part])))
    }),
  )
  const part = Uint8Array.of(1)
  concat(part)[0] = 2
  assert.equal(part[0], 1)
})

for (const [bits, value, expected] of [
  [8, 0xfe, 'fe'],
  [16, 0x0102, '0102'],
  [32, 0xfffffffe, 'fffffffe'],
  [64, Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
] as const) {
  test(`uint() writes ${bits} bits, most significant byte first`, () => assert.equal(hex(uint(bits, value)), expected))
}

test('equal() compares contents and takes different lengths for different', () => {
  assert.ok(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2)))
  assert.ok(equal(new Uint8Array(0), new Uint8Array(0)))
  assert.ok(!equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3)))
  assert.ok(!equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)))
})

test('randomBytes() gives as many bytes as asked, other ones each time', () => {
  assert.equal(randomBytes(0).length, 0)
  assert.notDeepEqual(randomBytes(32), randomBytes(32))
})

test('every key of hmac(), hkdf(), seal() and open() may be a view into a larger buffer', () => {
  const large = crypto.randomBytes(96)
  const view = large.subarray(32, 64)
  const copy = Uint8Array.from(view)
  assert.deepEqual(hmac(view, nonce), hmac(copy, nonce))
  assert.deepEqual(hkdf(view, view, view, 40), hkdf(copy, copy, copy, 40))
  assert.deepEqual(open(view, nonce, nonce, seal(copy, nonce, nonce, copy)), copy)
})
