// The pause: while it lasts, what has an effect is refused (spec/rpc.md, Pausing).

import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Pause as PauseFacts } from '@happy-remote/schemas/rpc/pause.ts'
import { type MethodName, methods, type Params } from '@happy-remote/schemas/rpc/registry.ts'
import type { Emit } from './handler.ts'

/** At most one row: the pause that lasts. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS pause (
    one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL
  ) STRICT;
`
/** What a paused agent does in spite of its pause, beside reads and refusals. */
const EXEMPT: ReadonlySet<MethodName> = new Set(['session.pause', 'session.resume', 'session.revoke', 'claude.cancel'])

export interface PauseOptions {
  readonly database: DatabaseSync
  readonly emit: Emit
  /** Whether this answer allows what is asked; false also where nothing is asked. */
  readonly allows: (answer: Params<'permission.answer'>) => boolean
  /** ms since 1970 */
  readonly now?: () => number
}

export class Pause {
  readonly #options: PauseOptions
  readonly #watchers: (() => void)[] = []
  #present: PauseFacts | null

  constructor(options: PauseOptions) {
    this.#options = options
    const { database } = options
    database.exec(SCHEMA)
    // rpc.pause.kept
    const row = database.prepare('SELECT id AS pauseId, by, at FROM pause').get() as PauseFacts | undefined
    this.#present = row ? { ...row } : null
  }

  /** Null where the agent is not paused. */
  get present(): PauseFacts | null {
    return this.#present
  }

  /** Calls `watcher` when a pause has begun or ended. */
  watch(watcher: () => void): void {
    this.#watchers.push(watcher)
  }

  /** Begins a pause, on disk before this returns, or gives the one that lasts. `by` is a deviceId or `local`. */
  begin(by: string): PauseFacts {
    if (this.#present) return this.#present
    const begun: PauseFacts = { pauseId: randomUUID(), by, at: this.#now() }
    this.#options.database.prepare('INSERT INTO pause VALUES (1, ?, ?, ?)').run(begun.pauseId, begun.by, begun.at)
    this.#present = begun
    this.#options.emit('session.paused', begun)
    for (const watcher of this.#watchers) watcher()
    return begun
  }

  /** Throws ProtocolError `not-found` where this is not the pause that lasts. */
  end(pauseId: string, by: string): void {
    // rpc.pause.unknown
    if (this.#present?.pauseId !== pauseId) {
      throw new ProtocolError('not-found', 'Cannot resume: the agent is not paused, or by another pause')
    }
    this.#options.database.exec('DELETE FROM pause')
    this.#present = null
    this.#options.emit('session.resumed', { pauseId, by, at: this.#now() })
    for (const watcher of this.#watchers) watcher()
  }

  /** Throws ProtocolError `paused` for a call that a pause refuses (rpc.pause.refuses). */
  check(method: MethodName, params: unknown): void {
    if (!this.#present || methods[method].kind === 'read' || EXEMPT.has(method)) return
    if (method === 'permission.answer' && !this.#options.allows(params as Params<'permission.answer'>)) return
    if (method === 'question.answer' && (params as Params<'question.answer'>).answers === null) return
    throw new ProtocolError('paused', `Cannot call ${method}: the agent is paused`)
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }
}
