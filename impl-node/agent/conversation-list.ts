// The conversations that began at this agent, on its disk, and which of them is open (spec/rpc.md, Conversations).

import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'

/** Beyond these, the one that was used longest ago is let go. */
const KEPT = 1_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS conversation (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, place TEXT NOT NULL, session TEXT NOT NULL,
    title TEXT, createdAt INTEGER NOT NULL, lastUsedAt INTEGER NOT NULL, open INTEGER NOT NULL
  ) STRICT;
`

/** `session` is the assistant's own name for it. */
export interface Known {
  readonly conversationId: string
  readonly session: string
}

export interface ConversationListOptions {
  readonly database: DatabaseSync
  /** The assistant's; its sessions mean nothing to another, and it finds them by the folder that it works in. */
  readonly assistant: string
  readonly workspace: string
  /** ms since 1970 */
  readonly now?: () => number
}

export class ConversationList {
  readonly #database: DatabaseSync
  readonly #place: string
  readonly #now: () => number
  #open: Known | null

  constructor({ database, assistant, workspace, now = Date.now }: ConversationListOptions) {
    this.#database = database
    this.#place = JSON.stringify([assistant, workspace])
    this.#now = now
    database.exec(SCHEMA)
    // rpc.conversation.kept
    this.#open = this.#known('open = 1')
  }

  /** The one that is open; null before the first. */
  get open(): Known | null {
    return this.#open
  }

  find(conversationId: string): Known | null {
    return this.#known('id = ?', conversationId)
  }

  /** One more, which is open from now on. */
  begin(session: string): Known {
    const begun: Known = { conversationId: randomUUID(), session }
    const at = this.#now()
    this.#together(() => {
      this.#leave()
      this.#database
        .prepare('INSERT INTO conversation (id, place, session, createdAt, lastUsedAt, open) VALUES (?, ?, ?, ?, ?, 1)')
        .run(begun.conversationId, this.#place, session, at, at)
      this.#database
        .prepare(
          `DELETE FROM conversation WHERE place = ? AND open = 0 AND number NOT IN
            (SELECT number FROM conversation WHERE place = ? ORDER BY open DESC, lastUsedAt DESC LIMIT ?)`,
        )
        .run(this.#place, this.#place, KEPT)
    })
    this.#open = begun
    return begun
  }

  /** One of before is open from now on; the assistant may call it otherwise now. */
  take(conversationId: string, session: string): void {
    this.#together(() => {
      this.#leave(conversationId)
      this.#database
        .prepare('UPDATE conversation SET open = 1, session = ?, lastUsedAt = ? WHERE id = ?')
        .run(session, this.#now(), conversationId)
    })
    this.#open = { conversationId, session }
  }

  /** A prompt was given in the one that is open. */
  used(prompt: string): void {
    if (!this.#open) return
    this.#database
      .prepare('UPDATE conversation SET title = coalesce(title, ?), lastUsedAt = ? WHERE id = ?')
      .run(titleOf(prompt), this.#now(), this.#open.conversationId)
  }

  /** Throws ProtocolError `not-found` for an `after` that is not listed. */
  page({ limit, after }: Params<'claude.listConversations'>): Result<'claude.listConversations'> {
    const behind = after === undefined ? undefined : this.#numberOf(after)
    const rows = this.#database
      .prepare(
        `SELECT id, title, createdAt, lastUsedAt, open FROM conversation WHERE place = ? AND number < ?
          ORDER BY number DESC LIMIT ?`,
      )
      .all(this.#place, behind ?? Number.MAX_SAFE_INTEGER, limit + 1)
    const conversations = rows.slice(0, limit).map(({ id, title, createdAt, lastUsedAt, open }) => ({
      conversationId: String(id),
      title: String(title ?? ''),
      createdAt: Number(createdAt),
      lastUsedAt: Number(lastUsedAt),
      open: open === 1,
    }))
    return { conversations, more: rows.length > limit }
  }

  #numberOf(id: string): number {
    const row = this.#database
      .prepare('SELECT number FROM conversation WHERE place = ? AND id = ?')
      .get(this.#place, id)
    // rpc.conversation.after
    if (!row) throw new ProtocolError('not-found', 'Cannot list what is behind this conversation: it is not listed')
    return Number(row.number)
  }

  #known(where: 'open = 1' | 'id = ?', ...values: string[]): Known | null {
    const row = this.#database
      .prepare(`SELECT id, session FROM conversation WHERE place = ? AND ${where}`)
      .get(this.#place, ...values)
    return row ? { conversationId: String(row.id), session: String(row.session) } : null
  }

  /** rpc.conversation.empty: nobody comes back to one in which nothing was said. */
  #leave(except = ''): void {
    this.#database
      .prepare('DELETE FROM conversation WHERE place = ? AND open = 1 AND title IS NULL AND id <> ?')
      .run(this.#place, except)
    this.#database.prepare('UPDATE conversation SET open = 0 WHERE place = ?').run(this.#place)
  }

  #together(change: () => void): void {
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
function titleOf(prompt: string): string {
  const line = prompt.slice(0, 8 * limits.conversationTitle).replaceAll(/[\p{Cc}\p{Z}]+/gu, ' ')
  return [...line.trim().toWellFormed()].slice(0, limits.conversationTitle).join('')
}
