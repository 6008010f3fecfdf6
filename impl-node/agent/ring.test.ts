import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Ring } from './ring.ts'

test('Ring keeps the newest bytes at the offsets that they had', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }),
      fc.nat(),
      fc.nat(120),
      (size, pieces, pick, max) => {
        const ring = new Ring(size)
        for (const piece of pieces) ring.push(piece)
        const all = Buffer.concat(pieces)
        assert.equal(ring.end, all.length)
        assert.equal(ring.oldest, Math.max(0, all.length - size))
        const offset = ring.oldest + (pick % (ring.end - ring.oldest + 1))
        assert.deepEqual(Buffer.from(ring.read(offset, max)), all.subarray(offset, offset + max))
      },
    ),
  )
})

test('Ring.read() gives bytes that later output does not change', () => {
  const ring = new Ring(4)
  ring.push(Uint8Array.of(1, 2, 3, 4))
  const read = ring.read(0, 4)
  ring.push(Uint8Array.of(5, 6, 7, 8))
  assert.deepEqual([...read], [1, 2, 3, 4])
})

test('Ring.read() refuses what is no longer kept and what has not come', () => {
  const ring = new Ring(4)
  ring.push(new Uint8Array(6))
  assert.throws(() => ring.read(1, 1), RangeError)
  assert.throws(() => ring.read(7, 1), RangeError)
})
