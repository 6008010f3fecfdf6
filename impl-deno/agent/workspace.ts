// The folder that the agent works in, and which folders are inside it.

import { isAbsolute, join, relative, resolve } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

/** The folder with its symbolic links resolved. Throws where it is none. */
export function openWorkspace(folder: string): string {
  const real = Deno.realPathSync(folder)
  if (!Deno.statSync(real).isDirectory) throw new Error(`Cannot work in ${folder}: it is no folder`)
  return real
}

const isInside = (workspace: string, path: string): boolean => {
  const way = relative(workspace, path)
  return way === '' || (way.split('/')[0] !== '..' && !isAbsolute(way))
}

/**
 * A folder of the workspace, given relative to it. Throws ProtocolError `path-outside-workspace` where it is
 * outside with its symbolic links resolved, or without, and `not-found` where it is no folder.
 */
export function folderInside(workspace: string, cwd = '.'): string {
  const outside = () => new ProtocolError('path-outside-workspace', 'Cannot use a folder outside the workspace')
  const named = resolve(workspace, cwd)
  let real: string
  try {
    real = Deno.realPathSync(named)
  } catch {
    // Whether something exists outside is nobody's business.
    if (!isInside(workspace, named)) throw outside()
    throw new ProtocolError('not-found', 'Cannot use a folder: there is none of that name')
  }
  // rpc.terminal.cwd
  if (!isInside(workspace, real)) throw outside()
  if (!Deno.statSync(real).isDirectory) throw new ProtocolError('not-found', 'Cannot use a folder: it is none')
  return real
}

/** The file that a command names, found as a shell finds it. Undefined where there is none to execute. */
export function executableOf(command: string, cwd: string, path: string): string | undefined {
  const candidates = command.includes('/') ? [resolve(cwd, command)] : path.split(':').map((dir) => join(dir, command))
  return candidates.find((file) => {
    try {
      const { isFile, mode } = Deno.statSync(file)
      return isFile && ((mode ?? 0) & 0o111) !== 0
    } catch {
      return false
    }
  })
}
