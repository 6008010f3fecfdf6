import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import fc from 'fast-check'
import { diskCommandStore } from './command-store.ts'
import { type Call, createCommands, fingerprint, type Outcome } from './commands.ts'

/** As on disk, and gone with the test. */
const store = (now = Date.now) => diskCommandStore(new DatabaseSync(':memory:'), now)

const HOUR = 3_600_000
const code = (expected: string) => (error: { code?: string }) => error.code === expected
const call = (id: string, params: unknown = {}, controller = 'a'): Call => ({
  controller,
  id,
  method: 'terminal.close',
  params,
})

/** An execution that counts its starts and ends when it is told to. */
function execution(result: unknown = {}) {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const self = {
    starts: 0,
    finish: () => resolve({ result }),
    execute() {
      self.starts++
      return promise
    },
  }
  return self
}

const never = () => {
  throw new Error('executed')
}

test('a command starts before run() returns', () => {
  const commands = createCommands(store())
  const work = execution()
  void commands.run(call('1'), work.execute)
  assert.equal(work.starts, 1)
})

test('a repeated id waits for the execution that runs, and gets its outcome afterwards', async () => {
  const commands = createCommands(store())
  const work = execution({ n: 1 })
  const first = commands.run(call('1'), work.execute)
  const second = commands.run(call('1'), never)
  work.finish()
  const expected = { result: { n: 1 } }
  assert.deepEqual(await Promise.all([first, second]), [expected, expected])
  assert.deepEqual(await commands.run(call('1'), never), expected)
  assert.equal(work.starts, 1)
})

test('ids are each controller’s own', async () => {
  const commands = createCommands(store())
  const done = async () => ({ result: 1 })
  await commands.run(call('1', {}, 'a'), done)
  const work = execution()
  work.finish()
  await commands.run(call('1', {}, 'b'), work.execute)
  assert.equal(work.starts, 1)
})

test('an error is recorded like a result', async () => {
  const commands = createCommands(store())
  const outcome: Outcome = { error: { code: 'not-found', message: 'x' } }
  await commands.run(call('1'), async () => outcome)
  assert.deepEqual(await commands.run(call('1'), never), outcome)
})

test('an id under another method or other params is conflict, also while it runs', async () => {
  const commands = createCommands(store())
  const work = execution()
  const running = commands.run(call('1', { a: [1, { b: 2 }], c: 'x' }), work.execute)
  const again = (params: unknown, method = 'terminal.close') => commands.run({ ...call('1', params), method }, never)
  assert.throws(() => again({ a: [1, { b: 3 }], c: 'x' }), code('conflict'))
  assert.throws(() => again({ a: [1, { b: 2 }], c: 'x' }, 'terminal.resize'), code('conflict'))
  work.finish()
  assert.deepEqual(await again({ c: 'x', a: [1, { b: 2 }] }), await running)
})

test('a refused id is not recorded; a recorded one is answered although refused', async () => {
  const commands = createCommands(store())
  const stale = new ProtocolError('stale')
  assert.throws(() => commands.run(call('1'), never, stale), code('stale'))
  await commands.run(call('1'), async () => ({ result: 1 }))
  assert.deepEqual(await commands.run(call('1'), never, stale), { result: 1 })
})

test('a command that an earlier life of the agent left unfinished is interrupted, never executed', () => {
  const earlier = store()
  earlier.accept('a', '1', fingerprint('terminal.close', {}))
  assert.throws(() => createCommands(earlier).run(call('1'), never), code('interrupted'))
})

test('outcomes are kept for 72 h after they were last seen', async () => {
  let now = 0
  const commands = createCommands(store(() => now))
  await commands.run(call('1'), async () => ({ result: 'first' }))
  now += 71 * HOUR
  assert.deepEqual(await commands.run(call('1'), never), { result: 'first' })
  now += 71 * HOUR
  assert.deepEqual(await commands.run(call('1'), never), { result: 'first' })
  now += 72 * HOUR + 60_000
  assert.deepEqual(await commands.run(call('1'), async () => ({ result: 'second' })), { result: 'second' })
})

test('status() tells the controller that sent a command what became of it', async () => {
  const db = new DatabaseSync(':memory:')
  const commands = createCommands(diskCommandStore(db))
  const { finish, execute } = execution()
  const outcome = commands.run(call('1'), execute)
  const failed = commands.run(call('2'), async () => ({ error: { code: 'not-found', message: '' } }))
  assert.equal(commands.status('a', '1'), 'running')
  assert.equal(createCommands(diskCommandStore(db)).status('a', '1'), 'interrupted')
  finish()
  await Promise.all([outcome, failed])
  assert.deepEqual(
    ['1', '2', '3'].map((id) => commands.status('a', id)),
    ['completed', 'failed', 'unknown'],
  )
  assert.equal(commands.status('b', '1'), 'unknown')
})

test('status() does not prolong the time of an id', () => {
  let now = 0
  const commands = createCommands(store(() => now))
  void commands.run(call('1'), execution().execute)
  now = 71 * HOUR
  assert.equal(commands.status('a', '1'), 'running')
  now = 80 * HOUR
  assert.equal(commands.status('a', '1'), 'unknown')
})

test('fingerprint() is equal exactly for equal values, whatever the order of members', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, item]) => [name, shuffled(item)]),
    )
  }
  const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)))
  fc.assert(fc.property(json, (value) => assert.equal(fingerprint('m', shuffled(value)), fingerprint('m', value))))
  const text = (value: unknown) => JSON.stringify(value, (_, item) => sorted(item))
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.equal(fingerprint('m', a) === fingerprint('m', b), text(a) === text(b))
    }),
  )
  assert.notEqual(fingerprint('m', { a: '1' }), fingerprint('m', { a: 1 }))
  assert.notEqual(fingerprint('m', []), fingerprint('m', {}))
})

function sorted(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
  return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
}

test('fingerprint() refuses what is nested too deeply', () => {
  const deep = JSON.parse(`${'['.repeat(30_000)}${']'.repeat(30_000)}`)
  assert.throws(() => fingerprint('m', { deep }), code('invalid-params'))
})
