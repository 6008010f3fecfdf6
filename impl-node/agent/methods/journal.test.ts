import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { FakeCaller } from '../caller.fake.ts'
import { Journal } from '../journal.ts'
import { journalHandlers } from './journal.ts'

const status = { state: 'idle' as const, conversationId: null, mode: null, model: null, queued: 0, pending: [] }
const deviceId = `${'b'.repeat(25)}a`

function scene(options: { entries?: number } = {}) {
  const db = new DatabaseSync(':memory:')
  const journal = new Journal(db, { ...options, log: assert.fail })
  const handlers = journalHandlers(journal, {
    'claude.getStatus': () => status,
    'terminal.list': () => ({ terminals: [] }),
    'device.list': () => ({ devices: [] }),
  })
  const ask = async (params: Params<'journal.subscribe'>, caller = new FakeCaller()) =>
    (await handlers['journal.subscribe'](params, caller, 'an id')) as Result<'journal.subscribe'>
  const add = (name: string, count = 1) => {
    for (let i = 0; i < count; i++) journal.record('device.joined', { deviceId, name }, () => {})
  }
  return { db, journal, ask, add }
}

const seqsOf = ({ entries }: Result<'journal.subscribe'>) => entries.map(({ seq }) => seq)
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('an empty journal has an empty page in every direction, and no gap', async () => {
  const { ask, journal } = scene()
  const { epoch } = journal
  const empty = { epoch, lastSeq: 0, entries: [] }
  assert.deepEqual(await ask({ epoch, afterSeq: 0 }), empty)
  assert.deepEqual(await ask({ epoch, beforeSeq: 1 }), empty)
  assert.deepEqual(await ask({}), { ...empty, snapshot: { status, terminals: [], devices: [] } })
})

test('somebody who was away for 10,000 entries reads each of them once, in 50 pages', async () => {
  const { ask, add, journal } = scene()
  const { epoch } = journal
  add('before', 7)
  add('meanwhile', 10_000)
  const seen: number[] = []
  let pages = 0
  for (let afterSeq = 7; ; pages++) {
    const page = await ask({ epoch, afterSeq })
    if (page.entries.length === 0) break
    seen.push(...seqsOf(page))
    afterSeq = seen.at(-1) as number
  }
  assert.equal(pages, 50)
  assert.deepEqual(seen, numbers(8, 10_007))
})

test('a page ends before it would exceed what every receiver accepts', async () => {
  const { ask, add, journal } = scene()
  const { epoch } = journal
  for (const letter of 'abcdefgh') add(letter.repeat(300_000))
  for (const params of [{ epoch, afterSeq: 0 }, { epoch, beforeSeq: 9 }, {}]) {
    const page = await ask(params)
    assert.equal(page.entries.length, 3)
    assert.ok(Buffer.byteLength(JSON.stringify(page)) <= limits.bodyLeast)
  }
})

test('what exceeds a page by itself is withheld, and does not end the reading', async () => {
  const { ask, add, journal } = scene()
  const { epoch } = journal
  add('small')
  add('x'.repeat(limits.bodyLeast))
  add('small')
  const { entries } = await ask({ epoch, afterSeq: 0 })
  assert.deepEqual(
    entries.map(({ kind }) => kind),
    ['device.joined', 'withheld', 'device.joined'],
  )
})

test('an entry of a kind that is not known here is withheld from everybody', async () => {
  const { ask, add, db, journal } = scene()
  add('one')
  db.exec("UPDATE entry SET kind = 'tomorrow.invented'")
  const { epoch } = journal
  assert.deepEqual((await ask({ epoch, afterSeq: 0 })).entries, [{ epoch, seq: 1, kind: 'withheld' }])
})

test('the snapshot has no terminals for whoever may not see them', async () => {
  const { ask } = scene()
  const { snapshot } = await ask({}, new FakeCaller('a', ['observe']))
  assert.deepEqual(snapshot, { status, terminals: null, devices: [] })
})

test('behind the end, and with bounds that do not go together, nothing is read', async () => {
  const { ask, add, journal } = scene()
  add('one', 3)
  const { epoch } = journal
  const code = (error: unknown) => (error instanceof ProtocolError ? [error.code, error.data] : error)
  const refused = async (params: Params<'journal.subscribe'>) =>
    ask(params).then(() => assert.fail('it is answered'), code)
  assert.deepEqual(await refused({ epoch, afterSeq: 4 }), ['conflict', { lastSeq: 3 }])
  for (const params of [{ afterSeq: 0 }, { beforeSeq: 1 }, { epoch }, { epoch, afterSeq: 0, beforeSeq: 1 }]) {
    assert.deepEqual(await refused(params), ['invalid-params', undefined])
  }
})

test('what was pruned is named, up to where the page begins', async () => {
  const { ask, add, journal } = scene({ entries: 5 })
  add('one', 12)
  const { epoch } = journal
  const gapOf = async (params: Params<'journal.subscribe'>) => (await ask(params)).gap
  assert.deepEqual(await gapOf({ epoch, afterSeq: 0 }), { from: 1, to: 8 })
  assert.deepEqual(await gapOf({ epoch, afterSeq: 5 }), { from: 6, to: 8 })
  assert.equal(await gapOf({ epoch, afterSeq: 7 }), undefined)
  assert.deepEqual(await gapOf({}), { from: 1, to: 8 })
  assert.equal(await gapOf({ limit: 4 }), undefined)
  assert.deepEqual(await gapOf({ epoch, beforeSeq: 9 }), { from: 1, to: 8 })
  assert.deepEqual(await gapOf({ epoch, beforeSeq: 4 }), { from: 1, to: 4 })
  assert.equal(await gapOf({ epoch, beforeSeq: 1 }), undefined)
})
