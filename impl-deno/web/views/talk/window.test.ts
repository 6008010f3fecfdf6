import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstShown } from './window.ts'

test('the newest are shown, and as many as come while somebody reads', () => {
  assert.equal(firstShown(40, -1, true), 0)
  assert.equal(firstShown(10_000, -1, true), 9_850)
  assert.equal(firstShown(10_050, 9_850, true), 9_850)
  assert.equal(firstShown(10_101, 9_850, true), 9_951)
  assert.equal(firstShown(12_000, 9_850, false), 9_850)
})

test('what was shown of the past goes when the person is back at the end', () => {
  assert.equal(firstShown(10_000, 5_000, false), 5_000)
  assert.equal(firstShown(10_000, 5_000, true), 9_850)
})
