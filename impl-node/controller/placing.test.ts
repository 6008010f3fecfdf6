import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import fc from 'fast-check'
import { Placing } from './placing.ts'

const bytesFrom = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, i) => (from + i) % 251)

// session.stream.order, session.stream.overlap
test('pieces in any order, repeated and overlapping, come out once and in order', () => {
  const piece = fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 60 }))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const out: number[] = []
      const placing = new Placing(0, (bytes) => out.push(...bytes))
      for (const [from, length] of pieces) placing.place(from, bytesFrom(from, from + length), null)
      assert.deepEqual(Uint8Array.from(out), bytesFrom(0, out.length))
      assert.equal(placing.next, out.length)
      // whatever starts within what was shown is shown to its end
      for (const [from, length] of pieces) assert.ok(from > placing.next || from + length <= placing.next)
    }),
  )
})

test('what comes too early is bounded, in bytes and in pieces', () => {
  let shown = 0
  const big = new Placing(0, (bytes) => {
    shown += bytes.length
  })
  for (let i = 1; i < 40; i++) big.place(i * limits.chunkMax, new Uint8Array(limits.chunkMax), null)
  big.place(0, new Uint8Array(limits.chunkMax), null)
  assert.equal(shown, limits.chunkMax + limits.terminalWindow)

  let pieces = 0
  const fine = new Placing(0, () => {
    pieces++
  })
  for (let i = 1; i <= 5_000; i++) fine.place(2 * i, new Uint8Array(1), null)
  for (let i = 0; i <= 5_000; i++) fine.place(2 * i + 1, new Uint8Array(1), null)
  fine.place(0, new Uint8Array(1), null)
  assert.ok(pieces < 3_000)
})

test('the age of a piece stays with it', () => {
  const ages: (number | null)[] = []
  const placing = new Placing(10, (_, age) => ages.push(age))
  placing.place(11, new Uint8Array(1), 70)
  placing.place(10, new Uint8Array(1), null)
  assert.deepEqual(ages, [null, 70])
})
