// The folder that the agent works in, and the check that a path stays inside.

import { type FileHandle, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

/**
 * The real path of a folder inside the workspace, symbolic links resolved. Throws
 * `path-outside-workspace`, or `not-found` where there is no such folder.
 */
export async function folderInside(workspace: string, path: string): Promise<string> {
  const real = await placeInside(workspace, path)
  if ((await stat(real)).isDirectory()) return real
  throw missing(path)
}

/** The same of whatever is there. Throws `forbidden` where the user of the agent may not look. */
export async function placeInside(workspace: string, path: string): Promise<string> {
  const root = await realpath(workspace)
  const asked = resolve(root, path)
  // Before the file system is asked, so that the answer tells nothing about what is outside.
  mustBeInside(root, asked, path)
  const real = await realpath(asked).catch((error: NodeJS.ErrnoException) => refuseMissing(root, asked, path, error))
  mustBeInside(root, real, path)
  return real
}

export function mustBeInside(root: string, target: string, path: string): void {
  const way = relative(root, target)
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw new ProtocolError('path-outside-workspace', `Cannot use ${JSON.stringify(path)}: it leaves the workspace`)
  }
}

/** Where a descriptor leads now, or undefined where the system does not tell. */
export function descriptorPath({ fd }: FileHandle): Promise<string | undefined> {
  return readlink(`/proc/self/fd/${fd}`).catch(() => undefined)
}

/** Says `path-outside-workspace` where the way leads out, also where nothing is there, and else what is wrong. */
async function refuseMissing(root: string, asked: string, path: string, error: NodeJS.ErrnoException): Promise<never> {
  for (let at = asked; at !== root; at = dirname(at)) {
    const folder = await realpath(dirname(at)).catch(() => undefined)
    if (folder === undefined) continue
    mustBeInside(root, folder, path)
    const target = await readlink(join(folder, basename(at))).catch(() => undefined)
    if (target !== undefined && error.code !== 'ELOOP') await placeInside(root, resolve(folder, target))
    break
  }
  throw refusal(error, path)
}

const missing = (path: string) =>
  new ProtocolError('not-found', `Cannot use ${JSON.stringify(path)}: there is no such thing`)

/** With the last one Node refuses a path that holds a zero byte. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'])
const DENIED = new Set(['EACCES', 'EPERM', 'EROFS'])
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** What the caller is told of a failure of the file system; anything unforeseen stays what it is. */
export function refusal(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const attempted = `Cannot use ${JSON.stringify(path)}`
  if (MISSING.has(code)) return missing(path)
  if (DENIED.has(code)) return new ProtocolError('forbidden', `${attempted}: the user of the agent may not`)
  if (FULL.has(code)) return new ProtocolError('too-large', `${attempted}: the disk has no room`)
  return error
}
