// The journal: what happened at the agent, on disk, for whoever was away (spec/rpc.md, Journal).

import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, openSync, renameSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { JournalPlace } from '@happy-remote/schemas/rpc/journal.ts'
import type { EventName, EventParams } from '@happy-remote/schemas/rpc/registry.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, size INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS journal (epoch TEXT NOT NULL) STRICT;
`
/** What a file of SQLite may carry beside it: what is put aside goes with it. */
const COMPANIONS = ['', '-wal', '-shm']
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED = [11, 26]

export interface JournalOptions {
  /** Entries kept, and bytes of their bodies in all; those of limits.ts unless given. */
  readonly entries?: number | undefined
  readonly bytes?: number
  /** ms since 1970 */
  readonly now?: () => number
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void
}

/** Sends an event to whoever may see it. */
type Tell = (name: EventName, params: object, place: JournalPlace | null) => void

export interface StoredEntry {
  readonly seq: number
  readonly at: number
  readonly kind: string
  /** JSON */
  readonly body: string
}

export class Journal {
  readonly #db: DatabaseSync
  readonly #options: JournalOptions
  readonly #insert: StatementSync
  readonly #oldest: StatementSync
  readonly #delete: StatementSync
  readonly #forward: StatementSync
  readonly #backward: StatementSync
  readonly epoch: string
  #firstSeq: number
  #lastSeq: number
  #bytes: number
  /** Events that could not be written since one could. */
  #unwritten = 0

  /** Throws where the database is full, damaged, or has another's tables. */
  constructor(db: DatabaseSync, options: JournalOptions) {
    this.#db = db
    this.#options = options
    db.exec(SCHEMA)
    const known = db.prepare('SELECT epoch FROM journal').get() as { epoch: string } | undefined
    // rpc.journal.epoch: lies beside the entries, and is lost with them
    this.epoch = known?.epoch ?? randomUUID()
    if (known === undefined) db.prepare('INSERT INTO journal VALUES (?)').run(this.epoch)
    const row = db.prepare('SELECT min(seq) AS first, max(seq) AS last, sum(size) AS bytes FROM entry').get() as {
      [name in 'first' | 'last' | 'bytes']: number | null
    }
    this.#firstSeq = row.first ?? 1
    this.#lastSeq = row.last ?? 0
    this.#bytes = row.bytes ?? 0
    this.#insert = db.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?)')
    this.#oldest = db.prepare('SELECT size FROM entry WHERE seq = ?')
    this.#delete = db.prepare('DELETE FROM entry WHERE seq = ?')
    const columns = 'SELECT seq, at, kind, body FROM entry'
    this.#forward = db.prepare(`${columns} WHERE seq > ? ORDER BY seq`)
    this.#backward = db.prepare(`${columns} WHERE seq < ? ORDER BY seq DESC`)
  }

  /** 0: there is none. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Of the oldest entry that is kept, or will be. */
  get firstSeq(): number {
    return this.#firstSeq
  }

  /**
   * Writes an event and hands it to `tell`, with its place; null where it could not be written. What could not be
   * is told first, once something can (rpc.journal.lost).
   */
  record<E extends EventName>(name: E, params: EventParams<E>, tell: Tell): void {
    if (this.#unwritten > 0) {
      const lost = { count: this.#unwritten }
      const place = this.#append('journal.lost', lost)
      if (place) {
        this.#unwritten = 0
        tell('journal.lost', lost, place)
      }
    }
    const place = this.#unwritten > 0 ? null : this.#append(name, params)
    if (!place) this.#unwritten++
    tell(name, params, place)
  }

  /**
   * Writes an entry, and prunes. On the disk when it returns: a seq that was told is never another entry's, not even
   * after a power cut (rpc.journal.entry). Null: it could not be written.
   */
  #append(kind: EventName, body: object): JournalPlace | null {
    if (!this.#db.isOpen) return null
    const at = (this.#options.now ?? Date.now)()
    const text = JSON.stringify(body)
    const size = Buffer.byteLength(text)
    const { entries = limits.journalEntries, bytes = limits.journalBytes } = this.#options
    const seq = this.#lastSeq + 1
    let first = this.#firstSeq
    let kept = this.#bytes + size
    try {
      this.#db.exec('BEGIN')
      this.#insert.run(seq, at, kind, text, size)
      // rpc.journal.keep; the newest stays, whatever its size: it holds the place of the next
      for (; first < seq && (seq - first >= entries || kept > bytes); first++) {
        kept -= (this.#oldest.get(first) as { size: number }).size
        this.#delete.run(first)
      }
      this.#db.exec('COMMIT')
    } catch (error) {
      // SQLite has rolled back by itself where the disk is full.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      if (this.#unwritten === 0) this.#options.log('the journal cannot be written', { error })
      return null
    }
    this.#lastSeq = seq
    this.#firstSeq = first
    this.#bytes = kept
    return { epoch: this.epoch, seq, at }
  }

  /** Oldest first. Read as far as it is asked for. */
  *after(seq: number): Generator<StoredEntry> {
    for (const row of this.#forward.iterate(seq)) yield row as unknown as StoredEntry
  }

  /** Newest first. */
  *before(seq: number): Generator<StoredEntry> {
    for (const row of this.#backward.iterate(seq)) yield row as unknown as StoredEntry
  }

  /** Oldest first. */
  *ofKinds(kinds: readonly EventName[]): Generator<StoredEntry> {
    const places = kinds.map(() => '?').join()
    const query = `SELECT seq, at, kind, body FROM entry WHERE kind IN (${places}) ORDER BY seq`
    for (const row of this.#db.prepare(query).iterate(...kinds)) yield row as unknown as StoredEntry
  }

  /** What is appended from now on is written nowhere. */
  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }
}

/**
 * The journal in a file that only this program uses. Never fails: a damaged file is put aside, and where no other can
 * be made the journal is kept in memory; its epoch is another one then.
 */
export function openJournal(path: string, options: JournalOptions): Journal {
  try {
    return openFile(path, options)
  } catch (error) {
    options.log('the journal cannot be opened', { error })
    const code = (error as { errcode?: number }).errcode ?? 0
    try {
      // Put aside, not deleted: somebody may read it yet.
      const aside = `${path}.corrupt-${Date.now()}`
      if (!DAMAGED.includes(code & 0xff)) throw error
      for (const end of COMPANIONS) if (existsSync(path + end)) renameSync(path + end, aside + end)
      return openFile(path, options)
    } catch {
      options.log('the journal is kept in memory', { path })
      return new Journal(new DatabaseSync(':memory:'), options)
    }
  }
}

function openFile(path: string, options: JournalOptions): Journal {
  // Made before SQLite makes it: what it writes beside it gets the same mode.
  closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path)
  try {
    // Written ahead, one entry costs one flush. Held by one process, it needs no shared memory.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;')
    return new Journal(db, options)
  } catch (error) {
    db.close()
    throw error
  }
}
