// The agent's journal, read without a hole and without a doublet: live while all goes well, in pages where something
// was missed (spec/rpc.md, Journal).

import type { JournalEntry, JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { CallFailure } from './failure.ts'

/** The newest entry that is known. */
export interface Position {
  readonly epoch: string
  readonly seq: number
}

/** `history`: of the first page of a reader that knew nothing. `late`: it was missed when it happened. */
export type Arrival = 'live' | 'late' | 'history'

/** What has not come: entries from `from` up to but without `to`, or of an epoch that is over, nobody knows which. */
export type Missed =
  /** They have not come live, and follow. */
  | { readonly why: 'lost'; readonly from: number; readonly to: number }
  /** The agent has them no longer. */
  | { readonly why: 'pruned'; readonly from: number; readonly to: number }
  | { readonly why: 'restarted' }

export interface JournalOwner {
  /** Rejects with CallFailure. */
  subscribe(params: Params<'journal.subscribe'>): Promise<Result<'journal.subscribe'>>
  entry(entry: JournalEntry, arrival: Arrival): void
  missed(missed: Missed): void
}

export class JournalReader {
  readonly #owner: JournalOwner
  #known: Position | undefined
  /** Where the journal is known to reach, beyond what was read. */
  #seen: Position | undefined
  #reading: Promise<void> | undefined
  #isDue = false

  constructor(owner: JournalOwner, known?: Position) {
    this.#owner = owner
    this.#known = known
  }

  get known(): Position | undefined {
    return this.#known
  }

  /** Takes a live event with its place. */
  live(kind: string, body: object, { epoch, seq, at }: JournalPlace): void {
    const known = this.#known
    const isSame = known?.epoch === epoch
    // rpc.journal.once: it was in a page, or comes for the second time
    if (isSame && seq <= known.seq) return
    if (isSame && seq === known.seq + 1) {
      const entry =
        kind === 'journal.withheld' ? { epoch, seq, kind: 'withheld' as const } : { epoch, seq, at, kind, body }
      this.#take(entry, 'live')
      return
    }
    const further = this.#seen?.epoch === epoch ? Math.max(this.#seen.seq, seq) : seq
    this.#seen = { epoch, seq: further }
    // Whoever reads comes to it; whoever knows nothing has missed nothing.
    if (this.#reading || !known) return
    // rpc.journal.missed
    if (isSame) this.#owner.missed({ why: 'lost', from: known.seq + 1, to: seq })
    // rpc.journal.hole
    void this.read()
  }

  /** Reads up to the end. Resolves also where there was no answer: the next occasion brings the rest. */
  read(): Promise<void> {
    this.#isDue = true
    // A turn later, so that whatever comes from its first call on finds it reading.
    this.#reading ??= Promise.resolve()
      .then(() => this.#readAll())
      .finally(() => {
        this.#reading = undefined
      })
    return this.#reading
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#isDue) {
        this.#isDue = false
        let hasMore = true
        while (hasMore) hasMore = await this.#next()
      }
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error
    }
  }

  /** One page; true where another one follows. */
  async #next(): Promise<boolean> {
    const from = this.#known
    let page: Result<'journal.subscribe'>
    try {
      page = await this.#owner.subscribe(from ? { epoch: from.epoch, afterSeq: from.seq } : {})
    } catch (error) {
      const isBehindEnd = error instanceof CallFailure && error.code === 'conflict'
      if (!from || !isBehindEnd) throw error
      // rpc.journal.ahead: what is known here the agent has forgotten
      this.#owner.missed({ why: 'restarted' })
      this.#known = undefined
      return true
    }
    this.#arriveAt(page, from)
    for (const entry of page.entries) {
      if (entry.seq === this.#end + 1) this.#take(entry, from ? 'late' : 'history')
    }
    const reach = this.#seen?.epoch === page.epoch ? Math.max(this.#seen.seq, page.lastSeq) : page.lastSeq
    const hasMoved = from?.epoch !== page.epoch || from.seq !== this.#end
    return this.#end < reach && hasMoved
  }

  /** Where the page begins, seen from what was known. */
  #arriveAt({ epoch, lastSeq, entries, gap }: Result<'journal.subscribe'>, from: Position | undefined): void {
    if (!this.#known) {
      this.#known = { epoch, seq: (entries[0]?.seq ?? lastSeq + 1) - 1 }
      return
    }
    if (this.#known.epoch !== epoch) {
      // rpc.journal.missed
      this.#owner.missed({ why: 'restarted' })
      this.#known = { epoch, seq: 0 }
    }
    const next = this.#end + 1
    if (!from || !gap || gap.from > next || gap.to <= next) return
    this.#owner.missed({ why: 'pruned', from: next, to: gap.to })
    this.#known = { epoch, seq: gap.to - 1 }
  }

  get #end(): number {
    return this.#known?.seq ?? 0
  }

  #take(entry: JournalEntry, arrival: Arrival): void {
    this.#known = { epoch: entry.epoch, seq: entry.seq }
    this.#owner.entry(entry, arrival)
  }
}
