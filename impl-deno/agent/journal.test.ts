import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import type { JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { agentScene } from '../testing/agent.ts'
import { until } from '../testing/manual-timers.ts'
import { Journal, openJournal } from './journal.ts'

interface Told {
  readonly kind: string
  readonly body: object
  readonly place: JournalPlace | undefined
}

function recorder(journal: Journal) {
  const told: Told[] = []
  const record = (name: string) =>
    journal.record(1, 'device.joined', { name }, (kind, body, place) => void told.push({ kind, body, place }))
  return { told, record, seqs: () => told.map(({ place }) => place?.seq) }
}

const seqsOf = (journal: Journal) => Array.from(journal.from(1), ({ seq }) => seq)
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

Deno.test('entries are numbered from 1, told with their place, and kept in the file', async () => {
  const folder = await Deno.makeTempDir()
  const path = `${folder}/journal.sqlite`
  const first = openJournal(path)
  const { told, record } = recorder(first)
  record('one')
  record('two')
  const { epoch } = first
  assert.deepEqual(
    told.map(({ place }) => place),
    [1, 2].map((seq) => ({ epoch, seq, at: 1 })),
  )
  first.close()
  if (Deno.build.os !== 'windows') assert.equal(Number((await Deno.stat(path)).mode) & 0o777, 0o600)
  const second = openJournal(path)
  assert.equal(second.epoch, epoch)
  recorder(second).record('three')
  assert.deepEqual(
    Array.from(second.downFrom(3), ({ seq, body }) => [seq, JSON.parse(body).name]),
    [
      [3, 'three'],
      [2, 'two'],
      [1, 'one'],
    ],
  )
  second.close()
  await Deno.remove(folder, { recursive: true })
})

Deno.test('the oldest entries are pruned, by number and by size', () => {
  const few = new Journal(new DatabaseSync(':memory:'), { entries: 3 })
  const { record } = recorder(few)
  for (const i of range(1, 10)) record(`${i}`)
  assert.deepEqual([seqsOf(few), few.first, few.last], [[8, 9, 10], 8, 10])
  few.close()
  const small = new Journal(new DatabaseSync(':memory:'), { bytes: 250 })
  const large = recorder(small)
  for (const letter of ['a', 'b', 'c', 'd']) large.record(letter.repeat(100))
  assert.deepEqual(seqsOf(small), [3, 4])
  large.record('x'.repeat(1_000))
  assert.deepEqual(seqsOf(small), [5])
  small.close()
})

Deno.test('on a full disk events have no place, and the first entry after it says how many', () => {
  const database = new DatabaseSync(':memory:')
  const failures: unknown[] = []
  const journal = new Journal(database, { failed: (error) => failures.push(error) })
  const { told, record, seqs } = recorder(journal)
  record('before')
  database.exec(`PRAGMA max_page_count = ${Number(database.prepare('PRAGMA page_count').get()?.page_count)}`)
  // Until not even the number of what is lost has room.
  while (
    told.length < 4 ||
    seqs()
      .slice(-3)
      .some((seq) => seq !== undefined)
  )
    record('x'.repeat(500))
  assert.match(String(failures[0]), /full/)
  const { last } = journal
  const count = told.length - 1 - seqs().lastIndexOf(last)
  database.exec('PRAGMA max_page_count = 1000000')
  record('after')
  assert.deepEqual(
    told.slice(-2).map(({ kind, body, place }) => [kind, body, place?.seq]),
    [
      ['journal.lost', { count }, last + 1],
      ['device.joined', { name: 'after' }, last + 2],
    ],
  )
  assert.deepEqual(seqsOf(journal), range(1, last + 2))
  journal.close()
})

Deno.test('a damaged file is put aside, and a journal without a file is kept in memory', async () => {
  const folder = await Deno.makeTempDir()
  const path = `${folder}/journal.sqlite`
  await Deno.writeTextFile(path, 'damaged '.repeat(1_000))
  const failures: unknown[] = []
  const journal = openJournal(path, { failed: (error) => failures.push(error) })
  assert.equal(failures.length, 1)
  assert.equal(journal.last, 0)
  assert.ok([...Deno.readDirSync(folder)].some(({ name }) => name.startsWith('journal.sqlite.corrupt-')))
  journal.close()
  const [one, other] = [0, 1].map(() => openJournal(`${folder}/no such folder/journal.sqlite`)) as [Journal, Journal]
  assert.notEqual(one.epoch, other.epoch)
  recorder(one).record('one')
  assert.deepEqual(seqsOf(one), [1])
  one.close()
  other.close()
  await Deno.remove(folder, { recursive: true })
})

/** Says each seq as soon as the agent would send the event. */
const WRITER = `
  import { openJournal } from ${JSON.stringify(import.meta.resolve('./journal.ts'))}
  const journal = openJournal(Deno.args[0], { entries: 60 })
  for (;;) journal.record(1, 'device.joined', { name: 'x'.repeat(200) }, (_kind, _body, place) => {
    Deno.stdout.writeSync(new TextEncoder().encode(place.seq + '\\n'))
  })
`

Deno.test('killed at any moment, it opens again with all that was told and without a hole', async () => {
  const folder = await Deno.makeTempDir()
  const path = `${folder}/journal.sqlite`
  const script = `${folder}/writer.ts`
  await Deno.writeTextFile(script, WRITER)
  const config = new URL('../deno.json', import.meta.url).pathname
  let last = 0
  let epoch: string | undefined
  for (const round of range(0, 9)) {
    const writer = new Deno.Command(Deno.execPath(), {
      args: ['run', '--quiet', '--no-check', '--allow-all', '--config', config, script, path],
      stdout: 'piped',
    }).spawn()
    let text = ''
    for await (const chunk of writer.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.split('\n').length > 1 + round * 3) {
        try {
          writer.kill('SIGKILL')
        } catch {
          // It is dead already; what it wrote is read to its end.
        }
      }
    }
    await writer.status
    const said = text.split('\n').slice(0, -1).map(Number)
    assert.deepEqual(said, range(last + 1, last + said.length))
    const journal = openJournal(path, { entries: 60 })
    epoch ??= journal.epoch
    assert.equal(journal.epoch, epoch)
    assert.ok([0, 1].includes(journal.last - last - said.length), `${journal.last} after ${last + said.length}`)
    last = journal.last
    assert.deepEqual(seqsOf(journal), range(journal.first, last))
    journal.close()
  }
  assert.ok(last > 60, 'it was pruned, too')
  await Deno.remove(folder, { recursive: true })
})

Deno.test('a device that is new reads 10,000 entries in pages, each once, and the next one comes live', async () => {
  const { agent, journal, pair, close } = await agentScene()
  const phone = await pair()
  const { record } = recorder(journal)
  for (const i of range(1, 10_000)) record(`${i}`)
  type Page = Result<'journal.subscribe'>
  const seen: number[] = []
  for (;;) {
    const params = { epoch: journal.epoch, afterSeq: seen.at(-1) ?? 0 }
    const { entries, lastSeq } = await phone.result<Page>({ method: 'journal.subscribe', params })
    seen.push(...entries.map(({ seq }) => seq))
    if (seen.at(-1) === lastSeq) break
  }
  assert.deepEqual(seen, range(1, journal.last))
  const before = phone.events.length
  const [device] = agent.current.devices.list
  await agent.current.devices.change(device?.deviceId ?? '', { peerName: 'tablet' })
  await until(() => phone.events.length > before, 'the change is told')
  assert.equal(phone.events.at(-1)?.journal?.seq, seen.length + 1)
  await close()
})
