// Encryption of stored records, and the key file that protects them (spec/session.md). Without a
// keychain this protects backups and other accounts, not an account that is itself compromised.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { concat, open, type Random, randomBytes, seal, uint } from '../crypto/primitives.ts'

export const RECORD_TYPES = { pairing: 1, identity: 2, denied: 3, session: 4, queued: 5, place: 6 } as const
export type RecordType = keyof typeof RECORD_TYPES

const NONCE = 12

/** `type` is the byte of a record type. */
export const recordData = (type: number, id: Uint8Array, generation: number): Uint8Array =>
  concat(label('at-rest'), uint(8, type), id, uint(64, generation))

/** `id` is 16 bytes. A new random nonce each time, before the ciphertext. */
export function sealRecord(
  key: Uint8Array,
  type: RecordType,
  id: Uint8Array,
  generation: number,
  image: Uint8Array,
  random: Random = randomBytes,
): Uint8Array {
  const nonce = random(NONCE)
  return concat(nonce, seal(key, nonce, recordData(RECORD_TYPES[type], id, generation), image))
}

/** Throws ProtocolError `state-corrupt`. */
export function openRecord(
  key: Uint8Array,
  type: RecordType,
  id: Uint8Array,
  generation: number,
  sealed: Uint8Array,
): Uint8Array {
  try {
    return open(key, sealed.subarray(0, NONCE), recordData(RECORD_TYPES[type], id, generation), sealed.subarray(NONCE))
  } catch {
    throw new ProtocolError('state-corrupt')
  }
}

/**
 * The 32-byte key of a state folder (session.state.kek-file), made at first use: `isNew` says that there is
 * nothing yet which another key has sealed. Throws ProtocolError `state-corrupt`.
 */
export function loadKeyFile(folder: string, isNew = true): Uint8Array {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'key')
  if (!existsSync(path)) {
    if (!isNew) {
      throw new ProtocolError(
        'state-corrupt',
        `Cannot use ${folder}: its key file is missing. Restore ${path}, or move the folder away to begin anew.`,
      )
    }
    createKeyFile(path)
  }
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new ProtocolError('state-corrupt', `Cannot use ${path}: others may read it. Set its mode to 600.`)
  }
  const key = readFileSync(path)
  if (key.length !== 32) throw new ProtocolError('state-corrupt', `Cannot use ${path}: it is not a 32-byte key.`)
  return new Uint8Array(key)
}

/** The file appears whole or not at all, and the first of two processes wins. */
function createKeyFile(path: string): void {
  const draft = `${path}.${process.pid}.new`
  const file = openSync(draft, 'w', 0o600)
  try {
    writeSync(file, randomBytes(32))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(draft)
  }
}
