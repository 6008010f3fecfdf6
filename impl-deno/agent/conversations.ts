// The conversations of an agent and which of them is open, in SQLite (spec/rpc.md, Conversations).

import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'

/** Of more, those go to which a prompt was given longest ago. */
const KEPT = 1_000

const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS conversations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, session TEXT NOT NULL,
  title TEXT, createdAt INTEGER NOT NULL, lastUsedAt INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS open (owner TEXT PRIMARY KEY, id TEXT NOT NULL);
`

export interface StoredConversation {
  readonly id: string
  /** What the assistant calls it. */
  readonly session: string
}

/** A write has reached the disk when its method returns. */
export class Conversations {
  readonly #database: DatabaseSync
  readonly #owner: string
  readonly #now: () => number

  /**
   * `path` of a file, or `:memory:`. Only those of this assistant and this workspace are seen: another assistant
   * knows nothing of them. `now` is ms since 1970.
   */
  constructor(path: string, assistant: string, workspace: string, now: () => number = Date.now) {
    this.#database = new DatabaseSync(path)
    this.#database.exec(SCHEMA)
    this.#owner = `${assistant}\n${workspace}`
    this.#now = now
  }

  /** The one that is open (rpc.conversation.kept). */
  get open(): StoredConversation | undefined {
    const row = this.#database
      .prepare('SELECT c.id, session FROM open JOIN conversations c ON c.id = open.id WHERE open.owner = ?')
      .get(this.#owner)
    return row && { id: String(row.id), session: String(row.session) }
  }

  find(id: string): StoredConversation | undefined {
    const row = this.#row(id)
    return row && { id, session: String(row.session) }
  }

  /** One in which nothing was said; it is open. */
  begin(session: string): void {
    const id = crypto.randomUUID()
    const at = this.#now()
    this.#atOnce(() => {
      this.#database
        .prepare('INSERT INTO conversations (id, owner, session, createdAt, lastUsedAt) VALUES (?, ?, ?, ?, ?)')
        .run(id, this.#owner, session, at, at)
      this.#setOpen(id)
      this.#database
        .prepare(
          `DELETE FROM conversations WHERE owner = ?1 AND id <> ?2 AND seq NOT IN
             (SELECT seq FROM conversations WHERE owner = ?1 AND id <> ?2 ORDER BY lastUsedAt DESC, seq DESC LIMIT ?3)`,
        )
        .run(this.#owner, id, KEPT - 1)
    })
  }

  /** It is open, and the assistant calls it `session` now. */
  take(id: string, session: string): void {
    this.#atOnce(() => {
      this.#database
        .prepare('UPDATE conversations SET session = ?, lastUsedAt = ? WHERE id = ?')
        .run(session, this.#now(), id)
      this.#setOpen(id)
    })
  }

  /** A prompt was given in the one that is open; the first one is its title. */
  prompted(text: string): void {
    this.#database
      .prepare(
        `UPDATE conversations SET title = coalesce(title, ?), lastUsedAt = ?
           WHERE id = (SELECT id FROM open WHERE owner = ?)`,
      )
      .run(titleOf(text), this.#now(), this.#owner)
  }

  /** Throws ProtocolError `not-found`. */
  list({ limit, after }: Params<'claude.listConversations'>): Result<'claude.listConversations'> {
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : this.#row(after)?.seq
    // rpc.conversation.after
    if (before === undefined)
      throw new ProtocolError('not-found', 'Cannot go on behind this conversation: it is not there')
    const rows = this.#database
      .prepare('SELECT * FROM conversations WHERE owner = ? AND seq < ? ORDER BY seq DESC LIMIT ?')
      .all(this.#owner, before, limit + 1)
    const open = this.open?.id
    const conversations = rows.slice(0, limit).map(({ id, title, createdAt, lastUsedAt }) => ({
      ...{ conversationId: String(id), title: String(title ?? ''), open: id === open },
      ...{ createdAt: Number(createdAt), lastUsedAt: Number(lastUsedAt) },
    }))
    return { conversations, more: rows.length > limit }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #row(id: string): Record<string, SQLOutputValue> | undefined {
    return this.#database
      .prepare('SELECT seq, session FROM conversations WHERE owner = ? AND id = ?')
      .get(this.#owner, id)
  }

  #setOpen(id: string): void {
    // rpc.conversation.empty
    this.#database
      .prepare(
        `DELETE FROM conversations WHERE title IS NULL AND id <> ?1 AND id = (SELECT id FROM open WHERE owner = ?2)`,
      )
      .run(id, this.#owner)
    this.#database.prepare('INSERT OR REPLACE INTO open VALUES (?, ?)').run(this.#owner, id)
  }

  #atOnce(change: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      change()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

/** rpc.conversation.title */
function titleOf(text: string): string {
  const words = text
    .slice(0, 1_000)
    .split(/[\p{Cc}\p{Z}]+/u)
    .filter((word) => word !== '')
  return Array.from(words.join(' ').toWellFormed()).slice(0, limits.conversationTitle).join('')
}
