import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits, isRelayLimit, relayLimits } from './limits.ts'

test('relayLimits() are the defaults with what is changed', () => {
  assert.deepEqual(relayLimits(), defaultLimits)
  assert.deepEqual(relayLimits({ connections: 5 }), { ...defaultLimits, connections: 5 })
})

test('relayLimits() refuses what is not a positive integer', () => {
  for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => relayLimits({ connections: value }), RangeError)
  }
})

test('relayLimits() refuses a maxFrame that clients would leave', () => {
  assert.throws(() => relayLimits({ maxFrame: 262_399 }), RangeError)
  assert.equal(relayLimits({ maxFrame: 262_400 }).maxFrame, 262_400)
})

test('isRelayLimit() knows the names, and not those of every object', () => {
  assert.ok(isRelayLimit('maxFrame'))
  for (const name of ['', 'frames', 'toString', '__proto__']) assert.equal(isRelayLimit(name), false)
})
