// The account of a soak: what was given, what was done, and whether the one is explained by the other.

import { limits } from '@happy-remote/schemas/limits.ts'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { Kind } from './plan.ts'

export interface Given {
  /** Names it in what it does. */
  readonly token: string
  readonly controller: string
  readonly kind: Kind
  /** In the queue of the controller, where it went there. */
  id?: string
  /** As the controller tells it; undefined where that was killed before it could tell anything. */
  state?: string
  /** At the agent, or in its answer, where it failed. */
  status?: string
}

export interface Evidence {
  /** Times that it was done, as the one who did it wrote down: a shell, or the assistant. */
  readonly times: number
  /** How often the journal has the prompt, and the states that it had there, in order. */
  readonly told: number
  readonly states: readonly string[]
  /** Terminals of the journal that the agent left behind when it was killed. */
  readonly orphaned: number
}

/**
 * `once`; `interrupted`: the agent was killed meanwhile, and says so; `unanswered`: the controller was killed before it
 * had kept the command, or been answered where it only called.
 */
export type Verdict = 'once' | 'interrupted' | 'unanswered'
export type Judged = { readonly verdict: Verdict } | { readonly fault: string }

export function judge({ token, controller, kind, state, status }: Given, evidence: Evidence): Judged {
  const { times, told, states, orphaned } = evidence
  const fault = (what: string): Judged => ({ fault: `${kind} ${token} of ${controller}: ${what}` })
  if (times > 1) return fault(`done ${times} times`)
  if (told > 1) return fault(`${told} times in the journal`)
  if (state === undefined) return { verdict: 'unanswered' }
  if (state === 'failed') {
    if (status === 'interrupted') return { verdict: 'interrupted' }
    return fault(`failed, and its status is ${status}, done ${times} times`)
  }
  if (state !== 'completed') return fault(`is ${state} at the end, done ${times} times`)
  if (kind === 'terminal') {
    if (times === 1) return { verdict: 'once' }
    return orphaned > 0
      ? { verdict: 'interrupted' }
      : fault('completed and never done, and no terminal was left behind')
  }
  const end = states.at(-1)
  if (told === 0) return fault(`completed, done ${times} times, and the journal does not have it`)
  if (end === 'completed')
    return times === 1 ? { verdict: 'once' } : fault('the journal says completed, and it was never done')
  if (end === 'failed' || end === 'cancelled') return { verdict: 'interrupted' }
  return fault(`accepted, done ${times} times, and the journal leaves it ${end ?? 'without a state'}`)
}

/** What a prompt was told to be in the journal, by the text of the prompt. */
export function promptsOf(journal: readonly JournalEntry[]): Map<string, { told: number; states: string[] }> {
  const byId = new Map<string, string[]>()
  const byText = new Map<string, { told: number; states: string[] }>()
  for (const entry of journal) {
    if (!('body' in entry)) continue
    const body = entry.body as { messageId: string; state: string; role: string; text: string }
    if (entry.kind === 'claude.messageState') {
      const states = byId.get(body.messageId) ?? []
      states.push(body.state)
      byId.set(body.messageId, states)
    }
    if (entry.kind === 'claude.message' && body.role === 'user') {
      const states = byId.get(body.messageId) ?? []
      byId.set(body.messageId, states)
      const told = (byText.get(body.text)?.told ?? 0) + 1
      byText.set(body.text, { told, states })
    }
  }
  return byText
}

/** Faults of a permission that has no outcome, or more than one. */
export function permissionFaults(journal: readonly JournalEntry[]): { asked: number; faults: string[] } {
  const outcomes = new Map<string, string[]>()
  for (const entry of journal) {
    if (!('body' in entry)) continue
    const { requestId, outcome } = entry.body as { requestId: string; outcome: string }
    if (entry.kind === 'permission.requested') outcomes.set(requestId, [])
    if (entry.kind === 'permission.resolved') outcomes.get(requestId)?.push(outcome)
  }
  const faults = [...outcomes].flatMap(([id, told]) =>
    told.length === 1 ? [] : [`permission ${id}: its outcomes are "${told.join('", "')}"`],
  )
  return { asked: outcomes.size, faults }
}

/** Faults of the journal that the agent has: holes, and another epoch. */
export function journalFaults(journal: readonly JournalEntry[]): string[] {
  const epochs = new Set(journal.map(({ epoch }) => epoch))
  const hole = journal.findIndex(({ seq }, i) => seq !== i + 1)
  return [
    ...(epochs.size > 1 ? [`the journal has ${epochs.size} epochs`] : []),
    ...(hole >= 0 ? [`the journal has ${journal[hole]?.seq} where ${hole + 1} belongs`] : []),
  ]
}

/**
 * What one run of a controller has told, compared with the journal of the agent: each entry once, in order, without a
 * hole, and the same. Gives what is wrong.
 */
export function tellingFaults(told: readonly JournalEntry[], journal: readonly JournalEntry[]): string[] {
  const first = told[0]?.seq ?? 1
  for (const [i, entry] of told.entries()) {
    const { seq } = entry
    if (seq !== first + i) return [`tells the entry ${seq} where ${first + i} belongs`]
    const known = journal[seq - 1]
    if (JSON.stringify(sorted(known)) !== JSON.stringify(sorted(entry))) {
      return [`tells the entry ${seq} otherwise than the agent: ${JSON.stringify(entry)}, ${JSON.stringify(known)}`]
    }
  }
  return []
}

/**
 * Which entries up to `last` none of the runs of a controller has told. A run begins with the newest page of the journal:
 * where that was a whole one, what is older was not asked for. So may the first: its first page can be lost on the way.
 */
export function untold(runs: readonly (readonly JournalEntry[])[], last: number): number[] {
  const seen = new Set(runs.flat().map(({ seq }) => seq))
  for (const run of runs) {
    const first = run[0]?.seq ?? 0
    if (run.length >= limits.journalPage) for (let seq = first - 1; seq > 0 && !seen.has(seq); seq--) seen.add(seq)
  }
  return Array.from({ length: last }, (_, i) => i + 1).filter((seq) => !seen.has(seq))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  )
}
