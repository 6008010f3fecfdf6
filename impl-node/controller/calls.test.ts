import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, mock, type TestContext, test } from 'node:test'
import { ProtocolError, type RpcErrorCode } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message, Request } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Receipt } from '../link/incoming.ts'
import { Calls } from './calls.ts'

let now = 0
beforeEach((context) => {
  const t = context as TestContext
  now = 1_000
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  t.mock.method(performance, 'now', () => now)
  t.after(() => mock.timers.reset())
})

const receipt: Receipt = { late: false, session: 3, seq: 7, isFresh: () => true, age: () => 0 }

class Line {
  readonly sent: Request[] = []
  readonly accepted: { challenge: Uint8Array; receipt: Receipt }[] = []
  ready = true
  readonly calls = new Calls({
    send: (message: Message) => this.sent.push(message as Request),
    isReady: () => this.ready,
    acceptChallenge: (challenge, how) => this.accepted.push({ challenge, receipt: how }),
  })

  constructor(t: TestContext) {
    t.after(() => this.calls.close())
  }

  advance(ms: number): void {
    for (let gone = 0; gone < ms; gone += 500) {
      now += 500
      mock.timers.tick(500)
    }
  }

  get last(): Request {
    return this.sent.at(-1) as Request
  }

  succeed(result: unknown, id = this.last.id): void {
    this.calls.onResponse({ id, type: 'response', result }, receipt)
  }

  fail(code: RpcErrorCode, data?: unknown, id = this.last.id): void {
    const error = { code, message: 'no', ...(data !== undefined && { data }) }
    this.calls.onResponse({ id, type: 'response', error }, receipt)
  }
}

const refused = (code: string) => (error: unknown) => error instanceof ProtocolError && error.code === code
/** Whether it is settled, once everything that waits for nothing has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open')
  await Promise.resolve()
  return (await Promise.race([promise.catch(() => null), Promise.resolve(open)])) !== open
}
const cancel = (line: Line, options = {}) => line.calls.call('claude.cancel', { scope: 'turn' }, options)

test('a call goes out at once, under a fresh id, and resolves with its result', async (t) => {
  const line = new Line(t)
  const [first, second] = [cancel(line), cancel(line)]
  assert.equal(line.sent.length, 2)
  // rpc.message.id
  assert.notEqual(line.sent[0]?.id, line.sent[1]?.id)
  assert.match(line.last.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  line.succeed({ success: true }, line.sent[1]?.id)
  line.succeed({ success: false }, line.sent[0]?.id)
  assert.deepEqual([await first, await second], [{ success: false }, { success: true }])
})

test('an error of the agent rejects, with its code and data', async (t) => {
  const line = new Line(t)
  const promise = cancel(line)
  line.fail('forbidden', { capability: 'prompt' })
  await assert.rejects(promise, { code: 'forbidden', data: { capability: 'prompt' } })
})

// rpc.command.no-timeout
test('a command has no end of its own: it is repeated under its id until an answer comes', async (t) => {
  const line = new Line(t)
  const promise = cancel(line)
  line.advance(100_000)
  assert.ok(line.sent.length >= 9 && line.sent.length <= 11, `${line.sent.length} times`)
  assert.equal(new Set(line.sent.map(({ id }) => id)).size, 1)
  assert.equal(await isSettled(promise), false)
  line.succeed({ success: true })
  assert.deepEqual(await promise, { success: true })
  line.advance(60_000)
  assert.ok(line.sent.length <= 11)
})

// rpc.request.read-timeout
test('a read ends after 30 s without an answer, and a late answer is ignored', async (t) => {
  const line = new Line(t)
  const promise = line.calls.call('terminal.list', {})
  line.advance(limits.readTimeout - 500)
  assert.equal(await isSettled(promise), false)
  line.advance(500)
  await assert.rejects(promise, refused('timeout'))
  // rpc.message.unmatched
  line.succeed({ terminals: [] })
  line.succeed({ terminals: [] }, randomUUID())
})

// rpc.request.stale-repeat, session.fresh.stale-data
test('stale is answered at once by the same request, with the challenge and the frame that brought it', async (t) => {
  const line = new Line(t)
  const promise = cancel(line)
  const challenge = Buffer.from('12345678')
  line.fail('stale', { challenge: challenge.toString('base64url') })
  assert.equal(line.sent.length, 2)
  assert.equal(line.sent[0]?.id, line.sent[1]?.id)
  assert.deepEqual(line.accepted, [{ challenge, receipt }])
  line.succeed({ success: true })
  await promise
})

test('stale without a challenge, or without end, does not become a storm', async (t) => {
  const line = new Line(t)
  const promise = cancel(line)
  for (const data of [undefined, null, {}, { challenge: 5 }, { challenge: 'AAAA' }]) line.fail('stale', data)
  assert.equal(line.sent.length, 1)
  const challenge = Buffer.alloc(8).toString('base64url')
  for (let i = 0; i < 100; i++) line.fail('stale', { challenge })
  assert.equal(line.sent.length, 6)
  assert.equal(await isSettled(promise), false)
  line.advance(11_000)
  assert.equal(line.sent.length, 7)
  line.succeed({ success: true })
  await promise
})

test('a method of a later version is asked for as a command, and its answer is handed on as it is', async (t) => {
  const line = new Line(t)
  const later = line.calls.call('later.method' as 'agent.info', { one: 1 } as never)
  assert.deepEqual([line.last.method, line.last.params], ['later.method', { one: 1 }])
  line.advance(2 * limits.readTimeout)
  assert.equal(await isSettled(later), false)
  line.succeed(['anything'])
  assert.deepEqual(await later, ['anything'])
})

test('a result that does not fit its schema is an internal error, not a value', async (t) => {
  for (const result of [null, {}, { success: 'yes' }, []]) {
    const line = new Line(t)
    const promise = cancel(line)
    line.succeed(result)
    await assert.rejects(promise, refused('internal'))
  }
})

test('a request that nobody needs to take is too-large at once, and nothing of it is sent', async (t) => {
  const line = new Line(t)
  const give = (size: number) =>
    line.calls.call('claude.sendMessage', { prompt: 'x'.repeat(size - '{"prompt":""}'.length) })
  await assert.rejects(give(1_048_577), refused('too-large'))
  assert.equal(line.sent.length, 0)
  const accepted = give(1_048_576)
  line.succeed({ messageId: randomUUID(), state: 'started' })
  await accepted
})

// rpc.command.other-epoch
test('a command that was sent under another epoch is uncertain; a read, a write and one that was not sent go on', async (t) => {
  const line = new Line(t)
  line.calls.onCommandEpoch('one')
  const command = cancel(line)
  const read = line.calls.call('terminal.list', {})
  const write = line.calls.call('terminal.write', { terminalId: randomUUID(), offset: 0, data: '' })
  line.ready = false
  const waiting = cancel(line)
  line.calls.onCommandEpoch('one')
  assert.equal(await isSettled(command), false)
  line.calls.onCommandEpoch('two')
  await assert.rejects(command, refused('uncertain'))
  const before = line.sent.length
  line.ready = true
  line.calls.repeatAll()
  assert.deepEqual(
    line.sent.slice(before).map(({ method }) => method),
    ['terminal.list', 'terminal.write', 'claude.cancel'],
  )
  for (const promise of [read, write, waiting]) assert.equal(await isSettled(promise), false)
  line.calls.close()
  for (const promise of [read, write, waiting]) await assert.rejects(promise, refused('interrupted'))
})

test('what is called while nothing can be sent goes out later, in order', async (t) => {
  const line = new Line(t)
  line.ready = false
  const promises = [cancel(line), line.calls.call('terminal.list', {})]
  line.advance(12_000)
  assert.equal(line.sent.length, 0)
  line.ready = true
  line.calls.repeatAll()
  assert.deepEqual(
    line.sent.map(({ method }) => method),
    ['claude.cancel', 'terminal.list'],
  )
  line.calls.close()
  for (const promise of promises) await assert.rejects(promise, refused('interrupted'))
})

test('a call can be given up, before and after it was sent', async (t) => {
  const line = new Line(t)
  await assert.rejects(cancel(line, { signal: AbortSignal.abort() }), refused('interrupted'))
  assert.equal(line.sent.length, 0)
  const giveUp = new AbortController()
  const promise = cancel(line, { signal: giveUp.signal })
  giveUp.abort()
  await assert.rejects(promise, refused('interrupted'))
  line.advance(30_000)
  assert.equal(line.sent.length, 1)
})

test('the same id is the same command: a second call with it does not take the place of the first', async (t) => {
  const line = new Line(t)
  const id = randomUUID()
  const first = cancel(line, { id })
  await assert.rejects(cancel(line, { id }), refused('conflict'))
  line.succeed({ success: true })
  assert.deepEqual(await first, { success: true })
})

test('nothing can be called after the end, and the end says why', async (t) => {
  const line = new Line(t)
  const before = cancel(line)
  line.calls.close(new ProtocolError('revoked', 'gone'))
  await assert.rejects(before, refused('revoked'))
  await assert.rejects(cancel(line), refused('revoked'))
  line.calls.close()
  await assert.rejects(line.calls.call('terminal.list', {}), refused('revoked'))
})

// rpc.stream.again, rpc.stream.interrupted
test('a body that was lost is sent again a few times, a small request is not', async (t) => {
  const line = new Line(t)
  const small = line.calls.call('claude.sendMessage', { prompt: 'x' })
  line.fail('interrupted')
  await assert.rejects(small, refused('interrupted'))
  const large = line.calls.call('claude.sendMessage', { prompt: 'x'.repeat(limits.messageMax) })
  const before = line.sent.length
  for (let i = 0; i < 3; i++) line.fail('interrupted')
  assert.equal(line.sent.length, before + 3)
  line.fail('interrupted')
  await assert.rejects(large, refused('interrupted'))
})

test('the result is handed over before the promise is told', async (t) => {
  const line = new Line(t)
  const order: string[] = []
  const promise = cancel(line, {
    onSend: () => order.push('sent'),
    onResult: () => order.push('result'),
  }).then(() => order.push('promise'))
  line.succeed({ success: true })
  order.push('next frame')
  await promise
  assert.deepEqual(order, ['sent', 'result', 'next frame', 'promise'])
})
