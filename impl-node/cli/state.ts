// The state folder of a role, and the pairings in it.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { deviceIdOf, deviceIdText } from '../crypto/identity.ts'
import type { Role } from '../session/ratchet.ts'
import type { PairingRecord } from '../session/record.ts'
import { Store } from '../session/store.ts'
import { fileWitness, type Witness, witnessFolder } from '../session/witness.ts'
import { EXIT } from './command.ts'
import { Failure, systemReason } from './failure.ts'
import { note } from './output.ts'
import { safeLine } from './safe-text.ts'

const HOLDERS: Record<Role, string> = {
  agent: 'An agent already runs with this state: end it with q there, or give this one another --state.',
  controller: 'Another `happy-remote control` or `pair` is using this state; end it, or give this one another --state.',
}

/**
 * The witness of profile P, undefined where that is not wanted: then nothing of a session stays stored. Throws
 * Failure where the system has no place for it.
 */
export function witnessOf(store: Store, isWanted: boolean, env: NodeJS.ProcessEnv): Witness | undefined {
  if (!isWanted) {
    for (const { pairingId } of store.pairings) store.removeSession(pairingId)
    return undefined
  }
  const folder = witnessFolder(env)
  if (folder === null) {
    throw new Failure(
      EXIT.failed,
      'system',
      'Sessions can be kept only with XDG_RUNTIME_DIR or RUNTIME_DIRECTORY, a folder that no backup brings back.',
    )
  }
  try {
    return fileWitness(folder)
  } catch (error) {
    throw new Failure(EXIT.failed, 'system', (error as Error).message)
  }
}

/** Opens, and makes if need be, the state of a role. Throws Failure. */
export function openState(base: string, role: Role): Store {
  const folder = join(base, role)
  try {
    const store = new Store(folder)
    if (store.quarantined > 0) note(`${store.quarantined} damaged pairing records in ${folder} were put aside.`)
    return store
  } catch (error) {
    if (!(error instanceof ProtocolError)) {
      throw new Failure(EXIT.failed, 'system', `Cannot use the state folder ${folder}: ${systemReason(error)}.`)
    }
    if (error.code === 'state-locked') throw new Failure(EXIT.failed, error.code, `${HOLDERS[role]} (${folder})`)
    throw error
  }
}

/** Whether this role has ever run with this state. */
export const hasState = (base: string, role: Role): boolean => existsSync(join(base, role, 'state.db'))

export const peerIdOf = (record: PairingRecord): string => deviceIdText(deviceIdOf(record.peer.identityKey))

/** What people call the peer. */
export const peerNameOf = (record: PairingRecord): string =>
  safeLine(record.peerName, 64) || peerIdOf(record).slice(0, 8)

/** Device ids are told apart by their first characters well enough for people. */
export const shortId = (deviceId: string): string => deviceId.slice(0, 8)

export const pairingsOf = (store: Store, role: Role): PairingRecord[] =>
  store.pairings.filter((record) => record.role === role && record.state === 'stored')

/** The pairing that `wanted` names: a name, or an id or its beginning. Throws Failure where that is none, or several. */
export function choosePairing(records: readonly PairingRecord[], wanted: string | undefined): PairingRecord {
  if (records.length === 0) {
    throw new Failure(
      EXIT.notPaired,
      'not-paired',
      'No computer is paired here yet: start `happy-remote agent` there, then `happy-remote pair` here.',
    )
  }
  const list = records.map((record) => `"${peerNameOf(record)}" (${shortId(peerIdOf(record))})`).join(', ')
  const fits = (record: PairingRecord) =>
    wanted === undefined ||
    peerNameOf(record).toLowerCase() === wanted.toLowerCase() ||
    (wanted.length >= 4 && peerIdOf(record).startsWith(wanted.toLowerCase().replace(/^hd1-?/, '')))
  const [record, ...others] = records.filter(fits)
  if (!record)
    throw new Failure(
      EXIT.notPaired,
      'not-paired',
      `Nothing paired is called ${JSON.stringify(wanted)}; there is ${list}.`,
    )
  if (others.length > 0) {
    throw new Failure(EXIT.usage, 'usage', `Several computers are paired; say with --device which one: ${list}.`)
  }
  return record
}

/** `heard 7 s ago`, or `not heard yet` */
export const heard = (at: number | null, now?: number): string =>
  at === null ? 'not heard yet' : `heard ${ago(at, now)}`

/** `7 s ago`, `3 min ago` */
export function ago(at: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - at) / 1_000))
  if (seconds < 90) return `${seconds} s ago`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h ago`
  return `${Math.round(seconds / 86_400)} days ago`
}
