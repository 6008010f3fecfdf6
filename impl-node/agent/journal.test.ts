import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import { Journal, openJournal } from './journal.ts'

const deviceId = `${'b'.repeat(25)}a`

interface Told {
  readonly name: string
  readonly params: object
  readonly place: JournalPlace | null
}

function telling() {
  const told: Told[] = []
  const tell = (name: string, params: object, place: JournalPlace | null) => void told.push({ name, params, place })
  return { told, tell, seqs: () => told.map(({ place }) => place?.seq ?? null) }
}

const joined = (journal: Journal, name: string, tell: Parameters<Journal['record']>[2] = () => {}) =>
  journal.record('device.joined', { deviceId, name }, tell)

const seqsOf = (journal: Journal) => Array.from(journal.after(0), ({ seq }) => seq)
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'journal-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('record() numbers entries from 1 and hands each on with its place, and a later run of the program goes on', (t) => {
  const path = join(folder(t), 'journal.db')
  const { told, tell } = telling()
  const first = openJournal(path, { now: () => 7, log: assert.fail })
  for (const name of ['one', 'two']) joined(first, name, tell)
  const { epoch } = first
  assert.deepEqual(told, [
    { name: 'device.joined', params: { deviceId, name: 'one' }, place: { epoch, seq: 1, at: 7 } },
    { name: 'device.joined', params: { deviceId, name: 'two' }, place: { epoch, seq: 2, at: 7 } },
  ])
  first.close()
  const second = openJournal(path, { log: assert.fail })
  t.after(() => second.close())
  assert.equal(second.epoch, epoch)
  joined(second, 'three')
  assert.deepEqual(
    Array.from(second.after(1), ({ seq, kind, body }) => [seq, kind, JSON.parse(body).name]),
    [
      [2, 'device.joined', 'two'],
      [3, 'device.joined', 'three'],
    ],
  )
  assert.deepEqual(
    Array.from(second.before(3), ({ seq }) => seq),
    [2, 1],
  )
})

test('the file is for its owner alone', { skip: process.platform === 'win32' }, (t) => {
  const path = folder(t)
  const journal = openJournal(join(path, 'journal.db'), { log: assert.fail })
  t.after(() => journal.close())
  joined(journal, 'one')
  const names = readdirSync(path)
  assert.ok(names.length > 1)
  for (const name of names) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name)
})

test('the oldest entries are pruned, by their number and by their size, and the newest never is', () => {
  const byNumber = new Journal(new DatabaseSync(':memory:'), { entries: 3, log: assert.fail })
  for (let i = 1; i <= 10; i++) joined(byNumber, `${i}`)
  assert.deepEqual(seqsOf(byNumber), [8, 9, 10])
  assert.equal(byNumber.firstSeq, 8)

  const size = Buffer.byteLength(JSON.stringify({ deviceId, name: '0'.repeat(100) }))
  const bySize = new Journal(new DatabaseSync(':memory:'), { bytes: 2 * size, log: assert.fail })
  for (let i = 0; i < 5; i++) joined(bySize, `${i}`.repeat(100))
  assert.deepEqual(seqsOf(bySize), [4, 5])
  joined(bySize, 'x'.repeat(1_000))
  assert.deepEqual(seqsOf(bySize), [6])
  joined(bySize, 'small')
  assert.deepEqual(seqsOf(bySize), [7])
})

test('what is pruned stays pruned in a later run of the program', (t) => {
  const path = join(folder(t), 'journal.db')
  const first = openJournal(path, { entries: 3, log: assert.fail })
  for (let i = 1; i <= 5; i++) joined(first, `${i}`)
  first.close()
  const second = openJournal(path, { entries: 3, log: assert.fail })
  t.after(() => second.close())
  assert.deepEqual([second.firstSeq, second.lastSeq], [3, 5])
  joined(second, 'six')
  assert.deepEqual(seqsOf(second), [4, 5, 6])
})

test('on a full disk events go on without a place, and their number is the first entry after it', () => {
  const db = new DatabaseSync(':memory:')
  const logged: string[] = []
  const journal = new Journal(db, { log: (message) => logged.push(message) })
  const { told, tell, seqs } = telling()
  joined(journal, 'before', tell)
  const { page_count } = db.prepare('PRAGMA page_count').get() as { page_count: number }
  db.exec(`PRAGMA max_page_count = ${page_count}`)
  // Until not even the number of what is lost has room.
  while (
    !seqs()
      .slice(-3)
      .every((seq) => seq === null)
  )
    joined(journal, 'x'.repeat(500), tell)
  const { lastSeq } = journal
  assert.ok(logged.every((message) => message === 'the journal cannot be written'))
  db.exec('PRAGMA max_page_count = 1000000')
  joined(journal, 'after', tell)
  const unwritten = seqs().slice(0, -2).length - seqs().lastIndexOf(lastSeq) - 1
  assert.deepEqual(
    told.slice(-2).map(({ name, params, place }) => [name, params, place?.seq]),
    [
      ['journal.lost', { count: unwritten }, lastSeq + 1],
      ['device.joined', { deviceId, name: 'after' }, lastSeq + 2],
    ],
  )
  joined(journal, 'later', tell)
  assert.deepEqual(seqsOf(journal), numbers(1, lastSeq + 3))
})

test('a damaged file is put aside, and the journal has another epoch', (t) => {
  const path = folder(t)
  const file = join(path, 'journal.db')
  const first = openJournal(file, { log: assert.fail })
  joined(first, 'one')
  const { epoch } = first
  first.close()
  writeFileSync(file, Buffer.alloc(8_192, 'damaged'))
  const logged: string[] = []
  const second = openJournal(file, { log: (message) => logged.push(message) })
  t.after(() => second.close())
  assert.notEqual(second.epoch, epoch)
  assert.equal(second.lastSeq, 0)
  assert.deepEqual(logged, ['the journal cannot be opened'])
  assert.ok(readdirSync(path).some((name) => name.startsWith('journal.db.corrupt-')))
})

test('where no file can be made the journal is kept in memory, with an epoch of its own', (t) => {
  const logged: string[] = []
  const file = join(folder(t), 'no such folder', 'journal.db')
  const [one, other] = [0, 1].map(() => openJournal(file, { log: (message) => logged.push(message) }))
  assert.ok(one && other)
  assert.notEqual(one.epoch, other.epoch)
  joined(one, 'one')
  assert.deepEqual(seqsOf(one), [1])
  assert.equal(logged.filter((message) => message === 'the journal is kept in memory').length, 2)
})

/** Tells each seq once `record` has returned, as the agent sends the event. */
const WRITER = `
  const { openJournal } = await import(${JSON.stringify(import.meta.resolve('./journal.ts'))})
  const { writeSync } = await import('node:fs')
  const journal = openJournal(process.argv[1], { entries: 100, log: console.error })
  for (;;) journal.record('device.joined', { deviceId: '${deviceId}', name: 'x'.repeat(200) }, (_name, _params, place) => {
    writeSync(1, place.seq + '\\n')
  })
`

test('killed at any moment, a journal opens again without a hole and with all that was told', async (t) => {
  const path = join(folder(t), 'journal.db')
  let last = 0
  let epoch: string | undefined
  for (let round = 0; round < 12; round++) {
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', WRITER, path]
    const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = new Promise((resolve) => writer.once('close', resolve))
    let told = last
    let count = 0
    for await (const line of createInterface({ input: writer.stdout })) {
      assert.equal(Number(line), told + 1)
      told = Number(line)
      if (++count === 1 + round * 3) writer.kill('SIGKILL')
    }
    await closed
    const journal = openJournal(path, { entries: 100, log: assert.fail })
    epoch ??= journal.epoch
    assert.equal(journal.epoch, epoch)
    assert.ok(journal.lastSeq === told || journal.lastSeq === told + 1, `${journal.lastSeq} after ${told}`)
    last = journal.lastSeq
    assert.deepEqual(seqsOf(journal), numbers(journal.firstSeq, last))
    assert.ok(last - journal.firstSeq < 100)
    journal.close()
  }
  assert.ok(last > 100, 'it was pruned, too')
})
