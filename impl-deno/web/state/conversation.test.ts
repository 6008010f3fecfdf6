import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import { Conversation, type Item } from './conversation.ts'

const [prompt, answer, request] = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [
  string,
  string,
  string,
]
const conversationId = 'c'
const entry = (seq: number, kind: string, body: object): JournalEntry => ({ epoch: 'e', seq, at: seq, kind, body })
const message = (seq: number, messageId: string, role: string, text: string): JournalEntry =>
  entry(seq, 'claude.message', { conversationId, messageId, role, text })
const shown = (conversation: Conversation): Item[] => conversation.entries.value.map(({ item }) => item.value)

test('pieces of a message become the message, in its place', () => {
  const conversation = new Conversation()
  conversation.take(message(1, prompt, 'user', 'Hello'))
  conversation.delta({ conversationId, messageId: answer, kind: 'text', text: 'Go' })
  conversation.delta({ conversationId, messageId: answer, kind: 'text', text: 'od' })
  assert.deepEqual(shown(conversation)[1], { kind: 'words', role: 'assistant', text: 'Good', isWhole: false })
  conversation.take(message(2, answer, 'assistant', 'Good day'))
  conversation.delta({ conversationId, messageId: answer, kind: 'text', text: ' late' })
  assert.deepEqual(shown(conversation)[1], { kind: 'words', role: 'assistant', text: 'Good day', isWhole: true })
})

test('a message whose beginning or middle has not come says so until it is whole, in a tab that follows too', () => {
  const conversation = new Conversation()
  const piece = (text: string, offset: number) =>
    ({ conversationId, messageId: answer, kind: 'text', text, offset }) as const
  const part = { kind: 'words', role: 'assistant', isWhole: false, lacksBeginning: true } as const
  conversation.delta(piece('upon a ', 5))
  conversation.delta(piece('time ', 12))
  assert.deepEqual(shown(conversation), [{ ...part, text: 'upon a time ' }])
  conversation.delta(piece('phone', 30))
  const following = new Conversation()
  for (const told of conversation.pieces) following.delta(told)
  for (const one of [conversation, following]) {
    one.delta(piece(', crossed', 35))
    assert.deepEqual(shown(one), [{ ...part, text: 'upon a time \n\n…\n\nphone, crossed' }])
    one.take(message(2, answer, 'assistant', 'Once upon a time'))
    assert.deepEqual(shown(one), [{ kind: 'words', role: 'assistant', text: 'Once upon a time', isWhole: true }])
  }
  const begun = new Conversation()
  begun.delta(piece('Once ', 0))
  begun.delta(piece('upon', 5))
  assert.deepEqual(shown(begun), [{ kind: 'words', role: 'assistant', text: 'Once upon', isWhole: false }])
})

test('the state of a prompt counts whether it is told before the prompt or behind it', () => {
  const early = new Conversation()
  early.take(entry(1, 'claude.messageState', { messageId: prompt, state: 'started' }))
  early.take(message(2, prompt, 'user', 'Hello'))
  assert.deepEqual(shown(early), [{ kind: 'prompt', text: 'Hello', files: [], state: 'started' }])
  early.take(entry(3, 'claude.messageState', { messageId: prompt, state: 'failed', reason: 'gone' }))
  assert.deepEqual(shown(early), [{ kind: 'prompt', text: 'Hello', files: [], state: 'failed', reason: 'gone' }])
})

test('an earlier page goes above, and what is known newer of its messages stays', () => {
  const conversation = new Conversation()
  conversation.take(message(5, answer, 'tool', 'new output'))
  conversation.takeEarlier([
    message(3, prompt, 'user', 'Hello'),
    message(4, answer, 'tool', 'old output'),
    entry(2, 'something.new', {}),
  ])
  assert.equal(conversation.oldest.value, 3)
  assert.deepEqual(
    shown(conversation).map(({ kind }) => kind),
    ['prompt', 'event', 'tool'],
  )
  assert.equal((shown(conversation)[2] as Extract<Item, { kind: 'tool' }>).output, 'new output')
})

test('what is resolved says so where it was asked', () => {
  const conversation = new Conversation()
  const asked = {
    ...{ requestId: request, conversationId, tool: 'Bash', title: 'ls', inputText: '{}', inputHash: 'A'.repeat(43) },
    options: [{ id: 'allow', name: 'Allow', kind: 'allow_once' }],
  }
  conversation.take(entry(1, 'permission.requested', asked))
  const resolution = { requestId: request, outcome: 'allowed', by: 'local', option: 'allow', at: 2 }
  conversation.take(entry(2, 'permission.resolved', resolution))
  assert.deepEqual(shown(conversation), [{ kind: 'permission', request: asked, resolution }])
})

test('an event that is not known is kept, and one of another shape is not', () => {
  const conversation = new Conversation()
  conversation.take(entry(1, 'weather.changed', { to: 'rain' }))
  conversation.take(entry(2, 'claude.message', { text: 1 }))
  assert.deepEqual(shown(conversation), [{ kind: 'event', name: 'weather.changed', body: { to: 'rain' } }])
})

test('what the computer keeps no longer is told where the history begins', () => {
  const conversation = new Conversation()
  conversation.take(message(9, answer, 'assistant', 'Good day'))
  conversation.takeEarlier([message(8, prompt, 'user', 'Hello')], { from: 1, to: 8 })
  assert.deepEqual(
    shown(conversation).map(({ kind }) => kind),
    ['missed', 'prompt', 'words'],
  )
  assert.deepEqual(shown(conversation)[0], { kind: 'missed', missed: { why: 'pruned', from: 1, to: 8 } })
  assert.equal(conversation.oldest.value, 1)
})

test('how far it reaches, and the conversation of the newest entry, are known', () => {
  const conversation = new Conversation()
  conversation.take(entry(5, 'claude.state', { state: 'idle', conversationId: 'b' }))
  conversation.take(message(6, prompt, 'user', 'Hello'))
  conversation.take(entry(7, 'terminal.exited', {}))
  conversation.takeEarlier([message(3, answer, 'assistant', 'Before')])
  assert.deepEqual([conversation.oldest.value, conversation.reachesTo.value, conversation.latest.value], [3, 3, 'c'])
})

test('what became of a prompt, and of a question, counts also where it was read before them', () => {
  const conversation = new Conversation()
  const asked = { requestId: request, conversationId, title: 'Which?', fields: [] }
  const resolution = { requestId: request, outcome: 'answered', by: 'local', answers: [], at: 9 }
  conversation.take(entry(8, 'claude.messageState', { messageId: prompt, state: 'completed' }))
  conversation.take(entry(9, 'question.resolved', resolution))
  conversation.takeEarlier([entry(5, 'claude.messageState', { messageId: prompt, state: 'started' })])
  conversation.takeEarlier([message(3, prompt, 'user', 'Hello'), entry(4, 'question.requested', asked)])
  assert.deepEqual(shown(conversation), [
    { kind: 'prompt', text: 'Hello', files: [], state: 'completed' },
    { kind: 'question', request: asked, resolution },
  ])
})
