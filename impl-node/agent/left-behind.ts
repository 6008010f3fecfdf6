// What an earlier run of the program left open in the journal, because it was killed: nobody would ever hear of its end.

import type { EventName, EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { Emit } from './handler.ts'
import type { Journal } from './journal.ts'

const REASON = 'The agent was stopped meanwhile.'

const KINDS = [
  'claude.messageState',
  'claude.state',
  'permission.requested',
  'permission.resolved',
  'question.requested',
  'question.resolved',
  'terminal.opened',
  'terminal.exited',
] as const satisfies readonly EventName[]
type Told = { readonly [Kind in (typeof KINDS)[number]]: EventParams<Kind> }

const isOver = (state: EventParams<'claude.messageState'>['state']) => state !== 'queued' && state !== 'started'

/** rpc.journal.left-behind: before anything else is recorded. `at` in ms since 1970. */
export function endLeftBehind(journal: Pick<Journal, 'ofKinds'>, emit: Emit, at: number): void {
  const [prompts, requests] = [new Set<string>(), new Set<string>()]
  const [questions, terminals] = [new Set<string>(), new Set<string>()]
  let state: Told['claude.state'] | undefined
  const opens = (open: Set<string>, id: string, isOpen: boolean) => void (isOpen ? open.add(id) : open.delete(id))
  const see: { readonly [Kind in keyof Told]: (told: Told[Kind]) => void } = {
    'claude.messageState': (told) => opens(prompts, told.messageId, !isOver(told.state)),
    'claude.state': (told) => {
      state = told
    },
    'permission.requested': ({ requestId }) => opens(requests, requestId, true),
    'permission.resolved': ({ requestId }) => opens(requests, requestId, false),
    'question.requested': ({ requestId }) => opens(questions, requestId, true),
    'question.resolved': ({ requestId }) => opens(questions, requestId, false),
    'terminal.opened': ({ terminalId }) => opens(terminals, terminalId, true),
    'terminal.exited': ({ terminalId }) => opens(terminals, terminalId, false),
  }
  for (const { kind, body } of journal.ofKinds(KINDS)) see[kind as keyof Told](JSON.parse(body))
  for (const requestId of requests) {
    emit('permission.resolved', { requestId, outcome: 'orphaned', by: 'local', option: null, at })
  }
  for (const requestId of questions) {
    emit('question.resolved', { requestId, outcome: 'orphaned', by: 'local', answers: null, at })
  }
  for (const messageId of prompts) emit('claude.messageState', { messageId, state: 'failed', reason: REASON })
  if (state && state.state !== 'idle') emit('claude.state', { state: 'idle', conversationId: null, reason: REASON })
  for (const terminalId of terminals) {
    emit('terminal.exited', { terminalId, exitCode: null, signal: null, end: 0, reason: 'orphaned' })
  }
}
