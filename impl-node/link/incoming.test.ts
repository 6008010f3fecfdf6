import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { StreamChunk } from '@happy-remote/schemas/session.ts'
import { splitBody } from './bodies.ts'
import { Incoming, type Receipt, readControl } from './incoming.ts'

const receipt: Receipt = { late: false, session: 0, seq: 0, isFresh: () => true, age: () => 0 }
const text = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

class Bench {
  readonly messages: Message[] = []
  readonly unreadable: string[] = []
  readonly failed: [id: string, code: string][] = []
  chunks = 0
  readonly incoming = new Incoming({
    onMessage: (message) => this.messages.push(message),
    onChunk: () => this.chunks++,
    unreadable: (code) => this.unreadable.push(code),
    refused: (id, { code }) => this.failed.push([id, code]),
  })

  read(value: unknown, isBatch = false, streams = true): void {
    this.incoming.read(text(value), isBatch, receipt, 0, streams)
  }

  chunk(streamId: number, offset: number, bytes: Uint8Array, now = 0): void {
    this.incoming.chunk(StreamChunk.encode({ streamId, offset, bytes }), receipt, now)
  }

  /** A request whose params follow as `body`, in stream `stream`. */
  name(body: Uint8Array, stream = 1, change: object = {}, streams = true): string {
    const id = randomUUID()
    const sha256 = createHash('sha256').update(body).digest('base64url')
    const params = { stream, length: body.length, sha256, ...change }
    this.read({ id, type: 'request', method: 'claude.sendMessage', params }, false, streams)
    return id
  }
}

// session.control.malformed, session.control.unknown
test('a control message is read whatever members of others it has, and never throws', () => {
  assert.deepEqual(readControl(text({ type: 'ack', agentName: 5, deviceName: null }))?.type, 'ack')
  const wrong = [
    '',
    'null',
    '[]',
    '"ack"',
    '{"type":"pair.ack","deviceName":5}',
    '{"type":"pair.ack","deviceName":""}',
    '{"type":"pair.ack","deviceName":"\\ud800"}',
    `{"type":"pair.ack","deviceName":"${'ä'.repeat(33)}"}`,
    '{"type":"pair.complete","capabilities":[],"agentName":"a\\u001bb"}',
    '{"type":"hello","challenge":"AAAA","suites":1}',
    `{"type":"ack","padding":"${'x'.repeat(limits.messageMax)}"}`,
    '{"type":"unheard.of"}',
  ]
  for (const value of wrong) assert.equal(readControl(text(value)), null, value.slice(0, 60))
  assert.equal(readControl(Uint8Array.of(0xff, 0xfe)), null)
})

// rpc.message.parse-error, rpc.message.invalid, rpc.batch.invalid
test('what cannot be read is answered with one error, and nothing of it is acted on', () => {
  const request = { id: randomUUID(), type: 'request', method: 'agent.info', params: {} }
  const cases: [value: unknown, isBatch: boolean, code: string][] = [
    ['{', false, 'parse-error'],
    ['\ufeff{}', false, 'parse-error'],
    ['{', true, 'parse-error'],
    [{}, false, 'invalid-request'],
    [{ ...request, id: 'x' }, false, 'invalid-request'],
    [{ ...request, params: 5 }, false, 'invalid-request'],
    [{ type: 'batch', messages: [request, request] }, false, 'invalid-request'],
    [{ type: 'batch', messages: [request] }, true, 'invalid-request'],
    [{ type: 'batch', messages: [request, {}] }, true, 'invalid-request'],
    [request, true, 'invalid-request'],
    [{ ...request, params: { long: 'x'.repeat(limits.messageMax) } }, false, 'invalid-request'],
  ]
  for (const [value, isBatch, code] of cases) {
    const bench = new Bench()
    bench.read(value, isBatch)
    assert.deepEqual([bench.unreadable, bench.messages], [[code], []], JSON.stringify(value).slice(0, 80))
  }
})

// errors.code.unknown
test('an error with the code of a later version is an error without a known reason', () => {
  const bench = new Bench()
  const response = { id: randomUUID(), type: 'response', error: { code: 'of-tomorrow', message: 'so it is' } }
  bench.read(response, false)
  const error = { code: 'internal', message: 'so it is' }
  assert.deepEqual([bench.unreadable, bench.messages], [[], [{ ...response, error }]])
})

// rpc.batch.order, rpc.message.unknown-members
test('the messages of a batch come in their order, with what else is in them', () => {
  const bench = new Bench()
  const messages = [1, 2, 3].map((extra) => ({
    id: randomUUID(),
    type: 'request',
    method: 'agent.info',
    params: {},
    extra,
  }))
  bench.read({ type: 'batch', messages }, true)
  assert.deepEqual(bench.messages, messages)
})

// rpc.stream.verify, rpc.stream.mismatch
test('a body is used only where it is whole, what was named, and one object', () => {
  const cases: [body: string, change: object, taken: boolean][] = [
    ['{"prompt":"x"}', {}, true],
    ['{"prompt":"x"}', { sha256: createHash('sha256').update('other').digest('base64url') }, false],
    ['[1]', {}, false],
    ['null', {}, false],
    ['5', {}, false],
    ['{"prompt":', {}, false],
    ['\ufeff{}', {}, false],
  ]
  for (const [body, change, taken] of cases) {
    const bench = new Bench()
    const id = bench.name(text(body), 1, change)
    bench.chunk(1, 0, text(body))
    assert.equal(bench.messages.length, taken ? 1 : 0, body)
    assert.deepEqual(bench.failed, taken ? [] : [[id, 'interrupted']], body)
  }
  const bench = new Bench()
  bench.name(Uint8Array.of(0x7b, 0xff, 0x7d))
  bench.chunk(1, 0, Uint8Array.of(0x7b, 0xff, 0x7d))
  assert.equal(bench.failed.length, 1)
})

// session.stream.overlap
test('a body that contradicts itself, or runs over its end, is given up', () => {
  const body = text('{"prompt":"abcdef"}')
  for (const [offset, bytes] of [
    [0, text('[')],
    [body.length, text('x')],
  ] as const) {
    const bench = new Bench()
    const id = bench.name(body)
    bench.chunk(1, 0, body.subarray(0, 5))
    bench.chunk(1, 2, body.subarray(2, 8))
    bench.chunk(1, offset, bytes)
    assert.deepEqual(bench.failed, [[id, 'interrupted']])
    bench.chunk(1, 5, body.subarray(5))
    assert.equal(bench.messages.length, 0)
  }
})

// session.stream.id
test('a stream that another message waits for cannot be named again', () => {
  const bench = new Bench()
  const body = text('{"prompt":"first"}')
  bench.name(body, 3)
  const second = bench.name(text('{"prompt":"second"}'), 3)
  assert.deepEqual(bench.failed, [[second, 'interrupted']])
  bench.chunk(3, 0, body)
  assert.equal(bench.messages.length, 1)
})

// rpc.stream.stall
test('a body without a new byte for 30 s is given up, and repetitions are no new bytes', () => {
  const bench = new Bench()
  const body = text('{"prompt":"abcdef"}')
  const id = bench.name(body)
  bench.chunk(1, 0, body.subarray(0, 5), 1_000)
  for (let now = 2_000; now < limits.streamStall; now += 1_000) bench.chunk(1, 0, body.subarray(0, 5), now)
  bench.incoming.expire(1_000 + limits.streamStall)
  assert.deepEqual(bench.failed, [])
  bench.incoming.expire(1_001 + limits.streamStall)
  assert.deepEqual(bench.failed, [[id, 'interrupted']])
})

// rpc.stream.too-large, rpc.stream.size
test('a mebibyte is taken, more than is kept is refused at once', () => {
  const bench = new Bench()
  bench.name(new Uint8Array(limits.bodyLeast))
  assert.deepEqual(bench.failed, [])
  const id = bench.name(text('{}'), 2, { length: 2 ** 40 })
  assert.deepEqual(bench.failed, [[id, 'too-large']])
  bench.chunk(2, 0, text('{}'))
  assert.equal(bench.chunks, 1)
})

test('a body that is cut into dust is given up', () => {
  const bench = new Bench()
  const body = new Uint8Array(100_000).fill(0x20)
  const id = bench.name(body)
  for (let at = 0; at < 4_000 && bench.failed.length === 0; at += 2) bench.chunk(1, at, body.subarray(at, at + 1))
  assert.deepEqual(bench.failed, [[id, 'interrupted']])
})

// session.stream.end
test('what names a stream in a session that is over is answered at once', () => {
  const bench = new Bench()
  const id = bench.name(text('{}'), 1, {}, false)
  assert.deepEqual(bench.failed, [[id, 'interrupted']])
  const open = bench.name(text('{}'), 1)
  bench.incoming.interrupt()
  assert.deepEqual(bench.failed.at(-1), [open, 'interrupted'])
  bench.chunk(1, 0, text('{}'))
  assert.equal(bench.messages.length, 0)
})

// session.stream.malformed
test('a chunk that is none is dropped', () => {
  const bench = new Bench()
  for (const length of [0, 4, 11, 12]) bench.incoming.chunk(new Uint8Array(length), receipt, 0)
  assert.equal(bench.chunks, 0)
})

test('an error that is too long for a message is cut, and loses its data', () => {
  const error = { code: 'conflict', message: 'm'.repeat(70_000), data: { big: 'x'.repeat(70_000) } }
  const split = splitBody({ id: randomUUID(), type: 'response', error })
  assert.ok(typeof split === 'string' && split.length < 2_000)
  assert.equal(JSON.parse(split).error.code, 'conflict')
})
