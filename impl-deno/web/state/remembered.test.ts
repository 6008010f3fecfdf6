import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import { Conversation } from './conversation.ts'
import { Drafts, type FileDraft } from './drafts.ts'
import { Remembered, readKnown } from './remembered.ts'

const said = (seq: number, text = `Number ${seq}`, epoch = 'e'): JournalEntry => ({
  ...{ epoch, seq, at: seq, kind: 'claude.message' },
  body: {
    conversationId: 'c',
    messageId: `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`,
    role: 'assistant',
    text,
  },
})
const numbers = (remembered: Remembered): number[] => remembered.known.entries.map(({ seq }) => seq)
const textsOf = (conversation: Conversation): unknown[] =>
  conversation.entries.value.map(({ item }) => (item.value as { text?: string }).text)

test('the newest entries are remembered, as many as there is room for, and come back', () => {
  const remembered = new Remembered({ entries: [] })
  for (let seq = 1; seq <= 300; seq++) remembered.take(said(seq, 'x'.repeat(2_000)))
  assert.deepEqual([numbers(remembered)[0], numbers(remembered).length], [101, 200])
  const { content } = remembered
  assert.ok(content.length < 262_144 + 1_000)
  const again = new Remembered(readKnown(content))
  assert.equal(numbers(again).at(-1), 300)
  assert.ok(numbers(again).length > 100 && numbers(again).length < 200)
})

test('what comes again is not remembered twice, and what does not join on stands alone', () => {
  const remembered = new Remembered({ entries: [said(1), said(2)] })
  for (const seq of [1, 2, 3]) remembered.take(said(seq))
  assert.deepEqual(numbers(remembered), [1, 2, 3])
  for (const seq of [7, 8]) remembered.take(said(seq))
  assert.deepEqual(numbers(remembered), [7, 8])
  remembered.take(said(1, 'new', 'f'))
  assert.deepEqual(numbers(remembered), [1])
})

test('what another version wrote is nothing', () => {
  for (const text of [
    '',
    'null',
    '{',
    '{"entries":[{"seq":"1"}]}',
    '{"entries":[],"info":{"name":1}}',
    '{"prompt":1}',
  ]) {
    const content = new TextEncoder().encode(text)
    assert.deepEqual(readKnown(content), { entries: [] }, text)
    const drafts = Drafts.read(content)
    assert.deepEqual([drafts.prompt.value, drafts.files], ['', []], text)
  }
})

test('a draft comes back, and one that is empty is none', () => {
  const drafts = new Drafts('Not sent yet')
  const hash = 'A'.repeat(43)
  const [small, large] = ['x', 'x'.repeat(2_097_152)].map((text) => ({ path: text.slice(0, 2), text, hash })) as [
    FileDraft,
    FileDraft,
  ]
  const again = Drafts.read(drafts.contentWith([small, large]))
  assert.deepEqual([again.prompt.value, again.files], ['Not sent yet', [small]])
  drafts.prompt.value = ''
  assert.equal(drafts.contentWith([]), undefined)
})

test('a conversation goes on where the page of the computer joins what was remembered', () => {
  const conversation = new Conversation()
  conversation.remember([said(1), said(2)])
  for (const seq of [2, 3]) conversation.take(said(seq))
  assert.deepEqual(textsOf(conversation), ['Number 1', 'Number 2', 'Number 3'])
  assert.equal(conversation.oldest.value, 1)
})

test('what was remembered goes where there is more between it and the page than was read', () => {
  for (const first of [said(9), said(1, 'Another', 'f')]) {
    const conversation = new Conversation()
    conversation.remember([said(1), said(2)])
    conversation.take(first)
    assert.equal(conversation.entries.value.length, 1)
    assert.equal(conversation.oldest.value, first.seq)
  }
})
