import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Schedule } from './open-loop.ts'

test('a schedule gives each frame once, when it is due, and all that were due while nobody asked', () => {
  const schedule = new Schedule(100, 10)
  assert.deepEqual(
    [99, 100, 109, 110, 155, 156].map((now) => schedule.take(now)),
    [0, 1, 0, 1, 4, 0],
  )
})

test('a frame counts from when it was due, however late it was sent', () => {
  const schedule = new Schedule(100, 10)
  schedule.take(155)
  assert.deepEqual(
    [160, 160, 160].map((now) => schedule.arrive(now)),
    [60, 50, 40],
  )
  assert.equal(schedule.missing, 3)
})

test('a schedule sends as many frames as fit into the time, whenever it is asked', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000 })), fc.integer({ min: 1, max: 50 }), (asks, interval) => {
      const schedule = new Schedule(0, interval)
      const sent = [...asks.toSorted((a, b) => a - b), 1_000].reduce((sum, now) => sum + schedule.take(now), 0)
      assert.equal(sent, Math.floor(1_000 / interval) + 1)
    }),
  )
})
