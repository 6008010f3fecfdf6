import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { Narrator } from './narrator.ts'

type Message = EventParams<'claude.message'>

function recorded() {
  const told: string[] = []
  const narrator = new Narrator({
    words: (piece) => told.push(`words ${piece}`),
    wordsEnd: () => told.push('end'),
    aside: (kind, text) => told.push(`${kind} ${text}`),
  })
  const message = (role: Message['role'], text: string, more: Partial<Message> = {}, own = false) =>
    narrator.message({ conversationId: 'c', messageId: 'm', role, text, ...more }, own)
  const delta = (text: string, messageId = 'm') =>
    narrator.delta({ conversationId: 'c', messageId, kind: 'text', text })
  return { told, narrator, message, delta }
}

test('words come as they come, and are not said again by the whole message', () => {
  const { told, message, delta } = recorded()
  delta('one ')
  delta('two')
  message('assistant', 'one two')
  assert.deepEqual(told, ['words one ', 'words two', 'end'])
})

test('a message without deltas is said whole', () => {
  const { told, message } = recorded()
  message('assistant', 'all at once')
  assert.deepEqual(told, ['words all at once', 'end'])
})

test('words end before anything else is told', () => {
  const { told, message, delta } = recorded()
  delta('one')
  message('tool', '', { messageId: 't', tool: { callId: 'x', title: 'ls', status: 'in_progress' } })
  delta('two', 'n')
  assert.deepEqual(told, ['words one', 'end', 'tool ls: in progress', 'words two'])
})

test('a tool is told once for each status, with the beginning of its output', () => {
  const { told, message } = recorded()
  const tool = { callId: 'x', title: 'ls', status: 'pending' }
  message('tool', '', { tool })
  message('tool', '', { tool })
  const lines = Array.from({ length: 14 }, (_, i) => `line ${i}`)
  message('tool', lines.join('\n'), { tool: { ...tool, status: 'completed' } })
  assert.deepEqual(told, [
    'tool ls: pending',
    'tool ls: completed',
    `output ${lines.slice(0, 12).join('\n')}`,
    'output … and 2 lines more',
  ])
})

test("another device's prompt is told, the own one is not", () => {
  const { told, message } = recorded()
  message('user', 'mine', {}, true)
  message('user', 'theirs')
  assert.deepEqual(told, ['user theirs'])
})

test('nothing that is told has control characters, whichever way it came', () => {
  const { told, message, delta } = recorded()
  const evil = 'a\u001b[2J\u009b1A\u0007\rb'
  delta(evil)
  delta('\u001b', 'n')
  delta('[2J', 'n')
  message('assistant', evil, { messageId: 'o' })
  for (const role of ['thought', 'user', 'other'] as const) message(role, evil, { messageId: role })
  message('tool', evil, { messageId: 't', tool: { callId: 'x', title: evil, status: evil } })
  assert.ok(told.length > 8)
  for (const each of told) assert.ok(!/[^\P{Cc}\n\t]/u.test(each), JSON.stringify(each))
})
