// A run of the agent that was killed could tell nobody how it ended. The next one reads in the journal what was still
// going on, and writes there how it has ended.

import type { EventName, EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { Journal } from './journal.ts'

export type Ending = {
  readonly [Name in EventName]: { readonly name: Name; readonly params: EventParams<Name> }
}[EventName]

const WHY = 'The agent was ended while this went on.'

/** By the kind of an entry: what it says has begun, or has ended. */
const BEGINS = {
  'permission.requested': 'requestId',
  'question.requested': 'requestId',
  'terminal.opened': 'terminalId',
} as const
const ENDS = {
  'permission.resolved': 'requestId',
  'question.resolved': 'requestId',
  'terminal.exited': 'terminalId',
} as const
const STATES = ['claude.messageState', 'claude.state'] as const

/** The ends that the journal lacks (rpc.journal.left-behind), in the order in which it should have them. `at` in ms since 1970. */
export function missingEnds(journal: Journal, at: number): Ending[] {
  /** By id: the event that ends it. */
  const open = new Map<string, Ending>()
  let isIdle = true
  const ended = (id: string): Record<string, Ending> => ({
    'permission.requested': {
      name: 'permission.resolved',
      params: { requestId: id, outcome: 'orphaned', by: 'local', option: null, at },
    },
    'question.requested': {
      name: 'question.resolved',
      params: { requestId: id, outcome: 'orphaned', by: 'local', answers: null, at },
    },
    'terminal.opened': {
      name: 'terminal.exited',
      params: { terminalId: id, exitCode: null, signal: null, end: 0, reason: 'orphaned' },
    },
    'claude.messageState': { name: 'claude.messageState', params: { messageId: id, state: 'failed', reason: WHY } },
  })
  const begin = (kind: string, id: string) => {
    const ending = ended(id)[kind]
    if (ending) open.set(id, ending)
  }
  for (const { kind, body } of journal.ofKinds([...Object.keys(BEGINS), ...Object.keys(ENDS), ...STATES])) {
    const said = JSON.parse(body) as Record<string, string>
    if (kind === 'claude.state') isIdle = said.state === 'idle'
    else if (kind in BEGINS) begin(kind, said[BEGINS[kind as keyof typeof BEGINS]] ?? '')
    else if (kind in ENDS) open.delete(said[ENDS[kind as keyof typeof ENDS]] ?? '')
    else if (said.state === 'queued' || said.state === 'started') begin(kind, said.messageId ?? '')
    else open.delete(said.messageId ?? '')
  }
  const idle: Ending = { name: 'claude.state', params: { state: 'idle', conversationId: null, reason: WHY } }
  return [...open.values(), ...(isIdle ? [] : [idle])]
}
