// The journal of the agent as a controller follows it: each entry once, in order, whatever was lost on the way
// (spec/rpc.md, Journal).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Event } from '@happy-remote/schemas/rpc/envelope.ts'
import { type JournalEntry, WITHHELD } from '@happy-remote/schemas/rpc/journal.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'

type Page = Result<'journal.subscribe'>

/** The newest entry that was taken. */
export interface JournalPosition {
  readonly epoch: string
  readonly seq: number
}

/**
 * How an entry came: live; late, where it was missed and fetched; as history, the newest page of somebody who had
 * nothing.
 */
export type EntryWay = 'live' | 'late' | 'history'

/**
 * What the person is told. `lost`: entries from `from` up to, but without, `to` did not arrive, and follow late.
 * `pruned`: those are no longer kept. `restarted`: the agent has another journal, and what was missed of the one
 * before is unknown.
 */
export type Missed =
  | { readonly why: 'lost' | 'pruned'; readonly from: number; readonly to: number }
  | { readonly why: 'restarted' }

export interface JournalHooks {
  /** Rejects with ProtocolError. */
  read(params: Params<'journal.subscribe'>): Promise<Page>
  onEntry(entry: JournalEntry, way: EntryWay): void
  onMissed(missed: Missed): void
}

export class JournalFollower {
  readonly #hooks: JournalHooks
  #position: JournalPosition | null
  /** The newest seq that came live and was not taken, and its epoch. */
  #ahead: JournalPosition | null = null
  #reading: Promise<void> | null = null
  #isAskedAgain = false

  /** From `position` on, or without one from the newest page. */
  constructor(hooks: JournalHooks, position: JournalPosition | null = null) {
    this.#hooks = hooks
    this.#position = position
  }

  get position(): JournalPosition | null {
    return this.#position
  }

  /** An event came; one without a place in the journal is none of its entries. */
  onEvent({ method, params, journal }: Event): void {
    if (!journal) return
    const { epoch, seq, at } = journal
    if (this.#position?.epoch === epoch) {
      // rpc.journal.once
      if (seq <= this.#position.seq) return
      if (seq === this.#position.seq + 1) {
        this.#take(
          method === 'journal.withheld' ? withheld(epoch, seq) : { epoch, seq, at, kind: method, body: params },
          'live',
        )
        return
      }
    }
    this.#ahead = this.#ahead?.epoch === epoch ? { epoch, seq: Math.max(seq, this.#ahead.seq) } : { epoch, seq }
    // Before the first page came nothing can be missing, and while one is on its way it brings what is.
    if (!this.#position || this.#reading) return
    // rpc.journal.hole, rpc.journal.missed
    if (this.#position.epoch === epoch) this.#hooks.onMissed({ why: 'lost', from: this.#position.seq + 1, to: seq })
    void this.catchUp()
  }

  /** Reads on until nothing is missing, and resolves then. Where that fails, the next session or the next hole tries again. */
  catchUp(): Promise<void> {
    this.#isAskedAgain = true
    if (this.#reading) return this.#reading
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#reading = promise
    resolve(this.#readOn())
    return promise
  }

  async #readOn(): Promise<void> {
    try {
      while (this.#isAskedAgain) {
        this.#isAskedAgain = false
        while (await this.#readPage()) {}
      }
    } catch (error) {
      // No answer, or an agent without a journal: events come all the same.
      if (!(error instanceof ProtocolError)) throw error
    } finally {
      this.#reading = null
    }
  }

  /** True where there is more. */
  async #readPage(): Promise<boolean> {
    const asked = this.#position
    let page: Page
    try {
      page = await this.#hooks.read(asked ? { epoch: asked.epoch, afterSeq: asked.seq } : {})
    } catch (error) {
      // rpc.journal.ahead: the agent was put back to an older state
      if (!asked || !(error instanceof ProtocolError) || error.code !== 'conflict') throw error
      this.#hooks.onMissed({ why: 'restarted' })
      this.#position = null
      return true
    }
    const { epoch, lastSeq, entries, gap } = page
    if (!this.#position) this.#position = { epoch, seq: (entries[0]?.seq ?? lastSeq + 1) - 1 }
    if (this.#position.epoch !== epoch) {
      this.#hooks.onMissed({ why: 'restarted' })
      this.#position = { epoch, seq: 0 }
    }
    const next = this.#position.seq + 1
    if (gap && asked && gap.from <= next && next < gap.to) {
      this.#hooks.onMissed({ why: 'pruned', from: next, to: gap.to })
      this.#position = { epoch, seq: gap.to - 1 }
    }
    for (const entry of entries) {
      if (entry.seq === this.#position.seq + 1) this.#take(entry, asked ? 'late' : 'history')
    }
    const { seq } = this.#position
    const ahead = this.#ahead?.epoch === epoch ? this.#ahead.seq : 0
    // A page that brings nothing new ends it, whatever it promises.
    return seq < Math.max(lastSeq, ahead) && (asked?.epoch !== epoch || asked.seq !== seq)
  }

  #take(entry: JournalEntry, way: EntryWay): void {
    this.#position = { epoch: entry.epoch, seq: entry.seq }
    this.#hooks.onEntry(entry, way)
  }
}

const withheld = (epoch: string, seq: number): JournalEntry => ({ epoch, seq, kind: WITHHELD })
