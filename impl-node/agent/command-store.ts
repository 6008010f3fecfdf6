// The ids of commands and their outcomes, on disk (rpc.command.disk): they outlive the program.

import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { CommandStore, Outcome } from './commands.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS command (
    controller TEXT NOT NULL, id TEXT NOT NULL, fingerprint TEXT NOT NULL, outcome TEXT, seen_at INTEGER NOT NULL,
    PRIMARY KEY (controller, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS command_seen_at ON command (seen_at);
  CREATE TABLE IF NOT EXISTS command_epoch (epoch TEXT NOT NULL) STRICT;
`

/** A repetition within so many ms of the last one is not written down: ids are kept for as much longer. */
const SEEN_STEP = 60_000

interface Row {
  readonly fingerprint: string
  readonly outcome: string | null
  readonly seen_at: number
}

export interface DiskCommandStore extends CommandStore {
  /** rpc.command.epoch: lies beside the ids, and is lost with them. */
  readonly epoch: string
}

/** `now` is ms since 1970. */
export function diskCommandStore(db: DatabaseSync, now: () => number = Date.now): DiskCommandStore {
  db.exec(SCHEMA)
  const known = db.prepare('SELECT epoch FROM command_epoch').get() as { epoch: string } | undefined
  const epoch = known?.epoch ?? randomUUID()
  if (known === undefined) db.prepare('INSERT INTO command_epoch VALUES (?)').run(epoch)
  const select = db.prepare('SELECT fingerprint, outcome, seen_at FROM command WHERE controller = ? AND id = ?')
  const insert = db.prepare('INSERT OR REPLACE INTO command VALUES (?, ?, ?, NULL, ?)')
  const see = db.prepare('UPDATE command SET seen_at = ? WHERE controller = ? AND id = ? AND seen_at <= ?')
  const settle = db.prepare('UPDATE command SET outcome = ? WHERE controller = ? AND id = ?')
  const forget = db.prepare('DELETE FROM command WHERE seen_at <= ?')
  /** rpc.command.keep: what was last seen before this may be forgotten. */
  const before = () => now() - limits.commandKept - SEEN_STEP

  return {
    epoch,
    find(controller, id) {
      const row = select.get(controller, id) as Row | undefined
      if (row === undefined || row.seen_at <= before()) return undefined
      const outcome = row.outcome === null ? null : (JSON.parse(row.outcome) as Outcome)
      return { fingerprint: row.fingerprint, outcome }
    },
    see(controller, id) {
      see.run(now(), controller, id, now() - SEEN_STEP)
    },
    accept(controller, id, fingerprint) {
      forget.run(before())
      insert.run(controller, id, fingerprint, now())
    },
    finish(controller, id, outcome) {
      settle.run(JSON.stringify(outcome), controller, id)
    },
  }
}
