import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { permissionRequested } from '@happy-remote/schemas/rpc/events.ts'
import { PermissionResolution } from '@happy-remote/schemas/rpc/permission.ts'
import { Compile } from 'typebox/compile'
import type { PermissionAsk } from './assistants/assistant.ts'
import { Recorder } from './assistants/testkit.ts'
import { PermissionBook } from './permissions.ts'

const PHONE = 'aaaaaaaaaaaaaaaaaaaaaaaaaa'
const LAPTOP = 'baaaaaaaaaaaaaaaaaaaaaaaaa'
const requestId = '11111111-1111-4111-8111-111111111111'
const ask: PermissionAsk = {
  requestId,
  tool: 'Bash',
  title: 'Run rm',
  input: { command: 'rm -rf "büild"', b: 1, a: 2 },
  options: [
    { id: 'yes', name: 'Allow', kind: 'allow_once' },
    { id: 'ever', name: 'Allow always', kind: 'allow_always' },
    { id: 'no', name: 'Deny', kind: 'reject_once' },
  ],
}

function opened(change: Partial<PermissionAsk> = {}, now = () => 5_000) {
  const log = new Recorder()
  const book = new PermissionBook({ emit: log.emit, now })
  const decided: (string | null)[] = []
  const request = book.request({ ...ask, ...change }, 'c1', (option) => decided.push(option))
  assert.ok(request)
  return { log, book, decided, request, inputHash: request.inputHash }
}

const refusal = (code: string, data?: unknown) => (error: unknown) => {
  assert.ok(error instanceof ProtocolError)
  assert.equal(error.code, code)
  if (data !== undefined) assert.deepEqual(error.data, data)
  return true
}

test('a request carries the exact JSON text of what was asked, and its hash', () => {
  const { log, request } = opened()
  assert.equal(request.inputText, '{"tool":"Bash","input":{"command":"rm -rf \\"büild\\"","b":1,"a":2}}')
  assert.equal(request.inputHash, createHash('sha256').update(request.inputText, 'utf8').digest('base64url'))
  assert.ok(Compile(permissionRequested.params).Check(request))
  assert.deepEqual(log.of('permission.requested'), [request])
})

test('an input of undefined is null in the text', () => {
  assert.equal(opened({ input: undefined }).request.inputText, '{"tool":"Bash","input":null}')
})

for (const [option, outcome] of [
  ['yes', 'allowed'],
  ['ever', 'allowed'],
  ['no', 'denied'],
] as const) {
  test(`the option ${option} resolves the request as ${outcome}, for everybody`, () => {
    const { log, book, decided, inputHash } = opened()
    const resolution = book.answer({ requestId, inputHash, option }, PHONE)
    assert.deepEqual(resolution, { requestId, outcome, by: PHONE, option, at: 5_000 })
    assert.ok(Compile(PermissionResolution).Check(resolution))
    assert.deepEqual(log.of('permission.resolved'), [resolution])
    assert.deepEqual(decided, [option])
    assert.deepEqual(book.pending, [])
  })
}

test('the first answer wins; a later one is a conflict that tells the outcome', () => {
  const { log, book, decided, inputHash } = opened()
  const first = book.answer({ requestId, inputHash, option: 'no' }, PHONE)
  assert.throws(() => book.answer({ requestId, inputHash, option: 'yes' }, LAPTOP), refusal('conflict', first))
  assert.deepEqual(decided, ['no'])
  assert.equal(log.of('permission.resolved').length, 1)
})

test('a hash of another text is a conflict, and the request stays open', () => {
  const { book, decided, inputHash } = opened()
  const other = createHash('sha256').update('{"tool":"Bash","input":{"command":"ls"}}').digest('base64url')
  assert.throws(
    () => book.answer({ requestId, inputHash: other, option: 'yes' }, PHONE),
    refusal('conflict', { inputHash }),
  )
  assert.deepEqual(decided, [])
  assert.equal(book.answer({ requestId, inputHash, option: 'yes' }, PHONE).outcome, 'allowed')
})

test('an option that was not offered is refused, and the request stays open', () => {
  const { book, decided, inputHash } = opened()
  for (const option of ['', 'maybe', 'allow_once']) {
    assert.throws(() => book.answer({ requestId, inputHash, option }, PHONE), refusal('invalid-params'))
  }
  assert.deepEqual(decided, [])
  assert.equal(book.pending.length, 1)
})

test('a request that never was is not found', () => {
  const { book, inputHash } = opened()
  const unknown = '22222222-2222-4222-8222-222222222222'
  assert.throws(() => book.answer({ requestId: unknown, inputHash, option: 'yes' }, PHONE), refusal('not-found'))
})

test('an answer at the desktop is local, and ends the matter for controllers', () => {
  const { book, decided, inputHash } = opened()
  assert.throws(() => book.answerLocally(requestId, 'maybe'), refusal('invalid-params'))
  const resolution = book.answerLocally(requestId, 'yes')
  assert.deepEqual(resolution, { requestId, outcome: 'local', by: 'local', option: 'yes', at: 5_000 })
  assert.deepEqual(decided, ['yes'])
  assert.throws(() => book.answer({ requestId, inputHash, option: 'no' }, PHONE), refusal('conflict', resolution))
})

for (const [name, end, outcome, by] of [
  ['a cancelled turn', (book: PermissionBook) => book.cancelAll(LAPTOP), 'cancelled', LAPTOP],
  ['an assistant that is gone', (book: PermissionBook) => book.orphanAll(), 'orphaned', 'local'],
  ['an assistant that asks no more', (book: PermissionBook) => book.withdraw(requestId), 'cancelled', 'local'],
] as const) {
  test(`${name} leaves the request ${outcome}, once`, () => {
    const { log, book, decided, inputHash } = opened()
    end(book)
    end(book)
    assert.deepEqual(decided, [null])
    assert.deepEqual(log.of('permission.resolved'), [{ requestId, outcome, by, option: null, at: 5_000 }])
    assert.throws(() => book.answer({ requestId, inputHash, option: 'yes' }, PHONE), refusal('conflict'))
  })
}

test('a request whose time is over is expired, and so is a later answer', async () => {
  let now = 5_000
  const { log, book, decided, inputHash } = opened({ expiresAt: 5_010 }, () => now)
  assert.equal(book.pending.length, 1)
  now = 5_010
  // The timer of the book does not hold the process; this one does.
  const held = setInterval(() => undefined, 1_000)
  const resolution = await log.until('permission.resolved')
  clearInterval(held)
  assert.equal(resolution.outcome, 'expired')
  assert.deepEqual(decided, [null])
  assert.throws(() => book.answer({ requestId, inputHash, option: 'yes' }, PHONE), refusal('expired', resolution))
})

test('a request that comes too late is expired at once', () => {
  const { log, decided } = opened({ expiresAt: 4_999 })
  assert.deepEqual(decided, [null])
  assert.deepEqual(
    log.events.map(({ name }) => name),
    ['permission.requested', 'permission.resolved'],
  )
})

test('outcomes are forgotten only after a thousand others', () => {
  const { book, inputHash } = opened()
  book.withdraw(requestId)
  for (let n = 0; n < 1_000; n++) {
    const answer = () => book.answer({ requestId, inputHash, option: 'yes' }, PHONE)
    assert.throws(answer, refusal('conflict'))
    book.request({ ...ask, requestId: `other ${n}` }, 'c1', () => undefined)
    book.withdraw(`other ${n}`)
  }
  assert.throws(() => book.answer({ requestId, inputHash, option: 'yes' }, PHONE), refusal('not-found'))
})
