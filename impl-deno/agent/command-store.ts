// What must not be lost of commands, in SQLite: their ids with their outcomes, and the pause that refuses them
// (spec/rpc.md, Commands and Pausing).

import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { Pause } from '@happy-remote/schemas/rpc/pause.ts'
import type { PausePlace } from './pause.ts'

export interface StoredCommand {
  /** SHA-256 of method and params. */
  readonly digest: Uint8Array
  /** The response as JSON; null while the command runs, and for ever where its run has ended before. */
  readonly outcome: string | null
}

const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS epoch (value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pause (id TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS commands (
  controller BLOB NOT NULL, id TEXT NOT NULL, digest BLOB NOT NULL, outcome TEXT, seenAt INTEGER NOT NULL,
  PRIMARY KEY (controller, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS commandsSeenAt ON commands (seenAt);
`

/** A write has reached the disk when its method returns (rpc.command.disk). Times are ms since 1970. */
export class CommandStore implements PausePlace {
  readonly #database: DatabaseSync
  /** Another one for each new file (rpc.command.epoch). */
  readonly epoch: string

  /** `path` of a file, or `:memory:`. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path)
    this.#database.exec(SCHEMA)
    const row = this.#database.prepare('SELECT value FROM epoch').get()
    this.epoch = row ? String(row.value) : crypto.randomUUID()
    if (!row) this.#database.prepare('INSERT INTO epoch VALUES (?)').run(this.epoch)
  }

  find(controller: Uint8Array, id: string): StoredCommand | undefined {
    const row = this.#database
      .prepare('SELECT digest, outcome FROM commands WHERE controller = ? AND id = ?')
      .get(controller, id)
    return row && { digest: row.digest as Uint8Array, outcome: textOrNull(row.outcome) }
  }

  count(controller: Uint8Array): number {
    const row = this.#database.prepare('SELECT count(*) AS count FROM commands WHERE controller = ?').get(controller)
    return Number(row?.count)
  }

  insert(controller: Uint8Array, id: string, digest: Uint8Array, seenAt: number): void {
    this.#database.prepare('INSERT INTO commands VALUES (?, ?, ?, NULL, ?)').run(controller, id, digest, seenAt)
  }

  /** Of one that ends after the store was closed nothing is written: its end was not told either. */
  finish(controller: Uint8Array, id: string, outcome: string): void {
    if (!this.#database.isOpen) return
    this.#database
      .prepare('UPDATE commands SET outcome = ? WHERE controller = ? AND id = ?')
      .run(outcome, controller, id)
  }

  seen(controller: Uint8Array, id: string, seenAt: number): void {
    this.#database.prepare('UPDATE commands SET seenAt = ? WHERE controller = ? AND id = ?').run(seenAt, controller, id)
  }

  /** Forgets what was last seen before `time`. */
  forget(time: number): void {
    this.#database.prepare('DELETE FROM commands WHERE seenAt < ?').run(time)
  }

  get pause(): Pause | null {
    const row = this.#database.prepare('SELECT id, by, at FROM pause').get()
    return row ? { pauseId: String(row.id), by: String(row.by), at: Number(row.at) } : null
  }

  setPause(pause: Pause | null): void {
    this.#database.exec('DELETE FROM pause')
    if (pause) this.#database.prepare('INSERT INTO pause VALUES (?, ?, ?)').run(pause.pauseId, pause.by, pause.at)
  }

  close(): void {
    this.#database.close()
  }
}

const textOrNull = (value: SQLOutputValue | undefined): string | null => (typeof value === 'string' ? value : null)
