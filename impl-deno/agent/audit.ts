// What was done at this agent and by whom, chained so that no row changes unseen (spec/rpc.md, Audit).

import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { toHex } from '../crypto/bytes.ts'

export interface Deed {
  /** Of the device that did it; `local` where it was done at the computer. */
  readonly deviceId: string
  readonly method: string
  /** Of the command; of a deed without one the device that it is about. */
  readonly id: string
  /** `ok`, or an error code. */
  readonly outcome: string
}

export interface AuditRow extends Deed {
  readonly seq: number
  /** ms since 1970 */
  readonly at: number
}

export interface Audit {
  /** Those that are as they were written, from the first on. */
  readonly rows: readonly AuditRow[]
  /** Number of the first that is not; null where all are. */
  readonly broken: number | null
  /** Hash of the last that is, in hex. */
  readonly head: string
}

const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, row TEXT NOT NULL, hash BLOB NOT NULL);
`

// rpc.audit.chain
const chained = (previous: Uint8Array, row: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(previous).update(row).digest())

/** A write has reached the disk when its method returns. */
export class AuditLog {
  readonly #database: DatabaseSync
  readonly #now: () => number

  /** `path` of a file, or `:memory:`. `now` is ms since 1970. */
  constructor(path: string, now: () => number = Date.now) {
    this.#database = new DatabaseSync(path)
    this.#database.exec(SCHEMA)
    this.#now = now
  }

  add({ deviceId, method, id, outcome }: Deed): void {
    const last = this.#database.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get()
    const seq = Number(last?.seq ?? 0) + 1
    // rpc.audit.text
    const row = JSON.stringify({ seq, at: this.#now(), deviceId, method, id, outcome })
    const hash = chained(last ? (last.hash as Uint8Array) : new Uint8Array(32), row)
    this.#database.prepare('INSERT INTO audit VALUES (?, ?, ?)').run(seq, row, hash)
  }

  read(): Audit {
    const rows: AuditRow[] = []
    let head = toHex(new Uint8Array(32))
    let hash = new Uint8Array(32) as Uint8Array
    for (const stored of this.#database.prepare('SELECT seq, row, hash FROM audit ORDER BY seq').iterate()) {
      const text = String(stored.row)
      hash = chained(hash, text)
      const row = parsed(text)
      const isNext = stored.seq === rows.length + 1 && row?.seq === stored.seq
      if (!row || !isNext || toHex(hash) !== toHex(stored.hash as Uint8Array)) {
        return { rows, head, broken: rows.length + 1 }
      }
      rows.push(row)
      head = toHex(hash)
    }
    return { rows, head, broken: null }
  }

  close(): void {
    this.#database.close()
  }
}

function parsed(text: string): AuditRow | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
