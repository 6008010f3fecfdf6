import assert from 'node:assert/strict'
import { test } from 'node:test'
import { halvesOf, longest, type Run, residentBytes } from './memory.ts'

const MIB = 1_048_576
/** A sample each second. */
const run = (seconds: number, mib: (second: number) => number): Run => ({
  who: 'agent',
  samples: Array.from({ length: seconds }, (_, i) => ({ at: i * 1_000, bytes: mib(i) * MIB })),
})

test('memory that stays is flat, whatever the start needs', () => {
  const halves = halvesOf(run(120, (second) => (second < 10 ? second * 10 : 80 + (second % 7))))
  assert.equal(halves?.isFlat, true)
})

test('memory that grows by one MiB a second is not', () => {
  assert.equal(halvesOf(run(120, (second) => 60 + second))?.isFlat, false)
})

test('a run that is too short tells nothing, and the longest one counts', () => {
  assert.equal(halvesOf(run(20, () => 80)), undefined)
  const runs = [run(60, () => 80), run(100, () => 90), run(10, () => 500)]
  assert.deepEqual(
    longest(runs).map(({ who, first }) => [who, first / MIB]),
    [['agent', 90]],
  )
})

test('the memory of this process is known where the system tells it', { skip: process.platform !== 'linux' }, () => {
  const bytes = residentBytes(process.pid) ?? 0
  assert.ok(bytes > 10 * MIB && bytes < 10_000 * MIB, `${bytes}`)
  assert.equal(residentBytes(2 ** 30), undefined)
})
