// The stored state of a role, opened for a sub-command.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Role } from '../session/message.ts'
import { Store } from '../session/store.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { CommandFailure, EXIT_NOT_PAIRED } from './command.ts'
import type { Settings } from './settings.ts'

/** Of the agent's record of who did what. */
export const auditPath = ({ state }: Pick<Settings, 'state'>): string => `${state}/agent/audit.sqlite`

/**
 * Holds the state until it is closed. With `existing` it is not made, and where there is none the
 * command fails with exit code 3 and this sentence.
 */
export async function openState({ state }: Pick<Settings, 'state'>, role: Role, existing?: string): Promise<Store> {
  const folder = `${state}/${role}`
  if (existing !== undefined) {
    await Deno.stat(folder).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error
      throw new CommandFailure(existing, EXIT_NOT_PAIRED, 'not-paired')
    })
  }
  try {
    return await Store.open(await openSqlite(folder))
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
