// `happy-remote control history`: the newest entries of the agent's journal.

import { limits } from '@happy-remote/schemas/limits.ts'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { EXIT_OK, UsageError } from '../command.ts'
import type { Subject } from './subject.ts'

const DEFAULT = 20

export async function history({ controller, say }: Subject, wanted: string | undefined): Promise<number> {
  const limit = Number(wanted ?? DEFAULT)
  if (!Number.isSafeInteger(limit) || limit < 1) throw new UsageError('--limit takes a number from 1 on')
  const most = () => ({ limit: Math.min(limit - entries.length, limits.journalPage) })
  let entries: JournalEntry[] = []
  const { epoch, entries: page, lastSeq } = await controller.call('journal.subscribe', most())
  entries = page
  let beforeSeq = page[0]?.seq ?? lastSeq + 1
  while (entries.length < limit && beforeSeq > 1) {
    const older = await controller.call('journal.subscribe', { epoch, beforeSeq, ...most() })
    const [first] = older.entries
    if (!first || older.epoch !== epoch) break
    entries = [...older.entries, ...entries]
    beforeSeq = first.seq
  }
  for (const entry of entries) say('entry', entry, lineOf(entry))
  return EXIT_OK
}

function lineOf(entry: JournalEntry): string {
  if (!('at' in entry)) return `${entry.seq}  (this device may not see it)`
  const { role, text } = entry.body as { role?: unknown; text?: unknown }
  const what = typeof text === 'string' ? `${String(role)}: ${text}` : JSON.stringify(entry.body)
  return safeLine(`${entry.seq}  ${new Date(entry.at).toISOString().slice(0, 19)}  ${entry.kind}  ${what}`).slice(
    0,
    200,
  )
}
