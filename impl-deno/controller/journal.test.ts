import assert from 'node:assert/strict'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { until } from '../testing/manual-timers.ts'
import { CallFailure } from './failure.ts'
import { JournalReader, type Missed, type Position } from './journal.ts'

type Page = Result<'journal.subscribe'>

/** A journal of entries from `first` to `last`, in pages of 200. */
function readerOf(journal: { epoch: string; first: number; last: number }, known?: Position) {
  const told: string[] = []
  const missed: Missed[] = []
  const asked: Params<'journal.subscribe'>[] = []
  const wait = { meanwhile: () => {} }
  const subscribe = async (params: Params<'journal.subscribe'>): Promise<Page> => {
    asked.push(params)
    const { epoch, first, last } = journal
    const next = params.epoch === epoch ? (params.afterSeq ?? 0) + 1 : 1
    if (next > last + 1) throw new CallFailure('conflict', 'behind the end')
    const from = Math.max(first, params.epoch === undefined ? last - 199 : next)
    const entries = []
    for (let seq = from; seq <= last && entries.length < 200; seq++) {
      entries.push({ epoch, seq, at: 1, kind: 'device.revoked', body: {} })
    }
    const { meanwhile } = wait
    wait.meanwhile = () => {}
    meanwhile()
    await Promise.resolve()
    return { epoch, lastSeq: last, entries, ...(next < first && { gap: { from: next, to: first } }) }
  }
  const reader = new JournalReader(
    {
      subscribe,
      entry: ({ epoch, seq }, arrival) => void told.push(`${epoch}/${seq} ${arrival}`),
      missed: (each) => void missed.push(each),
    },
    known,
  )
  const live = (seq: number) => reader.live('device.revoked', {}, { epoch: journal.epoch, seq, at: 1 })
  return { reader, told, missed, asked, wait, live }
}

const entries = (from: number, to: number, arrival: string, epoch = 'a') =>
  Array.from({ length: to - from + 1 }, (_, i) => `${epoch}/${from + i} ${arrival}`)

Deno.test('a new reader begins with the newest page, and goes on live', async () => {
  const journal = { epoch: 'a', first: 1, last: 300 }
  const { reader, told, missed, live } = readerOf(journal)
  await reader.read()
  live(301)
  live(301)
  live(7)
  assert.deepEqual(told, [...entries(101, 300, 'history'), 'a/301 live'])
  assert.deepEqual(missed, [])
})

Deno.test('10,000 entries of an absence come once each and in order, whatever comes live meanwhile', async () => {
  const journal = { epoch: 'a', first: 1, last: 10_003 }
  const { reader, told, missed, asked, wait, live } = readerOf(journal, { epoch: 'a', seq: 3 })
  wait.meanwhile = () => {
    while (journal.last < 10_010) live(++journal.last)
  }
  await reader.read()
  assert.deepEqual(told, entries(4, 10_010, 'late'))
  assert.deepEqual(asked[0], { epoch: 'a', afterSeq: 3 })
  assert.deepEqual(missed, [])
  assert.deepEqual(reader.known, { epoch: 'a', seq: 10_010 })
})

Deno.test('a hole is told and filled', async () => {
  const journal = { epoch: 'a', first: 1, last: 2 }
  const { reader, told, missed, live } = readerOf(journal)
  await reader.read()
  journal.last = 5
  live(5)
  assert.deepEqual(missed, [{ why: 'lost', from: 3, to: 5 }])
  await until(() => told.length === 5, 'it is filled')
  assert.deepEqual(told.slice(2), entries(3, 5, 'late'))
})

Deno.test('what is gone is told: pruned entries, and a journal that began anew or was put back', async () => {
  const journal = { epoch: 'a', first: 50, last: 60 }
  const { reader, told, missed } = readerOf(journal, { epoch: 'a', seq: 9 })
  await reader.read()
  assert.deepEqual(missed.splice(0), [{ why: 'pruned', from: 10, to: 50 }])
  assert.deepEqual(told.splice(0), entries(50, 60, 'late'))
  Object.assign(journal, { epoch: 'b', first: 1, last: 2 })
  await reader.read()
  assert.deepEqual(missed.splice(0), [{ why: 'restarted' }])
  assert.deepEqual(told.splice(0), entries(1, 2, 'late', 'b'))
  journal.last = 1
  await reader.read()
  assert.deepEqual(missed, [{ why: 'restarted' }])
  assert.deepEqual(reader.known, { epoch: 'b', seq: 1 })
})

Deno.test('an agent that has no journal, or an endless one, is not asked again and again', async () => {
  let asked = 0
  const owner = { entry: () => assert.fail('there is none'), missed: () => assert.fail('nothing is missed') }
  const refusing = new JournalReader({
    ...owner,
    subscribe: () => {
      asked++
      return Promise.reject(new CallFailure('unknown-method', 'no journal'))
    },
  })
  await refusing.read()
  const promising = new JournalReader(
    {
      ...owner,
      subscribe: () => {
        asked++
        return Promise.resolve({ epoch: 'a', lastSeq: 9, entries: [] })
      },
    },
    { epoch: 'a', seq: 3 },
  )
  await promising.read()
  assert.equal(asked, 2)
})
