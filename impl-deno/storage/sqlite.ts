// The store of a program in Deno: one SQLite file, and the KEK in a file beside it.
//
// The key file protects backups and other accounts of the machine, and not an account that is itself
// taken (session.state.kek-file).

import { DatabaseSync } from 'node:sqlite'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { copy } from '../crypto/bytes.ts'
import { random } from '../crypto/primitives.ts'
import { sealedKeys } from '../session/key-place.ts'
import type { SealedRecord, StoreBackend } from '../session/store.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS records (
    type INTEGER NOT NULL, id BLOB NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (type, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS aside (
    type INTEGER NOT NULL, id BLOB NOT NULL, generation INTEGER NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL
  );`

/** Bytes of the KEK. */
const KEK_SIZE = 32
const DATABASE = 'state.sqlite'
const KEY_FILE = 'key'

const importKek = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])

/** Reads the key of a folder, or makes it at the first time, readable by its owner only. */
async function keyOf(folder: string): Promise<CryptoKey> {
  const path = `${folder}/${KEY_FILE}`
  try {
    const bytes = await Deno.readFile(path)
    if (bytes.length !== KEK_SIZE) throw new ProtocolError('state-corrupt', 'Cannot use the key file: it was changed')
    return importKek(bytes)
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error
  }
  const bytes = random(KEK_SIZE)
  // session.state.kek-file: the mode comes with the file, and a key that is there is never written over
  await Deno.writeFile(path, bytes, { mode: 0o600, createNew: true })
  const key = await importKek(bytes)
  bytes.fill(0)
  return key
}

/**
 * Holds the folder for this program alone. Throws ProtocolError `state-locked` where another one does
 * (session.store.lock), `state-corrupt` where the file is none of SQLite: it was put aside.
 */
function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    // The lock is taken at the first write and then kept; the rollback journal needs no file that is shared.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE')
    database.exec(SCHEMA)
    database.exec('COMMIT')
    return database
  } catch (error) {
    database.close()
    if (/locked|busy/i.test((error as Error).message)) {
      throw new ProtocolError('state-locked', 'Cannot use the state: another program does')
    }
    if (/not a database|malformed/i.test((error as Error).message)) {
      // session.store.quarantine
      const aside = `${path}.corrupt-${Date.now()}`
      Deno.renameSync(path, aside)
      throw new ProtocolError('state-corrupt', `Cannot read the state: it was put aside as ${aside}`)
    }
    throw error
  }
}

interface Row {
  readonly type: number
  readonly id: Uint8Array
  readonly generation: number
  readonly sealed: Uint8Array
}

/** `folder` is made where it is not there, for its owner only. */
export async function openSqlite(folder: string): Promise<StoreBackend> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 })
  const database = openDatabase(`${folder}/${DATABASE}`)
  await Deno.chmod(`${folder}/${DATABASE}`, 0o600).catch((error) => {
    // Windows knows no such modes.
    if (!(error instanceof Deno.errors.NotSupported)) throw error
  })
  const kek = await keyOf(folder).catch((error) => {
    database.close()
    throw error
  })
  const write = database.prepare('INSERT OR REPLACE INTO records (type, id, generation, sealed) VALUES (?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM records WHERE type = ? AND id = ?')
  const keep = database.prepare('INSERT INTO aside (type, id, generation, sealed, at) VALUES (?, ?, ?, ?, ?)')
  const values = ({ recordType, id, generation, sealed }: SealedRecord) => [recordType, id, generation, sealed] as const
  return {
    kek,
    keys: sealedKeys(),
    async all() {
      const rows = database.prepare('SELECT type, id, generation, sealed FROM records').all() as unknown as Row[]
      return rows.map(({ type, id, generation, sealed }) => ({
        ...{ recordType: type, id: copy(id), generation, sealed: copy(sealed) },
      }))
    },
    async write(record) {
      try {
        write.run(...values(record))
      } catch (error) {
        if (!/disk is full/i.test((error as Error).message)) throw error
        throw new DOMException('Cannot store a record: the disk is full', 'QuotaExceededError')
      }
    },
    async remove({ recordType, id }) {
      remove.run(recordType, id)
    },
    async putAside(record) {
      database.exec('BEGIN')
      keep.run(...values(record), Date.now())
      remove.run(record.recordType, record.id)
      database.exec('COMMIT')
    },
    async close() {
      database.close()
    },
  }
}
