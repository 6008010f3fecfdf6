import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codesAt, type ErrorCode, type ErrorEntry, errorEntry, errors, ProtocolError } from './errors.ts'

const entries = Object.entries(errors) as [ErrorCode, ErrorEntry][]

test('codes are kebab-case and every entry says where and what', () => {
  for (const [code, { places, text }] of entries) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/)
    assert.ok(places.length > 0, code)
    assert.equal(new Set(places).size, places.length, code)
    assert.match(text, /^[A-Za-z].*\.$/, code)
  }
})

test('a code has a handshake byte exactly where an HS_ERROR may carry it, and no two share one', () => {
  const bytes = entries.flatMap(([code, entry]) => {
    assert.equal(entry.handshake !== undefined, entry.places.includes('handshake'), code)
    return entry.handshake === undefined ? [] : [entry.handshake]
  })
  assert.equal(new Set(bytes).size, bytes.length)
  assert.deepEqual(
    bytes.sort((a, b) => a - b),
    [0x04, 0x05, 0x0b, 0x0d, 0x18, 0x19, 0x1c],
  )
})

test('a code has a close code exactly where the relay may send it', () => {
  const closes = entries.flatMap(([code, entry]) => {
    assert.equal(entry.close !== undefined, entry.places.includes('relay'), code)
    return entry.close === undefined ? [] : [[code, entry.close] as const]
  })
  assert.deepEqual(Object.fromEntries(closes), {
    malformed: 4400,
    unauthenticated: 4401,
    timeout: 4408,
    superseded: 4409,
    'too-large': 4413,
    'rate-limited': 4429,
    draining: 1001,
  })
})

test('codesAt() lists the codes of one place in the order of the registry', () => {
  assert.deepEqual(codesAt('relay'), [
    'malformed',
    'unauthenticated',
    'timeout',
    'superseded',
    'too-large',
    'rate-limited',
    'draining',
  ])
  assert.deepEqual(codesAt('control'), ['parse-error', 'invalid-request', 'revoked'])
  const everywhere = (['relay', 'handshake', 'rpc', 'control', 'local'] as const).flatMap(codesAt)
  assert.deepEqual([...new Set(everywhere)].sort(), Object.keys(errors).sort())
})

test('errorEntry() gives the entry of a code', () => {
  assert.equal(errorEntry('pair-busy').handshake, 0x0b)
  assert.equal(errorEntry('pair-busy').close, undefined)
})

test('ProtocolError has its code, by default the text of the registry, and data only where given', () => {
  const plain = new ProtocolError('replay')
  assert.equal(plain.message, errors.replay.text)
  assert.equal(plain.name, 'ProtocolError')
  assert.equal(plain.data, undefined)
  const told = new ProtocolError('forbidden', 'Cannot push: git.push is not granted', { capability: 'git.push' })
  assert.equal(told.code, 'forbidden')
  assert.equal(told.message, 'Cannot push: git.push is not granted')
  assert.deepEqual(told.data, { capability: 'git.push' })
})
