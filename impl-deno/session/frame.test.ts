import assert from 'node:assert/strict'
import { CONTENT_TYPES, type ContentType, StreamChunk } from '@happy-remote/schemas/session.ts'
import fc from 'fast-check'
import { contentMax, decodeFrame, encodeFrame, paddedLength } from './frame.ts'

Deno.test('contentMax() lets a stream chunk carry 65,536 bytes behind its header of 12', () => {
  const chunk = StreamChunk.encode({ streamId: 1, offset: 0, bytes: new Uint8Array(65_536) })
  assert.equal(contentMax('stream'), chunk.length)
})

Deno.test('paddedLength() costs at most 12 % above 256 bytes and never leaves the frame', () => {
  fc.assert(
    fc.property(fc.integer({ min: 18, max: 262_144 }), (length) => {
      const padded = paddedLength(length)
      assert.ok(padded >= length && padded <= 262_144)
      assert.ok(length <= 256 ? padded === 256 : padded <= length * 1.12)
      assert.equal(paddedLength(padded), padded)
    }),
  )
})

Deno.test('decodeFrame() gives back what encodeFrame() was given', () => {
  const types = Object.keys(CONTENT_TYPES) as ContentType[]
  const frame = fc.record({
    contentType: fc.constantFrom(...types),
    fresh: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    ack: fc.nat(2 ** 32 - 1),
    content: fc.uint8Array({ maxLength: 2_000 }),
  })
  fc.assert(
    fc.property(frame, (given) => {
      const got = decodeFrame(encodeFrame(given))
      assert.deepEqual([got.contentType, got.ack], [given.contentType, given.ack])
      assert.deepEqual([[...got.fresh], [...got.content]], [[...given.fresh], [...given.content]])
    }),
  )
})

Deno.test('decodeFrame() takes every length of zeros up to 262,144 and refuses every other byte in them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 18, max: 5_000 }), fc.nat(), (length, which) => {
      const bytes = new Uint8Array(length)
      assert.equal(decodeFrame(bytes).content.length, 0)
      if (length === 18) return
      bytes[18 + (which % (length - 18))] = 1
      assert.throws(() => decodeFrame(bytes), { code: 'padding' })
    }),
  )
  assert.equal(decodeFrame(new Uint8Array(262_144)).content.length, 0)
})

Deno.test('decodeFrame() judges length and padding before the content type', () => {
  for (const length of [0, 17]) assert.throws(() => decodeFrame(new Uint8Array(length).fill(9)), { code: 'padding' })
  const bytes = new Uint8Array(20)
  bytes[0] = 9
  assert.throws(() => decodeFrame(bytes), { code: 'type' })
  bytes[19] = 1
  assert.throws(() => decodeFrame(bytes), { code: 'padding' })
})

Deno.test('encodeFrame() refuses content that may not be sent', () => {
  for (const contentType of Object.keys(CONTENT_TYPES) as ContentType[]) {
    const [fresh, max] = [new Uint8Array(8), contentMax(contentType)]
    encodeFrame({ contentType, fresh, ack: 0, content: new Uint8Array(max) })
    assert.throws(() => encodeFrame({ contentType, fresh, ack: 0, content: new Uint8Array(max + 1) }), RangeError)
  }
})
