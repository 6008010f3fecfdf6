import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { JournalPosition } from '../../controller/journal.ts'
import { Story } from './story.ts'

const EPOCH = 'e'
const said = (role: string, text: string, messageId = randomUUID()) => ({
  kind: 'claude.message',
  body: { conversationId: 'c', messageId, role, text },
})

/** A story before a controller that this test plays, what stands on the screen, and the places that were kept. */
function begin({
  before = null,
  capabilities = ['observe'],
}: {
  before?: JournalPosition | null
  capabilities?: string[]
} = {}) {
  const controller = Object.assign(new EventEmitter(), { record: { capabilities } })
  const lines: string[] = []
  const shown: number[] = []
  const place = { before, shown: ({ seq }: JournalPosition) => void shown.push(seq), save: () => {} }
  const asked = new Set<string>()
  let words = ''
  const story = new Story({ controller } as never, place as never, {
    print: (text) => void lines.push(text),
    together: (print) => print(),
    wasAsked: (requestId) => asked.has(requestId),
    isAway: () => false,
    words: (piece) => {
      words += piece
    },
    wordsEnd: () => {
      lines.push(words)
      words = ''
    },
    aside: (kind, text) => void lines.push(`${kind}: ${text}`),
  })
  story.start()
  let seq = 0
  return {
    ...{ controller, lines, shown, story, asked },
    entry(way: 'live' | 'late' | 'history', { kind, body }: { kind: string; body: object }, at = ++seq) {
      seq = at
      controller.emit('entry', { epoch: EPOCH, seq, at: 0, kind, body }, way)
    },
    event({ kind, body }: { kind: string; body: object }, isJournaled = true) {
      const journal = isJournaled ? { journal: { epoch: EPOCH, seq: 1, at: 0 } } : {}
      controller.emit('event', { type: 'event', method: kind, params: body, ...journal }, 0)
    },
  }
}

const turn = () => new Promise<void>((resolve) => queueMicrotask(resolve))

test('what is journaled is told once, as its entry; what is not, as it comes', async () => {
  const { lines, entry, event } = begin()
  const messageId = randomUUID()
  event({ kind: 'claude.delta', body: { conversationId: 'c', messageId, kind: 'text', text: 'hello' } }, false)
  event(said('assistant', 'hello', messageId))
  entry('live', said('assistant', 'hello', messageId))
  entry('late', said('user', 'and you?'))
  assert.deepEqual(lines, ['hello', 'user: and you?'])
})

test('a device that may not follow the journal is told what comes', () => {
  const { lines, event } = begin({ capabilities: ['prompt'] })
  event(said('user', 'hello'))
  assert.deepEqual(lines, ['user: hello'])
})

test('the first page is shown to its end, with the steps of a tool as one and what is new marked', async () => {
  const { lines, shown, entry } = begin({ before: { epoch: EPOCH, seq: 4 } })
  const messageId = randomUUID()
  const tool = (status: string) => ({
    kind: 'claude.message',
    body: { ...said('tool', '', messageId).body, tool: { callId: 'c', title: 'make', status } },
  })
  entry('history', said('user', 'build'))
  for (const status of ['pending', 'in_progress', 'completed']) entry('history', tool(status))
  entry('history', said('assistant', 'built'))
  assert.deepEqual(lines, [])
  await turn()
  assert.deepEqual(lines, ['user: build', 'tool: make: completed', '— new since you were here —', 'built'])
  assert.deepEqual(shown, [5])
})

test('a long page is shown by its newest entries, and the rest named', async () => {
  const { lines, entry } = begin({ before: { epoch: EPOCH, seq: 90 } })
  for (let seq = 101; seq <= 300; seq++) entry('history', said('user', String(seq)), seq)
  await turn()
  assert.deepEqual(lines.slice(0, 3), [
    '… /history shows what was before.',
    '160 entries since you were here are not shown; /history --limit 210 does.',
    'user: 251',
  ])
  assert.equal(lines.length, 52)
})

test('another journal than the one that was seen is told, and nothing of it called new', async () => {
  const { lines, entry } = begin({ before: { epoch: 'other', seq: 1 } })
  entry('history', said('user', 'one'))
  entry('history', said('user', 'two'))
  await turn()
  assert.match(lines[0] ?? '', /^The history of the computer began anew; /)
  assert.deepEqual(lines.slice(1), ['user: one', 'user: two'])
})

test('a live entry that comes with the page is told behind it', () => {
  const { lines, shown, entry } = begin()
  entry('history', said('user', 'one'))
  entry('live', said('user', 'two'))
  assert.deepEqual(lines, ['user: one', 'user: two'])
  assert.deepEqual(shown, [1, 2])
})

test('what was missed is told: lost on the way, no longer kept, an unknown kind, events that were not kept', () => {
  const { lines, controller, entry } = begin()
  controller.emit('missed', { why: 'lost', from: 1, to: 3 })
  controller.emit('missed', { why: 'pruned', from: 1, to: 3 })
  entry('late', { kind: 'moon.rose\u001b[2J', body: {} })
  entry('late', { kind: 'journal.lost', body: { count: 3 } })
  controller.emit('entry', { epoch: EPOCH, seq: 3, kind: 'withheld' }, 'late')
  assert.deepEqual(lines, [
    'Something was lost on the way and is fetched.',
    'The computer no longer keeps some of what happened meanwhile.',
    'Something happened that this program does not know: moon.rose',
    'The computer could not keep 3 of the events before this.',
  ])
})

test('a request that was shown whole is not told again, one that was missed is told with its outcome', () => {
  const { lines, entry, asked } = begin()
  const request = (requestId: string) => ({
    kind: 'permission.requested',
    body: {
      ...{ requestId, conversationId: 'c', tool: 'Bash', title: 'Run it', inputText: '{}', inputHash: 'A'.repeat(43) },
      options: [{ id: 'y', name: 'Yes', kind: 'allow_once' }],
    },
  })
  const [one, two] = [randomUUID(), randomUUID()]
  asked.add(one)
  entry('late', request(one))
  entry('live', request(two))
  assert.deepEqual(lines, [])
  entry('late', request(two))
  const body = { requestId: two, outcome: 'denied', by: 'local', option: 'y', at: 0 }
  entry('late', { kind: 'permission.resolved', body })
  assert.deepEqual(lines, ['The assistant asked: Run it', '  denied at the computer'])
})
