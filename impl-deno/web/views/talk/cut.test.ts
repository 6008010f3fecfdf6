import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutOf } from './cut.ts'

test('a short text is whole, a long one ends after so many characters or lines, and between two of them', () => {
  assert.equal(cutOf('short'), 5)
  assert.equal(cutOf('x'.repeat(4_000)), 4_000)
  assert.equal(cutOf('x'.repeat(200_000)), 4_000)
  assert.equal(cutOf('a\n'.repeat(1_000)), 119)
  assert.equal(cutOf(`${'x'.repeat(3_999)}😀${'x'.repeat(10)}`), 3_999)
})
