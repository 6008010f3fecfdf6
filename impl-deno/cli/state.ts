// The stored state of a role, opened for a sub-command.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Witness } from '../session/kept-session.ts'
import type { Role } from '../session/message.ts'
import { Store } from '../session/store.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { openWitness, witnessFolder } from '../storage/witness.ts'
import { CommandFailure, EXIT_NOT_PAIRED } from './command.ts'
import type { Settings } from './settings.ts'

/** Of the agent's record of who did what. */
export const auditPath = ({ state }: Pick<Settings, 'state'>): string => `${state}/agent/audit.sqlite`

type StateSettings = Pick<Settings, 'state' | 'keepSessions'>

/** Throws CommandFailure where the system has no place for it. */
function witnessHere(): Promise<Witness> {
  const folder = witnessFolder((name) => Deno.env.get(name))
  if (folder !== undefined) return openWitness(folder)
  throw new CommandFailure(
    'Sessions can be kept only with XDG_RUNTIME_DIR or RUNTIME_DIRECTORY, a folder that no backup brings back',
  )
}

/**
 * Holds the state until it is closed. With `existing` it is not made, and where there is none the
 * command fails with exit code 3 and this sentence.
 */
export async function openState(settings: StateSettings, role: Role, existing?: string): Promise<Store> {
  const { state, keepSessions } = settings
  const folder = `${state}/${role}`
  if (existing !== undefined) {
    await Deno.stat(folder).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error
      throw new CommandFailure(existing, EXIT_NOT_PAIRED, 'not-paired')
    })
  }
  try {
    const witness = keepSessions ? await witnessHere() : undefined
    return await Store.open(await openSqlite(folder), witness)
  } catch (error) {
    if (error instanceof ProtocolError) {
      const inUse = error.code === 'state-locked'
      throw new CommandFailure(
        inUse ? `The state ${folder} is in use by another program` : error.message,
        1,
        error.code,
      )
    }
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
      throw new CommandFailure(`Cannot use the state ${folder}: it is not permitted`)
    }
    throw error
  }
}
