// The folder that the agent works in, and the check that a path stays inside.

import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

/**
 * The real path of a folder inside the workspace, symbolic links resolved. Throws
 * `path-outside-workspace`, or `not-found` where there is no such folder.
 */
export async function folderInside(workspace: string, path: string): Promise<string> {
  const root = await realpath(workspace)
  const asked = resolve(root, path)
  // Before the file system is asked, so that the answer tells nothing about what is outside.
  mustBeInside(root, asked, path)
  const real = await realFolder(asked, path)
  mustBeInside(root, real, path)
  return real
}

function mustBeInside(root: string, target: string, path: string): void {
  const way = relative(root, target)
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw new ProtocolError('path-outside-workspace', `Cannot use ${JSON.stringify(path)}: it leaves the workspace`)
  }
}

async function realFolder(asked: string, path: string): Promise<string> {
  const missing = new ProtocolError('not-found', `Cannot use ${JSON.stringify(path)}: no such folder`)
  try {
    const real = await realpath(asked)
    if ((await stat(real)).isDirectory()) return real
  } catch {
    throw missing
  }
  throw missing
}
