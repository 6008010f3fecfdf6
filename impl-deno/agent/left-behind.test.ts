import { deepEqual } from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { Journal } from './journal.ts'
import { missingEnds } from './left-behind.ts'

function scene() {
  const journal = new Journal(new DatabaseSync(':memory:'))
  const record = (kind: string, body: object) => journal.record(1, kind, body, () => {})
  const ends = () => missingEnds(journal, 7).map(({ name, params }) => [name, params])
  return { record, ends, close: () => journal.close() }
}

Deno.test('what went on when the agent was killed gets its end, and only once', () => {
  const { record, ends, close } = scene()
  deepEqual(ends(), [])
  record('terminal.opened', { terminalId: 't' })
  record('claude.messageState', { messageId: 'm', state: 'queued' })
  record('claude.messageState', { messageId: 'm', state: 'started' })
  record('claude.messageState', { messageId: 'n', state: 'queued' })
  record('permission.requested', { requestId: 'r' })
  record('question.requested', { requestId: 'q' })
  record('claude.state', { state: 'needs-answer', conversationId: 'c' })
  const reason = 'The agent was ended while this went on.'
  const expected: [string, object][] = [
    ['terminal.exited', { terminalId: 't', exitCode: null, signal: null, end: 0, reason: 'orphaned' }],
    ['claude.messageState', { messageId: 'm', state: 'failed', reason }],
    ['claude.messageState', { messageId: 'n', state: 'failed', reason }],
    ['permission.resolved', { requestId: 'r', outcome: 'orphaned', by: 'local', option: null, at: 7 }],
    ['question.resolved', { requestId: 'q', outcome: 'orphaned', by: 'local', answers: null, at: 7 }],
    ['claude.state', { state: 'idle', conversationId: null, reason }],
  ]
  deepEqual(ends(), expected)
  for (const [kind, body] of expected) record(kind, body)
  deepEqual(ends(), [])
  close()
})

Deno.test('what has ended by itself needs no other end', () => {
  const { record, ends, close } = scene()
  record('claude.messageState', { messageId: 'm', state: 'started' })
  record('claude.messageState', { messageId: 'm', state: 'cancelled' })
  record('permission.requested', { requestId: 'r' })
  record('permission.resolved', { requestId: 'r', outcome: 'allowed' })
  record('question.requested', { requestId: 'q' })
  record('question.resolved', { requestId: 'q', outcome: 'answered' })
  record('terminal.opened', { terminalId: 't' })
  record('terminal.exited', { terminalId: 't', exitCode: 0 })
  record('claude.state', { state: 'running', conversationId: 'c' })
  record('claude.state', { state: 'idle', conversationId: 'c' })
  deepEqual(ends(), [])
  close()
})
