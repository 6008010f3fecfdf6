// Pages of the journal: spec/rpc.md, Journal.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { type JournalEntry, WITHHELD } from '@happy-remote/schemas/rpc/journal.ts'
import { type EventName, events, type Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Caller, Handlers } from '../handler.ts'
import type { Journal, StoredEntry } from '../journal.ts'

type Page = Result<'journal.subscribe'>

/** Bytes of JSON that a page has beside its entries and its snapshot, and more. */
const PAGE_FRAME = 512
/** Bytes of JSON that an entry has beside its body, and more. */
const ENTRY_FRAME = 256

const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

export function journalHandlers(
  journal: Journal,
  present: Pick<Handlers, 'claude.getStatus' | 'terminal.list' | 'device.list'>,
): Pick<Handlers, 'journal.subscribe'> {
  return {
    async 'journal.subscribe'({ epoch, afterSeq, beforeSeq, limit = limits.journalPage }, caller, id) {
      // rpc.journal.params
      if (
        epoch === undefined
          ? (afterSeq ?? beforeSeq) !== undefined
          : (afterSeq === undefined) === (beforeSeq === undefined)
      ) {
        const text = 'params have neither epoch, afterSeq nor beforeSeq, or epoch and one of the others'
        throw new ProtocolError('invalid-params', `Cannot call journal.subscribe: ${text}`)
      }
      if (epoch !== undefined) {
        const isPresent = epoch === journal.epoch
        if (isPresent && beforeSeq !== undefined) return backward(journal, caller, beforeSeq, limit, 0)
        // rpc.journal.other-epoch
        return forward(journal, caller, isPresent ? (afterSeq ?? 0) : 0, limit)
      }
      // Of one moment: none of these waits for anything.
      const asked = [
        present['claude.getStatus']({}, caller, id),
        caller.capabilities.has('terminal') ? present['terminal.list']({}, caller, id) : null,
        present['device.list']({}, caller, id),
      ] as const
      const { lastSeq } = journal
      const [status, list, { devices }] = await Promise.all(asked)
      const snapshot = { status, terminals: list?.terminals ?? null, devices }
      const page = backward(journal, caller, lastSeq + 1, limit, sizeOf(snapshot))
      return { ...page, lastSeq, snapshot }
    },
  }
}

function forward(journal: Journal, caller: Caller, afterSeq: number, limit: number): Page {
  const { epoch, lastSeq, firstSeq } = journal
  if (afterSeq > lastSeq) {
    throw new ProtocolError('conflict', `Cannot read on behind ${afterSeq}: the journal ends at ${lastSeq}`, {
      lastSeq,
    })
  }
  const entries = shown(journal, caller, journal.after(afterSeq), limit, 0)
  // rpc.journal.gap
  const gap = afterSeq + 1 < firstSeq ? { gap: { from: afterSeq + 1, to: firstSeq } } : {}
  return { epoch, lastSeq, entries, ...gap }
}

/** `beside` is the size of what else is in the page. */
function backward(journal: Journal, caller: Caller, beforeSeq: number, limit: number, beside: number): Page {
  const { epoch, lastSeq, firstSeq } = journal
  const entries = shown(journal, caller, journal.before(beforeSeq), limit, beside).reverse()
  // rpc.journal.gap
  const to = Math.min(firstSeq, beforeSeq)
  const isPruned = to > 1 && (entries[0]?.seq ?? beforeSeq) <= to
  return { epoch, lastSeq, entries, ...(isPruned && { gap: { from: 1, to } }) }
}

/** rpc.journal.size: as many as fit. */
function shown(
  { epoch }: Journal,
  caller: Caller,
  stored: Iterable<StoredEntry>,
  limit: number,
  beside: number,
): JournalEntry[] {
  const most = limits.bodyLeast - PAGE_FRAME
  const entries: JournalEntry[] = []
  let size = beside
  for (const { seq, at, kind, body } of stored) {
    const own = Buffer.byteLength(body) + ENTRY_FRAME
    // What has no room in any page would end all of them.
    const isShown = maySee(caller, kind) && own <= most
    size += isShown ? own : ENTRY_FRAME
    if (size > most) break
    entries.push(isShown ? { epoch, seq, at, kind, body: JSON.parse(body) } : { epoch, seq, kind: WITHHELD })
    if (entries.length === limit) break
  }
  return entries
}

/** rpc.journal.withheld; so are kinds that another version of this program has written. */
function maySee({ capabilities }: Caller, kind: string): boolean {
  return Object.hasOwn(events, kind) && capabilities.has(events[kind as EventName].capability)
}
