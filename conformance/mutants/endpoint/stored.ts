// Faults of what is stored.

import type { EndpointMutant } from '../mutant.ts'
import { agent, controller } from './fault.ts'

const STORE = 'session/store'
const SESSION = 'session/session'
const KEPT = 'session/kept-session'

export const stored: readonly EndpointMutant[] = [
  agent(
    'needs-session',
    'forgets a pairing that has no session',
    ['session.store.profile-v'],
    'agent/agent',
    "    for (const record of store.pairings) if (record.role === 'agent') this.#connect(record)\n",
    '',
  ),
  agent(
    'session-taken-up',
    'takes up its session after a restart, and the challenges with it',
    ['session.persist.stale'],
    'agent/agent',
    '      ...(ratchet && { ratchet }),\n',
    `      ...(() => {
        const { exportState, importState } = require('../session/state-image.ts')
        store.database.exec('CREATE TABLE IF NOT EXISTS kept (id TEXT PRIMARY KEY, image BLOB)')
        const row = store.database.prepare('SELECT image FROM kept WHERE id = ?').get(id)
        const kept = ratchet ?? (row && importState(row.image, Date.now()).ratchet)
        const keep = () =>
          store.database.prepare('INSERT OR REPLACE INTO kept VALUES (?, ?)').run(id, exportState(kept.state, 1))
        if (kept) setInterval(keep, 50).unref()
        const random = (size: number) =>
          size === 8 ? new Uint8Array(8).fill(7) : crypto.getRandomValues(new Uint8Array(size))
        return { random, ...(kept && { ratchet: kept }) }
      })(),
`,
  ),
  agent(
    'kept-after-sending',
    'stores its session only after the message that it has sent',
    ['session.persist.before-send'],
    SESSION,
    '    this.#advance()\n    return message\n',
    '    this.#generation++\n    return message\n',
  ),
  controller(
    'kept-after-delivery',
    'stores its session only with the next message that it sends',
    ['session.persist.before-deliver'],
    SESSION,
    '    this.#advance()\n    const frame',
    '    this.#generation++\n    const frame',
  ),
  agent(
    'kept-keys-expire',
    'takes the skipped keys of a stored session for old ones',
    ['session.persist.load'],
    KEPT,
    'importState(content.subarray(PREFIX), now)',
    'importState(content.subarray(PREFIX), 0)',
  ),
  agent(
    'copy-used',
    'goes on with an older copy of its session',
    ['session.persist.witness'],
    KEPT,
    ' || generation < known.generation)',
    ')',
  ),
  controller(
    'no-witness-needed',
    'goes on with a session of which nothing tells that it is the newest',
    ['session.persist.witness'],
    KEPT,
    "        if (!known) return discard('nothing tells that it is the newest')\n",
    '        if (!known) return Session.loaded(ratchet, { startedAt: now, generation, nextStream: 1 })\n',
  ),
  agent(
    'no-lock',
    'starts although another program holds its state',
    ['session.store.lock'],
    STORE,
    `    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;')
    // session.store.lock
    db.exec('BEGIN EXCLUSIVE; COMMIT;')
`,
    '',
  ),
  controller(
    'deletes-first',
    'deletes a record, and writes the new one a minute later',
    ['session.store.atomic'],
    STORE,
    '    this.#replace(type, id, (previous?.generation ?? 0) + 1, image)\n',
    `    this.#replace(type, id, (previous?.generation ?? 0) + 1, image)
    if (previous === undefined) return
    this.#delete(type, id)
    setTimeout(() => this.#write(type, id, image), 60_000).unref()
`,
  ),
  controller(
    'deletes-corrupt',
    'deletes a state that does not open, and begins anew',
    ['session.store.quarantine'],
    STORE,
    'for (const end of COMPANIONS) if (existsSync(path + end)) renameSync(path + end, aside + end)',
    "for (const end of COMPANIONS) process.getBuiltinModule('node:fs').rmSync(path + end, { force: true })",
  ),
]
