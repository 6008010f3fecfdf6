// Opens what a path of the workspace leads to, and makes sure that it is what was checked.

import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { descriptorPath, mustBeInside, placeInside, refusal } from './workspace.ts'

export interface Opened {
  readonly handle: FileHandle
  readonly stats: BigIntStats
  /** Below the real path of the workspace. */
  readonly real: string
}

export type Kind = 'file' | 'folder'

// O_NONBLOCK: a fifo that takes the place of a file between check and use must not be waited for.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Hands the open file or folder to `use`, and closes it. Throws `not-a-file` or, for a folder, `not-found`
 * where it is of another kind. `checked` is for tests: it comes between the check and the use.
 */
export async function withOpened<T>(
  workspace: string,
  path: string,
  kind: Kind,
  use: (opened: Opened) => Promise<T>,
  checked: () => unknown = () => {},
): Promise<T> {
  try {
    const real = await placeInside(workspace, path)
    const before = await lstat(real, { bigint: true })
    // Before it is opened: opening a device can have an effect.
    mustBe(kind, before, path)
    await checked()
    const handle = await open(real, kind === 'folder' ? FLAGS | constants.O_DIRECTORY : FLAGS)
    try {
      const stats = await handle.stat({ bigint: true })
      mustBe(kind, stats, path)
      await stillInside(workspace, path, handle, stats)
      return await use({ handle, stats, real })
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw refusal(error, path)
  }
}

/** Where it lies now: what was opened counts, and not where the path led before (rpc.file.race). */
export async function stillInside(
  workspace: string,
  path: string,
  handle: FileHandle,
  { dev, ino }: BigIntStats,
): Promise<string> {
  const actual = await descriptorPath(handle)
  if (actual !== undefined) {
    mustBeInside(await realpath(workspace), actual, path)
    return actual
  }
  const real = await placeInside(workspace, path)
  const now = await lstat(real, { bigint: true })
  if (now.dev === dev && now.ino === ino) return real
  throw new ProtocolError('conflict', `Cannot use ${JSON.stringify(path)}: it changed meanwhile`)
}

function mustBe(kind: Kind, stats: BigIntStats, path: string): void {
  if (kind === 'file' ? stats.isFile() : stats.isDirectory()) return
  const what = `Cannot use ${JSON.stringify(path)}`
  if (kind === 'folder') throw new ProtocolError('not-found', `${what}: it is no folder`)
  throw new ProtocolError('not-a-file', `${what}: it is no regular file`)
}
