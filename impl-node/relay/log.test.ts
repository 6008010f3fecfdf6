import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortRoute, traceOf } from './log.ts'

test('shortRoute() shows four of sixteen bytes', () => {
  assert.equal(shortRoute(Buffer.from('00112233445566778899aabbccddeeff', 'hex').toString('latin1')), '00112233')
})

test('traceOf() tells where an error arose, and nothing of its message', () => {
  const trace = traceOf(new TypeError('secret-word'))
  assert.equal(trace.error, 'TypeError')
  assert.match(JSON.stringify(trace.at), /log\.test\.ts/)
  assert.doesNotMatch(JSON.stringify(trace), /secret/)
})

test('traceOf() tells only the type of what is no error', () => {
  assert.deepEqual(traceOf('secret-word'), { error: 'string' })
})
