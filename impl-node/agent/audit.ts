// The audit log: who did what at this agent, in rows of which none can be changed unseen (spec/rpc.md, Audit).

import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

/** What a row tells, beside its number and its time. */
export interface Act {
  /** The device that acted; `local` for the person at the computer. */
  readonly deviceId: string
  /** The method; `pair` where a device was paired. */
  readonly method: string
  /** That of the command; where no command did it, the device that it was done to. */
  readonly id: string
  /** `ok`, or the code of the error. */
  readonly outcome: string
}

export interface AuditRow extends Act {
  /** From 1, without holes. */
  readonly seq: number
  /** ms since 1970 */
  readonly at: number
}

/** What `verify` finds: how many rows hold, and the number of the first that does not. */
export interface Verified {
  readonly rows: number
  readonly broken: number | null
  /** Of the last row that holds, hex; whoever notes it sees later whether rows were taken off the end. */
  readonly head: string
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, row TEXT NOT NULL, hash BLOB NOT NULL) STRICT;
`
const FIRST = new Uint8Array(32)

interface Stored {
  readonly seq: number
  readonly row: string
  readonly hash: Uint8Array
}

export class AuditLog {
  readonly #database: DatabaseSync
  readonly #now: () => number

  /** `now` is ms since 1970. */
  constructor(database: DatabaseSync, now: () => number = Date.now) {
    this.#database = database
    this.#now = now
    database.exec(SCHEMA)
  }

  /** Throws what SQLite throws, on a full disk, say. */
  append({ deviceId, method, id, outcome }: Act): void {
    const last = this.#database.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get() as
      | Pick<Stored, 'seq' | 'hash'>
      | undefined
    const seq = (last?.seq ?? 0) + 1
    // rpc.audit.text: the members in this order
    const row: AuditRow = { seq, at: this.#now(), deviceId, method, id, outcome }
    const text = JSON.stringify(row)
    this.#database.prepare('INSERT INTO audit VALUES (?, ?, ?)').run(seq, text, link(last?.hash ?? FIRST, text))
  }

  /** The first `count` rows, which must hold. */
  *rows(count: number): Generator<AuditRow> {
    for (const { seq, row } of this.#stored()) {
      if (seq > count) return
      yield JSON.parse(row)
    }
  }

  verify(): Verified {
    let hash: Uint8Array = FIRST
    let rows = 0
    for (const stored of this.#stored()) {
      const expected = link(hash, stored.row)
      const holds = stored.seq === rows + 1 && numberOf(stored.row) === stored.seq && expected.equals(stored.hash)
      if (!holds) return { rows, broken: rows + 1, head: Buffer.from(hash).toString('hex') }
      hash = expected
      rows++
    }
    return { rows, broken: null, head: Buffer.from(hash).toString('hex') }
  }

  #stored(): Iterable<Stored> {
    const all = this.#database.prepare('SELECT seq, row, hash FROM audit ORDER BY seq').iterate()
    return all as Iterable<unknown> as Iterable<Stored>
  }
}

/** rpc.audit.chain */
const link = (before: Uint8Array, row: string): Buffer => createHash('sha256').update(before).update(row).digest()

function numberOf(row: string): unknown {
  try {
    return JSON.parse(row).seq
  } catch {
    return undefined
  }
}
