// The state folder: identity, pairing records, denied devices, queued commands and places in journals, encrypted at
// rest, held by one process at a time (spec/session.md, profile V).

import { closeSync, existsSync, openSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import {
  deviceIdOf,
  generateIdentity,
  type Identity,
  identityFromSecret,
  identitySecretOf,
} from '../crypto/identity.ts'
import { concat, uint } from '../crypto/primitives.ts'
import { loadKeyFile, openRecord, RECORD_TYPES, type RecordType, sealRecord } from './at-rest.ts'
import { decodeRecord, encodeRecord, type PairingRecord } from './record.ts'
import type { PinnedCert } from './responder.ts'

const NO_ID = new Uint8Array(16)
/** Most that a file of SQLite may carry beside it: what is put aside goes with it. */
const COMPANIONS = ['', '-journal', '-wal', '-shm']
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS record (
    type INTEGER NOT NULL, id BLOB NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (type, id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS quarantine (
    type INTEGER NOT NULL, id BLOB NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL
  ) STRICT;
`

/** What was to be stored is not, and nothing has changed. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull'
  /** As a system call would say. */
  readonly code = 'ENOSPC'
}

/** A command of a controller's queue, as the queue wrote it. */
export interface QueuedRecord {
  /** 16 bytes of its id. */
  readonly id: Uint8Array
  readonly image: Uint8Array
}

interface Row {
  readonly id: Uint8Array
  readonly generation: number
  readonly sealed: Uint8Array
}

export class Store {
  readonly #db: DatabaseSync
  readonly #key: Uint8Array
  /** For files of layers above, under the same lock. */
  readonly folder: string
  readonly identity: Identity
  /** Records that did not open when the store was opened; they were put aside, not deleted. */
  readonly quarantined: number
  #pairings = new Map<string, PairingRecord>()

  /** `folder` is made if need be. Throws ProtocolError `state-locked` or `state-corrupt`. */
  constructor(folder: string) {
    this.folder = folder
    const path = join(folder, 'state.db')
    this.#key = loadKeyFile(folder, !existsSync(path))
    this.#db = openDatabase(path)
    try {
      this.identity = this.#loadIdentity(folder)
      this.quarantined = this.#loadPairings()
    } catch (error) {
      this.#db.close()
      putAsideIfDamaged(path, error)
      throw error
    }
  }

  /** For tables of layers above, under the same lock. */
  get database(): DatabaseSync {
    return this.#db
  }

  get pairings(): PairingRecord[] {
    for (const { state, createdAt, pairingId } of this.#pairings.values()) {
      // pairing.controller.delete-unconfirmed
      if (state === 'unconfirmed' && Date.now() - createdAt > limits.unconfirmedTtl) this.removePairing(pairingId)
    }
    return [...this.#pairings.values()]
  }

  /** What is stored of a peer's certificate, with the highest epoch; undefined where it was never paired. */
  pinOf(identityKey: Uint8Array): PinnedCert | undefined {
    const known = this.pairings.filter(({ peer }) => keyOf(peer.identityKey) === keyOf(identityKey))
    return known.map(({ peer }) => peer).sort((a, b) => b.epoch - a.epoch)[0]
  }

  savePairing(record: PairingRecord): void {
    this.#write('pairing', record.pairingId, encodeRecord(record))
    this.#pairings.set(keyOf(record.pairingId), record)
  }

  /** As savePairing, in the place of every other pairing with this peer; a denial of it is over. All or nothing. */
  adoptPairing(record: PairingRecord): void {
    const { peer, role, pairingId } = record
    const older = this.pairings.filter(
      (other) =>
        other.role === role &&
        keyOf(other.peer.identityKey) === keyOf(peer.identityKey) &&
        keyOf(other.pairingId) !== keyOf(pairingId),
    )
    this.#together(() => {
      this.#write('pairing', pairingId, encodeRecord(record))
      // pairing.agent.replace, pairing.revoke.undeny
      for (const other of older) this.#deletePairing(other.pairingId)
      this.#delete('denied', deviceIdOf(peer.identityKey))
    })
    for (const other of older) this.#pairings.delete(keyOf(other.pairingId))
    this.#pairings.set(keyOf(pairingId), record)
  }

  /** Deletes a pairing and denies its device, all or nothing (pairing.revoke.erase, pairing.revoke.denied). */
  revokePairing({ pairingId, peer }: PairingRecord): void {
    this.#together(() => {
      this.#write('denied', deviceIdOf(peer.identityKey), new Uint8Array(0))
      this.#deletePairing(pairingId)
    })
    this.#pairings.delete(keyOf(pairingId))
  }

  removePairing(pairingId: Uint8Array): void {
    const record = this.#pairings.get(keyOf(pairingId))
    this.#together(() => this.#deletePairing(pairingId))
    this.#pairings.delete(keyOf(pairingId))
    const isLast = record && !this.pinOf(record.peer.identityKey)
    if (isLast) this.#delete('place', deviceIdOf(record.peer.identityKey))
  }

  saveIdentity(identity: Identity): void {
    this.#write('identity', NO_ID, concat(uint(32, identity.epoch), identitySecretOf(identity)))
  }

  /** Denies a device by its id, whether or not it is paired; adoptPairing ends it. */
  deny(deviceId: Uint8Array): void {
    this.#write('denied', deviceId, new Uint8Array(0))
  }

  isDenied(deviceId: Uint8Array): boolean {
    return this.#rows('denied').some((row) => keyOf(row.id) === keyOf(deviceId))
  }

  /** What is queued, in no order. What does not open is put aside (session.store.quarantine). */
  loadQueued(): QueuedRecord[] {
    return this.#rows('queued').flatMap(({ id, generation, sealed }) => {
      try {
        return [{ id: new Uint8Array(id), image: openRecord(this.#key, 'queued', id, generation, sealed) }]
      } catch {
        this.#quarantine('queued', id)
        return []
      }
    })
  }

  /** Durable when it returns. Throws DiskFull. */
  saveQueued({ id, image }: QueuedRecord): void {
    orDiskFull('the command', () => {
      this.#write('queued', id, image)
    })
  }

  removeQueued(ids: readonly Uint8Array[]): void {
    this.#together(() => {
      for (const id of ids) this.#delete('queued', id)
    })
  }

  /** What was kept of the place in the journal of this agent; what does not open is put aside. */
  loadPlace(agent: Uint8Array): Uint8Array | undefined {
    return this.#openOne('place', agent)
  }

  /** Throws DiskFull. */
  savePlace(agent: Uint8Array, image: Uint8Array): void {
    orDiskFull('the place in the journal', () => this.#write('place', agent, image))
  }

  /** The session stored with a pairing (profile P); what does not open is put aside. */
  loadSession(pairingId: Uint8Array): Uint8Array | undefined {
    return this.#openOne('session', pairingId)
  }

  /** Durable when it returns. */
  saveSession(pairingId: Uint8Array, generation: number, content: Uint8Array): void {
    this.#replace('session', pairingId, generation, content)
  }

  removeSession(pairingId: Uint8Array): void {
    this.#delete('session', pairingId)
  }

  /** session.state.corrupt */
  putAsideSession(pairingId: Uint8Array): void {
    this.#quarantine('session', pairingId)
  }

  /** Gives up the lock. */
  close(): void {
    this.#db.close()
  }

  #rows(type: RecordType): Row[] {
    const rows = this.#db.prepare('SELECT id, generation, sealed FROM record WHERE type = ?').all(RECORD_TYPES[type])
    return rows as unknown as Row[]
  }

  #openOne(type: RecordType, id: Uint8Array): Uint8Array | undefined {
    const row = this.#rows(type).find((each) => keyOf(each.id) === keyOf(id))
    if (!row) return undefined
    try {
      return openRecord(this.#key, type, row.id, row.generation, row.sealed)
    } catch {
      // session.store.quarantine
      this.#quarantine(type, row.id)
      return undefined
    }
  }

  #together(write: () => void): void {
    this.#db.exec('BEGIN')
    try {
      write()
      this.#db.exec('COMMIT')
    } catch (error) {
      // SQLite has rolled back by itself where the disk is full.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #write(type: RecordType, id: Uint8Array, image: Uint8Array): void {
    const previous = this.#db
      .prepare('SELECT generation FROM record WHERE type = ? AND id = ?')
      .get(RECORD_TYPES[type], id) as Pick<Row, 'generation'> | undefined
    this.#replace(type, id, (previous?.generation ?? 0) + 1, image)
  }

  #replace(type: RecordType, id: Uint8Array, generation: number, image: Uint8Array): void {
    this.#db
      .prepare('INSERT OR REPLACE INTO record (type, id, generation, sealed) VALUES (?, ?, ?, ?)')
      .run(RECORD_TYPES[type], id, generation, sealRecord(this.#key, type, id, generation, image))
  }

  #deletePairing(pairingId: Uint8Array): void {
    this.#delete('pairing', pairingId)
    this.#delete('session', pairingId)
  }

  #delete(type: RecordType, id: Uint8Array): void {
    this.#db.prepare('DELETE FROM record WHERE type = ? AND id = ?').run(RECORD_TYPES[type], id)
  }

  #loadIdentity(folder: string): Identity {
    const [row] = this.#rows('identity')
    if (!row) {
      const identity = generateIdentity()
      this.saveIdentity(identity)
      return identity
    }
    try {
      const image = openRecord(this.#key, 'identity', NO_ID, row.generation, row.sealed)
      return identityFromSecret(image.subarray(4), new DataView(image.buffer, image.byteOffset).getUint32(0))
    } catch {
      // Left as it is: with another identity every pairing would be worthless, and the right key may come back.
      throw new ProtocolError(
        'state-corrupt',
        `Cannot use ${folder}: its identity does not open with its key file. Nothing was changed. Restore both files from one backup, or move the folder away to begin anew.`,
      )
    }
  }

  #loadPairings(): number {
    let quarantined = 0
    for (const { id, generation, sealed } of this.#rows('pairing')) {
      try {
        const record = decodeRecord(new Uint8Array(id), openRecord(this.#key, 'pairing', id, generation, sealed))
        // pairing.controller.delete-unconfirmed
        if (record.state === 'unconfirmed' && Date.now() - record.createdAt > limits.unconfirmedTtl) {
          this.#delete('pairing', id)
        } else this.#pairings.set(keyOf(id), record)
      } catch {
        // session.store.quarantine
        this.#quarantine('pairing', id)
        quarantined++
      }
    }
    return quarantined
  }

  #quarantine(type: RecordType, id: Uint8Array): void {
    this.#together(() => {
      this.#db
        .prepare('INSERT INTO quarantine SELECT type, id, generation, sealed, ? FROM record WHERE type = ? AND id = ?')
        .run(Date.now(), RECORD_TYPES[type], id)
      this.#delete(type, id)
    })
  }
}

function orDiskFull(what: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (codeOf(error) !== SQLITE_FULL) throw error
    throw new DiskFull(`Cannot keep ${what}: the disk is full. Nothing was changed.`)
  }
}

const keyOf = (id: Uint8Array): string => Buffer.from(id).toString('hex')

/** The lock is SQLite's own: the system gives it up when the process dies. */
function openDatabase(path: string): DatabaseSync {
  // Made before SQLite makes it: its journal gets the same mode.
  closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path)
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;')
    // session.store.lock
    db.exec('BEGIN EXCLUSIVE; COMMIT;')
    db.exec(SCHEMA)
    return db
  } catch (error) {
    db.close()
    if (codeOf(error) === SQLITE_BUSY) {
      throw new ProtocolError('state-locked', `Cannot use ${path}: another process of this program holds it.`)
    }
    putAsideIfDamaged(path, error)
    throw new Error(`Cannot open ${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** SQLite's result without the details that it has in its upper bits. */
const codeOf = (error: unknown): number => ((error as { errcode?: number }).errcode ?? 0) & 0xff

/** Throws ProtocolError `state-corrupt` where it was the file itself; the database is closed. */
function putAsideIfDamaged(path: string, error: unknown): void {
  if (codeOf(error) !== SQLITE_CORRUPT && codeOf(error) !== SQLITE_NOTADB) return
  // session.store.quarantine; a journal that stayed behind would be played into the next file
  const aside = `${path}.corrupt-${Date.now()}`
  for (const end of COMPANIONS) if (existsSync(path + end)) renameSync(path + end, aside + end)
  throw new ProtocolError(
    'state-corrupt',
    `Cannot read ${path}; it was put aside as ${aside}. Start again to begin anew.`,
  )
}
