import { deepEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import { Ring } from './ring.ts'

Deno.test('a ring has the newest bytes at their offsets, whatever the pieces', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 40 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), pieces, (capacity, all) => {
      const ring = new Ring(capacity)
      const whole: number[] = []
      for (const piece of all) {
        ring.append(piece)
        whole.push(...piece)
        equal(ring.end, whole.length)
        equal(ring.oldest, Math.max(0, whole.length - capacity))
        deepEqual([...ring.slice(ring.oldest, ring.end)], whole.slice(ring.oldest))
      }
    }),
  )
})

Deno.test('a ring that grows keeps what it has', () => {
  const ring = new Ring(100_000)
  const byte = (offset: number) => (offset * 7) & 0xff
  for (let at = 0; at < 250_000; at += 1_000) ring.append(Uint8Array.from({ length: 1_000 }, (_, i) => byte(at + i)))
  const kept = ring.slice(ring.oldest, ring.end)
  equal(kept.length, 100_000)
  equal(
    kept.findIndex((value, i) => value !== byte(ring.oldest + i)),
    -1,
  )
})
