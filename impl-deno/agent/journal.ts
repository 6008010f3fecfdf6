// What happened at the agent, in SQLite, for whoever was away or is new (spec/rpc.md, Journal).

import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import { utf8 } from '../crypto/bytes.ts'

const SCHEMA = `
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS epoch (value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, size INTEGER NOT NULL
);
`

export interface JournalOptions {
  /** Entries that are kept. */
  readonly entries?: number | undefined
  /** Bytes that are kept, counted by the bodies of the entries. */
  readonly bytes?: number
  /** Told why an entry could not be written, once for all that follow it. */
  readonly failed?: (error: unknown) => void
}

export interface Entry {
  readonly seq: number
  /** ms since 1970 */
  readonly at: number
  readonly kind: string
  /** JSON */
  readonly body: string
}

export class Journal {
  readonly #database: DatabaseSync
  readonly #options: JournalOptions
  /** Another one for each new file (rpc.journal.epoch). */
  readonly epoch: string
  #first = 1
  #last = 0
  #bytes = 0
  /** Events that could not be written since one could. */
  #lost = 0

  /** Throws where the database cannot be used; `openJournal` then finds another way. */
  constructor(database: DatabaseSync, options: JournalOptions = {}) {
    this.#database = database
    this.#options = options
    database.exec(SCHEMA)
    const row = database.prepare('SELECT value FROM epoch').get()
    this.epoch = row ? String(row.value) : crypto.randomUUID()
    if (!row) database.prepare('INSERT INTO epoch VALUES (?)').run(this.epoch)
    const kept = database.prepare('SELECT min(seq) AS first, max(seq) AS last, sum(size) AS bytes FROM entries').get()
    if (kept?.last) [this.#first, this.#last, this.#bytes] = [kept.first, kept.last, kept.bytes].map(Number) as Three
  }

  /** The seq of the oldest entry that is kept. */
  get first(): number {
    return this.#first
  }

  /** The seq of the newest entry; 0 before there is one. */
  get last(): number {
    return this.#last
  }

  /**
   * Writes an event at `at`, ms since 1970, and hands it to `tell`: with its place, or without one where it could not
   * be written. How many could not be is an event of its own, before the next that can (rpc.journal.lost).
   */
  record(
    at: number,
    kind: string,
    body: object,
    tell: (kind: string, body: object, place?: JournalPlace) => void,
  ): void {
    if (this.#lost > 0) {
      const lost = { count: this.#lost }
      const place = this.#write(at, 'journal.lost', lost)
      if (place) {
        this.#lost = 0
        tell('journal.lost', lost, place)
      }
    }
    const place = this.#lost === 0 ? this.#write(at, kind, body) : undefined
    if (!place) this.#lost++
    tell(kind, body, place)
  }

  /** Entries from `seq` on, oldest first. */
  *from(seq: number): Generator<Entry> {
    const rows = this.#database.prepare('SELECT seq, at, kind, body FROM entries WHERE seq >= ? ORDER BY seq')
    for (const row of rows.iterate(seq)) yield entryOf(row)
  }

  /** Entries down from `seq`, newest first. */
  *downFrom(seq: number): Generator<Entry> {
    const rows = this.#database.prepare('SELECT seq, at, kind, body FROM entries WHERE seq <= ? ORDER BY seq DESC')
    for (const row of rows.iterate(seq)) yield entryOf(row)
  }

  /** Entries of these kinds, oldest first. */
  *ofKinds(kinds: readonly string[]): Generator<Entry> {
    const rows = this.#database.prepare(
      'SELECT seq, at, kind, body FROM entries WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY seq',
    )
    for (const row of rows.iterate(JSON.stringify(kinds))) yield entryOf(row)
  }

  /** What happens after it is written nowhere. */
  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  /** On the disk when it returns: a seq that was told belongs to this entry for ever (rpc.journal.entry). */
  #write(at: number, kind: string, body: object): JournalPlace | undefined {
    if (!this.#database.isOpen) return undefined
    const text = JSON.stringify(body)
    const size = utf8(text).length
    const seq = this.#last + 1
    try {
      this.#database.exec('BEGIN')
      this.#database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)').run(seq, at, kind, text, size)
      const [first, bytes] = this.#prune(seq, this.#bytes + size)
      this.#database.exec('COMMIT')
      this.#first = first
      this.#last = seq
      this.#bytes = bytes
      return { epoch: this.epoch, seq, at }
    } catch (error) {
      // A full disk has undone it already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      if (this.#lost === 0) this.#options.failed?.(error)
      return undefined
    }
  }

  /** rpc.journal.keep. The newest entry stays: the next one is counted from it. */
  #prune(last: number, bytes: number): [first: number, bytes: number] {
    const { entries = limits.journalEntries, bytes: most = limits.journalBytes } = this.#options
    let first = this.#first
    let kept = bytes
    while (first < last && (last - first >= entries || kept > most)) {
      const row = this.#database.prepare('DELETE FROM entries WHERE seq = ? RETURNING size').get(first)
      kept -= Number(row?.size)
      first++
    }
    return [first, kept]
  }
}

type Three = [number, number, number]

/**
 * The journal in the file `path`, which is this program's alone. A file that is damaged is put aside; where none can be
 * made, the journal is kept in memory. In both cases its epoch is another one.
 */
export function openJournal(path: string, options: JournalOptions = {}): Journal {
  try {
    return inFile(path, options)
  } catch (error) {
    options.failed?.(error)
    try {
      if (!/not a database|malformed/i.test((error as Error).message)) throw error
      Deno.renameSync(path, `${path}.corrupt-${Date.now()}`)
      return inFile(path, options)
    } catch {
      return new Journal(new DatabaseSync(':memory:'), options)
    }
  }
}

function inFile(path: string, options: JournalOptions): Journal {
  // With the mode of the file come those that SQLite makes beside it.
  Deno.openSync(path, { append: true, create: true, mode: 0o600 }).close()
  const database = new DatabaseSync(path)
  try {
    return new Journal(database, options)
  } catch (error) {
    database.close()
    throw error
  }
}

const entryOf = ({ seq, at, kind, body }: Record<string, SQLOutputValue>): Entry => ({
  ...{ seq: Number(seq), at: Number(at), kind: String(kind), body: String(body) },
})
