// `control history`: what happened at the agent, from its journal.

import { limits } from '@happy-remote/schemas/limits.ts'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { Controller } from '../../controller/controller.ts'
import { EXIT, UsageError } from '../command.ts'
import { safeLine } from '../safe-text.ts'
import type { Sub } from './sub.ts'

const DEFAULT_LIMIT = 20

/** The newest `limit` entries, or as many as are kept, oldest first. */
async function newest(controller: Controller, limit: number): Promise<JournalEntry[]> {
  const pageOf = (left: number) => ({ limit: Math.min(left, limits.journalPage) })
  const { epoch, lastSeq, entries } = await controller.call('journal.subscribe', pageOf(limit))
  const all = [...entries]
  for (let beforeSeq = entries[0]?.seq ?? lastSeq + 1; all.length < limit && beforeSeq > 1; ) {
    const page = await controller.call('journal.subscribe', { epoch, beforeSeq, ...pageOf(limit - all.length) })
    const [first] = page.entries
    if (!first || page.epoch !== epoch) break
    all.unshift(...page.entries)
    beforeSeq = first.seq
  }
  return all
}

function lineOf(entry: JournalEntry): string {
  if (!('at' in entry)) return `${entry.seq}  (this device may not see it)`
  const { role, text } = entry.body as { role?: unknown; text?: unknown }
  const said = typeof text === 'string' ? `${String(role)}: ${text}` : JSON.stringify(entry.body)
  const at = new Date(entry.at).toISOString().slice(0, 19).replace('T', ' ')
  return `${entry.seq}  ${at}  ${safeLine(entry.kind, 24)}  ${safeLine(said, 120)}`
}

export const history: Sub = {
  name: 'history',
  usage: 'history [--limit <number>]',
  summary: 'what happened at the agent, the newest last',
  details: `  --limit <number>     how many entries; default ${DEFAULT_LIMIT}

JSON: one entry {epoch, seq, at, kind, body} a line; what this device may not
see is {epoch, seq, kind: "withheld"}.
`,
  options: { limit: { type: 'string' } },
  async run({ controller, flags, say }) {
    const limit = Number(flags.limit ?? DEFAULT_LIMIT)
    if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError('--limit takes a number from 1 on.')
    for (const entry of await newest(controller, limit)) say(lineOf(entry), { event: 'entry', ...entry })
    return EXIT.ok
  },
}
