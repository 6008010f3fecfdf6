import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Event } from '@happy-remote/schemas/rpc/envelope.ts'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { JournalFollower, type JournalPosition, type Missed } from './journal.ts'

type Page = Result<'journal.subscribe'>

const PAGE = 200

/** An agent with a journal of `last` entries from `first` on, and the one that follows it. */
function scene(last: number, position?: JournalPosition) {
  const agent = { epoch: 'one', first: 1, last }
  const entry = (seq: number): JournalEntry => ({ epoch: agent.epoch, seq, at: 1, kind: 'device.revoked', body: {} })
  const range = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => entry(from + i))
  const asked: Params<'journal.subscribe'>[] = []
  let onAsk = async () => {}
  const read = async (params: Params<'journal.subscribe'>): Promise<Page> => {
    asked.push(params)
    const { epoch, last: lastSeq } = agent
    const after = params.epoch === epoch ? (params.afterSeq ?? 0) : 0
    if (after > lastSeq) throw new ProtocolError('conflict', 'behind the end', { lastSeq })
    const from =
      params.epoch === undefined ? Math.max(agent.first, lastSeq - PAGE + 1) : Math.max(agent.first, after + 1)
    const gap = after + 1 < agent.first ? { gap: { from: after + 1, to: agent.first } } : {}
    const page: Page = { epoch, lastSeq, entries: range(from, Math.min(lastSeq, from + PAGE - 1)), ...gap }
    await onAsk()
    return page
  }
  const told: string[] = []
  const missed: Missed[] = []
  const follower = new JournalFollower(
    {
      read,
      onEntry: ({ epoch, seq }, way) => told.push(`${epoch} ${seq} ${way}`),
      onMissed: (each) => missed.push(each),
    },
    position,
  )
  const live = (seq: number, epoch = agent.epoch) => {
    const id = '00000000-0000-4000-8000-000000000001'
    const event: Event = { id, type: 'event', method: 'device.revoked', params: {}, journal: { epoch, seq, at: 1 } }
    follower.onEvent(event)
  }
  const duringAsk = (then: () => Promise<void> | void) => {
    onAsk = async () => {
      onAsk = async () => {}
      await then()
    }
  }
  return { agent, asked, told, missed, follower, live, duringAsk }
}

const lines = (from: number, to: number, way: string, epoch = 'one') =>
  Array.from({ length: to - from + 1 }, (_, i) => `${epoch} ${from + i} ${way}`)

test('somebody who has nothing takes the newest page as history, and nothing counts as missed', async () => {
  const { asked, told, missed, follower } = scene(1_000)
  await follower.catchUp()
  assert.deepEqual(asked, [{}])
  assert.deepEqual(told, lines(801, 1_000, 'history'))
  assert.deepEqual(missed, [])
  assert.deepEqual(follower.position, { epoch: 'one', seq: 1_000 })
})

test('somebody who was away for 10,000 entries has each once and in order, while more come live', async () => {
  const { agent, asked, told, missed, follower, live, duringAsk } = scene(10_007, { epoch: 'one', seq: 7 })
  duringAsk(() => {
    for (; agent.last < 10_020; live(agent.last)) agent.last++
  })
  await follower.catchUp()
  assert.deepEqual(told, lines(8, 10_020, 'late'))
  assert.equal(asked.length, 51)
  live(++agent.last)
  assert.equal(told.at(-1), 'one 10021 live')
  assert.deepEqual(missed, [])
})

test('a live event that comes twice, or late, is taken once', async () => {
  const { agent, told, follower, live } = scene(3)
  await follower.catchUp()
  agent.last = 4
  for (const seq of [4, 4, 2]) live(seq)
  assert.deepEqual(told, [...lines(1, 3, 'history'), 'one 4 live'])
})

test('a hole is told, and what was lost is fetched, also where it comes in the meantime', async () => {
  const { agent, asked, told, missed, follower, live, duringAsk } = scene(3)
  await follower.catchUp()
  agent.last = 6
  // The relay has only been slow.
  duringAsk(() => live(4))
  live(6)
  assert.deepEqual(missed, [{ why: 'lost', from: 4, to: 6 }])
  while (told.length < 6) await turn()
  assert.deepEqual(asked.at(-1), { epoch: 'one', afterSeq: 3 })
  assert.deepEqual(told.slice(3), ['one 4 live', 'one 5 late', 'one 6 late'])
})

test('what was pruned is told, and the reading goes on behind it', async () => {
  const { agent, told, missed, follower } = scene(500, { epoch: 'one', seq: 7 })
  agent.first = 100
  await follower.catchUp()
  assert.deepEqual(missed, [{ why: 'pruned', from: 8, to: 100 }])
  assert.deepEqual(told, lines(100, 500, 'late'))
})

test('another journal is told, and read from its beginning; one that was put back is read anew', async () => {
  const { agent, told, missed, follower, live } = scene(5)
  await follower.catchUp()
  Object.assign(agent, { epoch: 'two', last: 3 })
  live(3)
  while (told.length < 8) await turn()
  assert.deepEqual(missed, [{ why: 'restarted' }])
  assert.deepEqual(told.slice(5), lines(1, 3, 'late', 'two'))
  agent.last = 2
  await follower.catchUp()
  assert.deepEqual(missed, [{ why: 'restarted' }, { why: 'restarted' }])
  assert.deepEqual(follower.position, { epoch: 'two', seq: 2 })
})

test('an agent without a journal, and one that promises more than it gives, are left in peace', async () => {
  let calls = 0
  const page: Page = { epoch: 'one', lastSeq: 9, entries: [] }
  const answers = [() => Promise.reject(new ProtocolError('unknown-method')), () => Promise.resolve(page)]
  for (const read of answers) {
    const hooks = { onEntry: () => assert.fail('there is no entry'), onMissed: () => assert.fail('nothing is missed') }
    const follower = new JournalFollower(
      {
        ...hooks,
        read: () => {
          calls++
          return read()
        },
      },
      { epoch: 'one', seq: 3 },
    )
    await follower.catchUp()
  }
  assert.equal(calls, 2)
})
