import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import { DiskFull, type QueuedRecord, Store } from '../session/store.ts'
import { CommandQueue } from './queue.ts'
import { doWork } from './queue-crash.fake.ts'

const AGENT = 'agent-a'
const DAY = 86_400_000
const prompt = (text: string) => ({ prompt: text })
const code = (expected: ErrorCode) => (error: unknown) => error instanceof ProtocolError && error.code === expected

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'happy-remote-queue-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A place in memory. */
function memory() {
  const records = new Map<string, QueuedRecord>()
  const key = (id: Uint8Array) => Buffer.from(id).toString('hex')
  return {
    loadQueued: () => [...records.values()],
    saveQueued: (record: QueuedRecord) => void records.set(key(record.id), record),
    removeQueued: (ids: readonly Uint8Array[]) => {
      for (const id of ids) records.delete(key(id))
    },
  }
}

function scene() {
  const store = memory()
  let now = Date.UTC(2026, 0, 1)
  const open = () => new CommandQueue(store, AGENT, () => now)
  const pass = (ms: number) => {
    now += ms
  }
  return { store, open, queue: open(), pass }
}

const texts = (queue: CommandQueue) => queue.commands.map(({ params }) => (params as { prompt: string }).prompt)
const states = (queue: CommandQueue) => queue.commands.map(({ state }) => state)
const give = (queue: CommandQueue, text: string) => queue.give('claude.sendMessage', prompt(text)).id

test('a queue keeps order, ids and states over a restart, each agent its own', (t) => {
  const folder = folderOf(t)
  const first = new Store(folder)
  const queue = new CommandQueue(first, AGENT)
  const [a] = [give(queue, 'a'), give(queue, 'b')]
  new CommandQueue(first, 'agent-b').give('claude.sendMessage', prompt('elsewhere'))
  queue.begin(a, 'epoch 1')
  const before = queue.commands
  first.close()
  assert.ok(!readFileSync(join(folder, 'state.db')).includes('prompt'))
  const second = new Store(folder)
  t.after(() => second.close())
  assert.deepEqual(new CommandQueue(second, AGENT).commands, before)
})

test('edit, move and cancel change what is pending, and nothing that may have been sent', () => {
  const { queue, open } = scene()
  const [a, b, c] = ['a', 'b', 'c'].map((text) => give(queue, text)) as [string, string, string]
  queue.edit(b, prompt('better'))
  queue.move(c, 1)
  assert.deepEqual(texts(queue), ['c', 'a', 'better'])
  queue.move(c, 99)
  queue.move(a, 2)
  assert.deepEqual(texts(open()), ['better', 'a', 'c'])
  queue.begin(b, 'epoch 1')
  for (const change of [() => queue.edit(b, prompt('late')), () => queue.move(b, 2), () => queue.giveAgain(b)]) {
    assert.throws(change, code('conflict'))
  }
  assert.equal(queue.cancel(a).state, 'cancelled')
  assert.throws(() => queue.cancel(a), code('conflict'))
  assert.throws(() => queue.edit('no-such-id', prompt('x')), code('not-found'))
  // Given up: whether it ran cannot be told.
  assert.equal(queue.cancel(b).state, 'uncertain')
  assert.deepEqual([queue.position(c), queue.position(a)], [1, 0])
  assert.notEqual(queue.giveAgain(b).id, b)
})

test('a move finds room where numbers have none between them', () => {
  const { queue, open } = scene()
  const ids = ['a', 'b', 'c'].map((text) => give(queue, text))
  for (let i = 0; i < 200; i++) queue.move(ids[i % 2 === 0 ? 2 : 1] as string, 2)
  assert.deepEqual(texts(queue), ['a', 'b', 'c'])
  assert.deepEqual(texts(open()), ['a', 'b', 'c'])
})

test('what does not fit, cannot wait or is no command is refused, and nothing is kept', () => {
  const { queue, open } = scene()
  assert.throws(() => queue.give('claude.sendMessage', {}), code('invalid-params'))
  assert.throws(() => queue.give('claude.cancel', { scope: 'turn' }), code('invalid-params'))
  assert.throws(() => queue.give('agent.info', {}), code('invalid-params'))
  assert.throws(() => give(queue, 'x'.repeat(1_048_576)), code('too-large'))
  give(queue, 'x'.repeat(1_048_576 - '{"prompt":""}'.length))
  assert.equal(open().commands.length, 1)
})

test('a command is sent no more a day after it was given, by whatever clock', () => {
  const { queue, pass, open } = scene()
  const [a] = [give(queue, 'a'), give(queue, 'b')]
  queue.begin(a, 'epoch 1')
  pass(DAY)
  assert.deepEqual(states(queue), ['processing', 'pending'])
  pass(1)
  assert.equal(queue.next, undefined)
  assert.deepEqual(states(open()), ['uncertain', 'expired'])
  // What has ended is forgotten a day later.
  pass(DAY + 1)
  assert.deepEqual(states(open()), [])
})

test('a clock that was set back by a day loses nothing and makes nothing immortal', () => {
  const { queue, pass, open } = scene()
  const a = give(queue, 'a')
  queue.cancel(give(queue, 'b'))
  pass(-DAY)
  assert.equal(queue.next?.id, a)
  pass(DAY + 1)
  assert.equal(queue.next, undefined)
  assert.deepEqual(states(open()), ['expired'])
})

test('a queue holds 10,000 commands, refuses one more, and makes room by what has ended', () => {
  const { queue, open } = scene()
  const ids = Array.from({ length: 10_000 }, (_, i) => give(queue, `prompt ${i}`))
  assert.throws(() => give(queue, 'one more'), code('busy'))
  assert.equal(open().commands.length, 10_000)
  queue.cancel(ids[5] as string)
  give(queue, 'one more')
  assert.equal(queue.position(ids[9_999] as string), 9_999)
  assert.equal(queue.commands.length, 10_000)
})

test('a queue holds 64 MiB, and not more', () => {
  const { queue } = scene()
  const large = 'x'.repeat(1_000_000)
  for (let i = 0; i < 67; i++) give(queue, large)
  assert.throws(() => give(queue, large), code('busy'))
})

test('a full disk refuses a command with a clear error, and keeps nothing of it', (t) => {
  const store = new Store(folderOf(t))
  t.after(() => store.close())
  const queue = new CommandQueue(store, AGENT)
  const a = give(queue, 'a')
  store.database.exec('PRAGMA max_page_count = 20')
  const large = prompt('x'.repeat(200_000))
  assert.throws(() => queue.give('claude.sendMessage', large), DiskFull)
  assert.throws(() => queue.edit(a, large), DiskFull)
  assert.deepEqual(texts(queue), ['a'])
  assert.deepEqual(texts(new CommandQueue(store, AGENT)), ['a'])
  store.database.exec('PRAGMA max_page_count = 100000')
  queue.edit(a, large)
})

test('a queued command that does not open is put aside, and the others stay', (t) => {
  const store = new Store(folderOf(t))
  t.after(() => store.close())
  const queue = new CommandQueue(store, AGENT)
  give(queue, 'a')
  give(queue, 'b')
  store.database.exec(
    "UPDATE record SET sealed = x'0102030405060708090a0b0c0d0e' WHERE rowid = (SELECT max(rowid) FROM record)",
  )
  assert.equal(new CommandQueue(store, AGENT).commands.length, 1)
  assert.equal(store.database.prepare('SELECT count(*) AS n FROM quarantine').get()?.n, 1)
})

interface Line {
  readonly said: 'given' | 'sent' | 'ended'
  readonly id: string
  readonly text: string
}

/** Runs the program of queue-crash.fake.ts; whether it was killed. */
function isKilled(folder: string, killAt: number, when: string, cache: string): boolean {
  const program = fileURLToPath(new URL('queue-crash.fake.ts', import.meta.url))
  const env = { NODE_COMPILE_CACHE: cache, ...process.env }
  const args = [program, folder, `${killAt}`, when]
  const { status, signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
  assert.ok(signal === 'SIGKILL' || status === 0, stderr)
  return signal === 'SIGKILL'
}

for (const when of ['before', 'after']) {
  test(`killed ${when} each write: nothing is lost, and nothing is sent under two ids`, async (t) => {
    const cache = folderOf(t)
    let wasKilled = true
    for (let killAt = 1; wasKilled; killAt++) {
      const folder = folderOf(t)
      wasKilled = isKilled(folder, killAt, when, cache)
      // The next one goes on from there, to its end.
      if (wasKilled) await doWork(folder)
      const lines = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n')
      const log = lines.map((line) => JSON.parse(line) as Line)
      const idsOf = (said: Line['said']) => [...new Set(log.filter((line) => line.said === said).map(({ id }) => id))]
      const ended = idsOf('ended')
      const point = `killed ${when} write ${killAt}`
      assert.equal(ended.length, 4, point)
      assert.deepEqual(
        idsOf('given').filter((id) => !ended.includes(id)),
        [],
        `something is lost, ${point}`,
      )
      const sent = new Set(log.filter(({ said }) => said === 'sent').map(({ id, text }) => `${id} ${text}`))
      assert.equal(new Set(idsOf('sent')).size, sent.size, `one id has two texts, ${point}`)
      const texts = [...sent].map((line) => line.replace(/^\S+ /, '').slice(0, 1))
      assert.equal(new Set(texts).size, texts.length, `a command was sent under two ids, ${point}`)
      assert.ok(killAt < 60, 'the program never comes to its end')
    }
  })
}
