import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, limitTable } from './limits.ts'
import { PLAINTEXT_HEADER, RATCHET_OVERHEAD } from './session.ts'

test('every limit is a positive integer with a unit and a meaning, once', () => {
  assert.equal(new Set(limitTable.map(({ name }) => name)).size, limitTable.length)
  for (const { name, value, unit, meaning } of limitTable) {
    assert.ok(Number.isSafeInteger(value) && value > 0, name)
    assert.ok(['ms', 'bytes', 'frames', 'messages', 'count'].includes(unit), name)
    assert.ok(meaning.length > 0, name)
    assert.equal(limits[name], value)
  }
})

test('the largest plaintext frame fits through a relay with the least frame size', () => {
  const routed = 33
  assert.ok(routed + RATCHET_OVERHEAD + limits.plaintextMax <= limits.maxFrame)
})

test('a message and a chunk of the largest size fit into a plaintext frame', () => {
  const chunkHeader = 12
  assert.ok(PLAINTEXT_HEADER + limits.messageMax <= limits.plaintextMax)
  assert.ok(PLAINTEXT_HEADER + chunkHeader + limits.chunkMax <= limits.plaintextMax)
})

test('streams leave room in the window for messages, and acknowledgements come before it is full', () => {
  assert.ok(limits.windowStream < limits.window)
  assert.ok(limits.ackEvery < limits.windowStream)
  assert.ok(limits.windowBytes >= limits.plaintextMax)
  assert.ok(limits.window + limits.windowControl <= limits.maxSkip)
})

test('times are ordered as the rules need them', () => {
  assert.ok(limits.qrTtl <= limits.qrTtlMax)
  assert.ok(limits.m1Resend < limits.m2Time)
  assert.ok(limits.pingEvery < limits.relaySilence)
  assert.ok(limits.relaySilence < limits.deadLine)
  assert.ok(limits.helloEvery < limits.presenceFresh)
  assert.ok(limits.presenceFresh < limits.freshness)
  assert.ok(limits.backoffMin < limits.backoffMax)
  assert.ok(limits.rekeyGap < limits.rekeyGapMax)
  assert.ok(limits.ackDelay < limits.ackStall)
})
