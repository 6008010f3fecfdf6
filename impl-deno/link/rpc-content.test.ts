import assert from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import fc from 'fast-check'
import { concat, utf8 } from '../crypto/bytes.ts'
import { countThatFits, isReference, packMessages, readMessages } from './rpc-content.ts'

const id = '6f1c9a52-0d3e-4b7a-9c55-2f8e4d1b7a90'
const request = (params: object = {}): Message => ({ id, type: 'request', method: 'agent.info', params })
const frame = (contentType: 'rpc' | 'batch', value: unknown) => ({ contentType, content: utf8(JSON.stringify(value)) })

Deno.test('whatever is packed is read again in the same order, in frames that are small enough', () => {
  const message = fc.string({ maxLength: 20_000, unit: 'binary' }).map((text) => request({ text }))
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 40 }), (messages) => {
      const read: Message[] = []
      let rest = messages.map((one) => utf8(JSON.stringify(one)))
      while (rest.length > 0) {
        const count = countThatFits(rest)
        const { contentType, content } = packMessages(rest.slice(0, count))
        rest = rest.slice(count)
        assert.ok(content.length <= limits.messageMax && count <= limits.batchMessages)
        assert.equal(contentType, count === 1 ? 'rpc' : 'batch')
        read.push(...readMessages({ contentType, content }))
      }
      assert.deepEqual(read, JSON.parse(JSON.stringify(messages)))
    }),
    { numRuns: 50 },
  )
})

Deno.test('readMessages() says parse-error of what is no JSON, and invalid-request of what is no message', () => {
  const bad = concat(utf8('{"id":"'), Uint8Array.of(0xff), utf8('"}'))
  for (const [content, code] of [
    [utf8('{'), 'parse-error'],
    [bad, 'parse-error'],
    [concat(Uint8Array.of(0xef, 0xbb, 0xbf), utf8('{}')), 'parse-error'],
    [utf8('{}'), 'invalid-request'],
    [utf8('null'), 'invalid-request'],
    [utf8(JSON.stringify({ ...request(), id: id.toUpperCase() })), 'invalid-request'],
    [utf8(JSON.stringify(request({ text: 'x'.repeat(limits.messageMax) }))), 'invalid-request'],
  ] as const) {
    assert.throws(() => readMessages({ contentType: 'rpc', content }), { code })
  }
})

Deno.test('a batch is refused as a whole: by one bad message, a batch within, too few and too many', () => {
  const batch = (messages: unknown[]) => frame('batch', { type: 'batch', messages })
  assert.equal(readMessages(batch([request(), request()])).length, 2)
  for (const messages of [
    [request()],
    [request(), { type: 'request' }],
    [request(), { type: 'batch', messages: [request(), request()] }],
    Array.from({ length: 11 }, () => request()),
  ]) {
    assert.throws(() => readMessages(batch(messages)), { code: 'invalid-request' })
  }
  assert.throws(() => readMessages(frame('rpc', { type: 'batch', messages: [request(), request()] })))
  assert.throws(() => readMessages(frame('batch', request())))
})

Deno.test('unknown members and unknown codes of errors are read', () => {
  const [read] = readMessages(frame('rpc', { ...request(), more: 1 }))
  assert.equal(read?.type, 'request')
  const failure = { id, type: 'response', error: { code: 'from-the-future', message: '' } }
  assert.deepEqual(readMessages(frame('rpc', failure)), [failure])
})

Deno.test('a reference has exactly three members of its types', () => {
  const reference = { stream: 3, length: 5, sha256: 'A'.repeat(43) }
  assert.ok(isReference(reference))
  for (const other of [
    { ...reference, more: 1 },
    { ...reference, stream: 0 },
    { stream: 3, length: 5 },
    null,
    'x',
    [],
  ]) {
    assert.ok(!isReference(other))
  }
})
