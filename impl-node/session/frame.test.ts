import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { CONTENT_TYPES, type ContentType, PLAINTEXT_HEADER } from '@happy-remote/schemas/session.ts'
import fc from 'fast-check'
import { concat } from '../crypto/primitives.ts'
import { flipped, secretOf } from '../vectors/deterministic.ts'
import { decodeFrame, encodeFrame, paddedSize } from './frame.ts'
import { assertRefused, codeOf } from './testing/refusal.ts'

for (const [size, padded] of [
  [0, 256],
  [18, 256],
  [255, 256],
  [256, 256],
  [257, 272],
  [272, 272],
  [273, 288],
  [511, 512],
  [512, 512],
  [513, 544],
  [1_023, 1_024],
  [1_025, 1_088],
  [4_095, 4_096],
  [4_097, 4_352],
  [65_535, 65_536],
  [65_536, 65_536],
  [65_537, 67_584],
  [65_536 + 18, 67_584],
  [262_143, 262_144],
  [262_144, 262_144],
] as const) {
  test(`paddedSize() of ${size} is ${padded}`, () => assert.equal(paddedSize(size), padded))
}

/** Padmé as its paper writes it, with logarithms. */
function padme(size: number): number {
  const exponent = Math.floor(Math.log2(size))
  const mask = 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1) - 1
  return size + mask - ((size + mask) % (mask + 1))
}

test('paddedSize() is Padmé above 256, adds at most 12 %, never shrinks and is a fixed point', () => {
  let before = 0
  for (let size = 257; size <= limits.plaintextMax; size++) {
    const padded = paddedSize(size)
    assert.ok(padded >= size && padded <= size * 1.12 && padded >= before, `${size} became ${padded}`)
    before = padded
  }
  fc.assert(
    fc.property(fc.integer({ min: 257, max: limits.plaintextMax }), (size) => {
      assert.equal(paddedSize(size), padme(size))
      assert.equal(paddedSize(paddedSize(size)), paddedSize(size))
    }),
  )
})

const types = Object.keys(CONTENT_TYPES) as ContentType[]
const arbitraryFrame = fc.record(
  {
    contentType: fc.constantFrom(...types),
    fresh: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    ack: fc.integer({ min: 0, max: 0xffff_ffff }),
    content: fc.uint8Array({ maxLength: 1_000, size: 'max' }),
  },
  { noNullPrototype: true },
)

test('decodeFrame() gives back what encodeFrame() was given, whatever the padding', () => {
  fc.assert(
    fc.property(arbitraryFrame, fc.nat(300), (frame, more) => {
      const bytes = encodeFrame(frame)
      assert.equal(bytes.length, paddedSize(PLAINTEXT_HEADER + frame.content.length))
      assert.deepEqual(decodeFrame(bytes), frame)
      assert.deepEqual(decodeFrame(concat(bytes, new Uint8Array(more))), frame)
      assert.deepEqual(decodeFrame(bytes.subarray(0, PLAINTEXT_HEADER + frame.content.length)), frame)
    }),
  )
})

const frame = {
  contentType: 'rpc',
  fresh: secretOf('frame/fresh', 8),
  ack: 7,
  content: secretOf('frame/content'),
} as const
const bytes = encodeFrame(frame)
const END = PLAINTEXT_HEADER + frame.content.length
const LENGTH_AT = 14

test('decodeFrame() refuses with padding a byte of padding that is not zero, wherever it stands', () => {
  for (let at = END; at < bytes.length; at++) {
    assertRefused('padding', () => decodeFrame(flipped(bytes, at, at & 7)))
  }
})

test('decodeFrame() refuses with padding a length beyond the frame, by one byte or by far', () => {
  for (const length of [bytes.length - PLAINTEXT_HEADER + 1, 262_126, 262_127, 0x7fff_ffff, 0xffff_ffff]) {
    const wrong = Uint8Array.from(bytes)
    new DataView(wrong.buffer).setUint32(LENGTH_AT, length)
    assertRefused('padding', () => decodeFrame(wrong))
  }
})

test('decodeFrame() refuses with padding a frame that is shorter than its header', () => {
  for (let size = 0; size < PLAINTEXT_HEADER; size++) {
    assertRefused('padding', () => decodeFrame(bytes.subarray(0, size)))
  }
})

test('decodeFrame() refuses with padding a length that leaves content in the padding', () => {
  const wrong = Uint8Array.from(bytes)
  new DataView(wrong.buffer).setUint32(LENGTH_AT, frame.content.length - 1)
  assertRefused('padding', () => decodeFrame(wrong))
})

test('decodeFrame() refuses unknown content types and flags with type', () => {
  for (let value = 4; value < 256; value++) {
    const wrong = Uint8Array.from(bytes)
    wrong[0] = value
    assertRefused('type', () => decodeFrame(wrong))
  }
  for (let bit = 0; bit < 8; bit++) assertRefused('type', () => decodeFrame(flipped(bytes, 1, bit)))
})

test('decodeFrame() takes an empty frame for an empty RPC content', () => {
  assert.equal(decodeFrame(encodeFrame({ ...frame, content: new Uint8Array(0) })).content.length, 0)
})

test('encodeFrame() fills the largest frame to the last byte, and refuses one byte more with too-large', () => {
  const most = limits.plaintextMax - PLAINTEXT_HEADER
  const largest = encodeFrame({ ...frame, content: new Uint8Array(most) })
  assert.equal(largest.length, limits.plaintextMax)
  assert.equal(decodeFrame(largest).content.length, most)
  assertRefused('too-large', () => encodeFrame({ ...frame, content: new Uint8Array(most + 1) }))
})

test('any bytes whatsoever are a frame, or are refused with padding or type', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (drawn) => {
      assert.match(
        codeOf(() => decodeFrame(concat(drawn, Uint8Array.of(1)))),
        /^(padding|type)$/,
      )
    }),
  )
})
