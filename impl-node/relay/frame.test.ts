import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RoutedFrame } from '@happy-remote/schemas/relay.ts'
import fc from 'fast-check'
import { arbitraryBytesOf, mutateBytes } from '../../schemas/test/arbitrary.ts'
import { frameFrom, frameTo, isRoutedFrame, isSamePair, pairOf, routeIdFrom, routeText } from './frame.ts'

function decodes(bytes: Uint8Array): boolean {
  try {
    RoutedFrame.decode(bytes)
    return true
  } catch {
    return false
  }
}

test('routeText() is base64url of the bytes that routeIdFrom() took', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (route) => {
      assert.equal(routeText(routeIdFrom(route)), Buffer.from(route).toString('base64url'))
    }),
  )
})

test('frames are read at the offsets that the schema declares', () => {
  fc.assert(
    fc.property(arbitraryBytesOf(RoutedFrame), (bytes) => {
      const frame = Buffer.from(bytes)
      const { from, to } = RoutedFrame.decode(bytes)
      assert.ok(isRoutedFrame(frame))
      assert.equal(frameFrom(frame), routeIdFrom(from))
      assert.equal(frameTo(frame), routeIdFrom(to))
      assert.ok(isSamePair(frame, pairOf(frame)))
    }),
  )
})

test('isSamePair() notices a change of each of the 32 bytes', () => {
  const frame = Buffer.alloc(40, 7)
  const pair = pairOf(frame)
  for (let i = 1; i < 33; i++) {
    const other = Buffer.from(frame)
    other[i] = 8
    assert.equal(isSamePair(other, pair), false, `byte ${i}`)
  }
  frame[0] = frame[33] = 9
  assert.ok(isSamePair(frame, pair), 'the type and the payload play no part')
})

test('fuzz: isRoutedFrame() agrees with the schema on 10000 broken and arbitrary frames', () => {
  const frames = fc.oneof(mutateBytes(arbitraryBytesOf(RoutedFrame)), fc.uint8Array({ maxLength: 64 }))
  fc.assert(
    fc.property(frames, (bytes) => assert.equal(isRoutedFrame(bytes), decodes(bytes))),
    { numRuns: 10_000 },
  )
})
