import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerTime, atOnce } from './patience.ts'

test('atOnce() is 6 s on an idle machine, longer on a busy one, and never longer than 15 s', () => {
  const times = [0, 1, 2, 3, 4, 50].map((load) => atOnce(load, 2))
  assert.deepEqual(times, [6_000, 6_000, 6_000, 9_000, 12_000, 15_000])
})

test('answerTime() is 20 s on an idle machine, and never longer than 50 s', () => {
  assert.deepEqual([answerTime(0, 2), answerTime(4, 2), answerTime(50, 2)], [20_000, 40_000, 50_000])
})
