// What was last known of a computer: its newest entries and what it told of itself. It is shown before the computer is
// heard, and where there is no way to it.

import { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import { methods } from '@happy-remote/schemas/rpc/registry.ts'
import { Type } from 'typebox'
import { utf8 } from '../../crypto/bytes.ts'
import type { Info } from './agent.ts'
import { readJson } from './kept-json.ts'

/** As many as an agent gives at once. */
const MOST = 200
/** Bytes of the entries that are kept for another time. */
const MOST_BYTES = 262_144

export interface Known {
  readonly entries: readonly JournalEntry[]
  readonly info?: Info
  /** Milliseconds since 1970. */
  readonly heardAt?: number
}

const Content = Type.Object({
  entries: Type.Array(JournalEntry),
  info: Type.Optional(methods['agent.info'].result),
  heardAt: Type.Optional(Type.Number()),
})

/** Nothing where it was written by another version of the page. */
export function readKnown(content: Uint8Array | undefined): Known {
  return (readJson(Content, content) as Known | undefined) ?? { entries: [] }
}

export class Remembered {
  /** Oldest first, without a hole. */
  #entries: JournalEntry[]
  info: Info | undefined
  heardAt: number | undefined

  constructor({ entries, info, heardAt }: Known) {
    this.#entries = [...entries]
    this.info = info
    this.heardAt = heardAt
  }

  get known(): Known {
    const { info, heardAt } = this
    return { entries: this.#entries, ...(info && { info }), ...(heardAt !== undefined && { heardAt }) }
  }

  take(entry: JournalEntry): void {
    const last = this.#entries.at(-1)
    // It was in the page that a reload begins with.
    if (last?.epoch === entry.epoch && entry.seq <= last.seq) return
    // What does not join on is another page: there is more between them than was read.
    if (last && (last.epoch !== entry.epoch || entry.seq !== last.seq + 1)) this.#entries = []
    this.#entries.push(entry)
    if (this.#entries.length > MOST) this.#entries.shift()
  }

  /** For another time: of the entries the newest, as far as there is room. */
  get content(): Uint8Array {
    let [first, room] = [this.#entries.length, MOST_BYTES]
    const sizeOf = (entry: JournalEntry) => utf8(JSON.stringify(entry)).length
    while (first > 0 && room > 0) {
      room -= sizeOf(this.#entries[first - 1] as JournalEntry)
      if (room > 0) first--
    }
    return utf8(JSON.stringify({ ...this.known, entries: this.#entries.slice(first) }))
  }
}
