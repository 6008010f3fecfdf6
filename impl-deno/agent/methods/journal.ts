// journal.subscribe: one page of what happened (spec/rpc.md, Journal).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type JournalEntry, WITHHELD } from '@happy-remote/schemas/rpc/journal.ts'
import type { EventType } from '@happy-remote/schemas/rpc/method.ts'
import { events, type Result } from '@happy-remote/schemas/rpc/registry.ts'
import { utf8 } from '../../crypto/bytes.ts'
import type { Caller, Executed, Handlers } from '../caller.ts'
import type { Entry, Journal } from '../journal.ts'

type Page = Result<'journal.subscribe'>
type Present = Pick<Handlers, 'claude.getStatus' | 'terminal.list' | 'device.list'>

/** What a page has beside its entries, and an entry beside its body, is shorter than this many bytes. */
const ROOM = 300

export const journalMethods = (journal: Journal, present: Present): Pick<Handlers, 'journal.subscribe'> => ({
  'journal.subscribe': ({ epoch, afterSeq, beforeSeq, limit = limits.journalPage }, caller) => {
    const bounds = [afterSeq, beforeSeq].filter((bound) => bound !== undefined).length
    // rpc.journal.params
    if (bounds !== (epoch === undefined ? 0 : 1)) {
      throw new ProtocolError('invalid-params', 'Cannot read the journal: an epoch goes with afterSeq or beforeSeq')
    }
    if (epoch === undefined) return newest(journal, present, caller, limit)
    // rpc.journal.other-epoch
    if (epoch !== journal.epoch) return { result: behind(journal, caller, 0, limit) }
    if (beforeSeq !== undefined) return { result: before(journal, caller, beforeSeq, limit, 0) }
    return { result: behind(journal, caller, afterSeq ?? 0, limit) }
  },
})

function behind(journal: Journal, caller: Caller, afterSeq: number, limit: number): Page {
  const { epoch, first, last: lastSeq } = journal
  // rpc.journal.ahead
  if (afterSeq > lastSeq) throw new ProtocolError('conflict', 'Cannot read behind the end of the journal', { lastSeq })
  const next = afterSeq + 1
  const entries = filled(journal, caller, journal.from(next), limit, 0)
  // rpc.journal.gap
  return { epoch, lastSeq, entries, ...(next < first && { gap: { from: next, to: first } }) }
}

function before(journal: Journal, caller: Caller, beforeSeq: number, limit: number, taken: number): Page {
  const { epoch, first, last: lastSeq } = journal
  const entries = filled(journal, caller, journal.downFrom(beforeSeq - 1), limit, taken).reverse()
  const start = entries[0]?.seq ?? Math.min(beforeSeq, lastSeq + 1)
  const to = Math.min(start, first)
  // rpc.journal.gap: nothing older is left to be asked for
  return { epoch, lastSeq, entries, ...(start <= first && to > 1 && { gap: { from: 1, to } }) }
}

/** rpc.journal.newest */
async function newest(
  journal: Journal,
  present: Present,
  caller: Caller,
  limit: number,
): Promise<Executed<'journal.subscribe'>> {
  const maySeeTerminals = caller.capabilities.includes('terminal')
  const next = journal.last + 1
  // All of this is read before anything else can happen.
  const [status, terminals, devices] = await Promise.all([
    present['claude.getStatus']({}, caller),
    maySeeTerminals ? present['terminal.list']({}, caller) : null,
    present['device.list']({}, caller),
  ])
  const snapshot = {
    status: status.result,
    terminals: terminals?.result.terminals ?? null,
    devices: devices.result.devices,
  }
  const page = before(journal, caller, next, limit, utf8(JSON.stringify(snapshot)).length)
  return { result: { ...page, lastSeq: next - 1, snapshot } }
}

/** rpc.journal.size */
function filled(
  { epoch }: Journal,
  caller: Caller,
  from: Iterable<Entry>,
  limit: number,
  taken: number,
): JournalEntry[] {
  const entries: JournalEntry[] = []
  let left = limits.bodyLeast - ROOM - taken
  for (const { seq, at, kind, body } of from) {
    const size = utf8(body).length
    // rpc.journal.withheld; what is too large for a page of its own would stop every reader
    const isWithheld = !maySee(caller, kind) || size > limits.bodyLeast - 2 * ROOM
    left -= ROOM + (isWithheld ? 0 : size)
    if (left < 0) break
    entries.push(isWithheld ? { epoch, seq, kind: WITHHELD } : { epoch, seq, at, kind, body: JSON.parse(body) })
    if (entries.length === limit) break
  }
  return entries
}

/** A kind that is not known here was written by another version of this program. */
function maySee({ capabilities }: Caller, kind: string): boolean {
  const known = new Map<string, EventType>(Object.entries(events)).get(kind)
  return known !== undefined && capabilities.includes(known.capability)
}
