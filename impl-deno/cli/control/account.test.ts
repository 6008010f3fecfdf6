import assert from 'node:assert/strict'
import type { Arrival, Position } from '../../controller/journal.ts'
import { Account } from './account.ts'

const said = (role: string, text: string, messageId = crypto.randomUUID()) => ({
  kind: 'claude.message',
  body: { conversationId: 'c', messageId, role, text },
})

interface Given {
  readonly before?: Position
  readonly capabilities?: readonly string[]
}

/** An account, what stands on its paper, and a computer that this test plays. */
function begin({ before, capabilities = ['observe'] }: Given = {}) {
  const shown: number[] = []
  const place = { before, shown: ({ seq }: Position) => void shown.push(seq) }
  const lines: string[] = []
  let words = ''
  const account = new Account({ capabilities } as never, place as never, {
    line: (text) => void lines.push(text),
    words: (text) => {
      words += text
      if (!words.endsWith('\n')) return
      lines.push(words.trimEnd())
      words = ''
    },
  })
  let seq = 0
  return {
    ...{ account, lines, shown },
    entry(arrival: Arrival, { kind, body }: { kind: string; body: object }, at = ++seq) {
      seq = at
      account.take({ type: 'entry', entry: { epoch: 'e', seq, at: 0, kind, body }, arrival })
    },
    event({ kind, body }: { kind: string; body: object }, journaled = true) {
      account.take({ type: 'event', method: kind, params: body, live: true, journaled })
    },
  }
}

const turn = () => new Promise<void>((resolve) => queueMicrotask(resolve))

Deno.test('what is journaled is told once, as its entry; words come as they come', () => {
  const { lines, entry, event } = begin()
  const messageId = crypto.randomUUID()
  for (const text of ['hel', 'lo']) {
    event({ kind: 'claude.delta', body: { conversationId: 'c', messageId, kind: 'text', text } }, false)
  }
  event(said('assistant', 'hello', messageId))
  entry('live', said('assistant', 'hello', messageId))
  entry('late', said('user', 'and you?'))
  assert.deepEqual(lines, ['hello', '› and you?'])
})

Deno.test('a device that may not follow the journal is told what comes', () => {
  const { lines, event } = begin({ capabilities: ['prompt'] })
  event(said('user', 'hello'))
  assert.deepEqual(lines, ['› hello'])
})

Deno.test('the first page is shown to its end, the steps of a tool as one, and what is new marked', async () => {
  const { lines, shown, entry } = begin({ before: { epoch: 'e', seq: 4 } })
  const messageId = crypto.randomUUID()
  const tool = (status: string) => ({
    kind: 'claude.message',
    body: { ...said('tool', '', messageId).body, tool: { callId: 'c', title: 'make', status } },
  })
  entry('history', said('user', 'build'))
  for (const status of ['pending', 'in_progress', 'completed']) entry('history', tool(status))
  entry('history', said('assistant', 'built'))
  assert.deepEqual(lines, [])
  await turn()
  assert.deepEqual(lines, ['› build', '• make: completed', '— new since you were here —', 'built'])
  assert.deepEqual(shown, [5])
})

Deno.test('a long page is shown by its newest entries, and the rest named', async () => {
  const { lines, entry } = begin({ before: { epoch: 'e', seq: 90 } })
  for (let seq = 101; seq <= 300; seq++) entry('history', said('user', String(seq)), seq)
  await turn()
  assert.deepEqual(lines.slice(0, 3), [
    '… /history shows what was before.',
    '160 entries since you were here are not shown; /history --limit 210 does.',
    '› 251',
  ])
  assert.equal(lines.length, 52)
})

Deno.test('another journal than the one that was seen is told; a live entry comes behind the page', () => {
  const { lines, shown, entry } = begin({ before: { epoch: 'other', seq: 1 } })
  entry('history', said('user', 'one'))
  entry('live', said('user', 'two'))
  assert.match(lines[0] ?? '', /^The history of the computer began anew; /)
  assert.deepEqual(
    [lines.slice(1), shown],
    [
      ['› one', '› two'],
      [1, 2],
    ],
  )
})

Deno.test('what was missed, what is unknown and what was not kept is told', () => {
  const { account, lines, entry } = begin()
  account.take({ type: 'missed', missed: { why: 'lost', from: 1, to: 3 } })
  account.take({ type: 'missed', missed: { why: 'pruned', from: 1, to: 3 } })
  entry('late', { kind: 'moon.rose\u001b[2J', body: {} })
  entry('late', { kind: 'journal.lost', body: { count: 3 } })
  account.take({ type: 'entry', entry: { epoch: 'e', seq: 3, kind: 'withheld' }, arrival: 'late' })
  assert.deepEqual(lines, [
    'Something was lost on the way and is fetched.',
    'The computer no longer keeps some of what happened meanwhile.',
    'Something happened that this program does not know: moon.rose',
    'The computer could not keep 3 of the events before this.',
  ])
})

Deno.test('the own prompt is not told again, that of another device is', () => {
  const { account, lines, entry } = begin()
  account.gave('do it')
  entry('live', said('user', 'do it'))
  entry('live', said('user', 'do it'))
  assert.deepEqual(lines, ['› do it'])
})
