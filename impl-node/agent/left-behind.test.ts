import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { EventName, EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { Journal } from './journal.ts'
import { endLeftBehind } from './left-behind.ts'

const by = `${'b'.repeat(25)}a`

function scene() {
  const journal = new Journal(new DatabaseSync(':memory:'), { log: assert.fail })
  const told: [EventName, object][] = []
  const emit = <E extends EventName>(name: E, params: EventParams<E>) => {
    journal.record(name, params, (kind, body) => void told.push([kind, body]))
  }
  /** What `endLeftBehind` adds. */
  const ends = () => {
    told.length = 0
    endLeftBehind(journal, emit, 7)
    return [...told]
  }
  return { emit, ends }
}

const option = { id: 'yes', name: 'Allow', kind: 'allow_once' as const }
const request = (requestId: string): EventParams<'permission.requested'> => ({
  ...{ requestId, conversationId: 'c', tool: 'Bash', title: 'Run it', inputText: '{}' },
  ...{ inputHash: 'A'.repeat(43), options: [option] },
})

test('prompts, permissions, questions, terminals and the state that were left open end, once', () => {
  const { emit, ends } = scene()
  const [started, queued, requestId, questionId, terminalId] = Array.from({ length: 5 }, () => randomUUID()) as [
    string,
    string,
    string,
    string,
    string,
  ]
  emit('terminal.opened', { terminalId, cols: 80, rows: 24, by })
  emit('claude.messageState', { messageId: started, state: 'started' })
  emit('claude.state', { state: 'needs-answer', conversationId: 'c' })
  emit('claude.messageState', { messageId: queued, state: 'queued' })
  emit('permission.requested', request(requestId))
  emit('question.requested', { requestId: questionId, conversationId: 'c', title: 'Which?', fields: [] })
  const reason = 'The agent was stopped meanwhile.'
  assert.deepEqual(ends(), [
    ['permission.resolved', { requestId, outcome: 'orphaned', by: 'local', option: null, at: 7 }],
    ['question.resolved', { requestId: questionId, outcome: 'orphaned', by: 'local', answers: null, at: 7 }],
    ['claude.messageState', { messageId: started, state: 'failed', reason }],
    ['claude.messageState', { messageId: queued, state: 'failed', reason }],
    ['claude.state', { state: 'idle', conversationId: null, reason }],
    ['terminal.exited', { terminalId, exitCode: null, signal: null, end: 0, reason: 'orphaned' }],
  ])
  assert.deepEqual(ends(), [])
})

test('what has ended is left alone, and so is an empty journal', () => {
  const { emit, ends } = scene()
  assert.deepEqual(ends(), [])
  const [messageId, requestId, terminalId] = [randomUUID(), randomUUID(), randomUUID()]
  for (const state of ['queued', 'started', 'completed'] as const) emit('claude.messageState', { messageId, state })
  for (const state of ['running', 'idle'] as const) emit('claude.state', { state, conversationId: 'c' })
  emit('permission.requested', request(requestId))
  emit('permission.resolved', { requestId, outcome: 'allowed', by, option: 'yes', at: 1 })
  emit('question.requested', { requestId, conversationId: 'c', title: 'Which?', fields: [] })
  emit('question.resolved', { requestId, outcome: 'declined', by, answers: null, at: 1 })
  emit('terminal.opened', { terminalId, cols: 80, rows: 24, by })
  emit('terminal.exited', { terminalId, exitCode: 0, signal: null, end: 3 })
  assert.deepEqual(ends(), [])
})
