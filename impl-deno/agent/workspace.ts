// The folder that the agent works in, and which folders and files are inside it.

import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
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

/** Throws ProtocolError `path-outside-workspace`. */
export function requireInside(workspace: string, path: string): void {
  if (isInside(workspace, path)) return
  throw new ProtocolError('path-outside-workspace', 'Cannot use what is outside the workspace')
}

/**
 * Where a path of the workspace, given relative to it, leads with its symbolic links resolved. Throws ProtocolError
 * `path-outside-workspace` where that is outside, or where the path is without them, and `not-found` where nothing
 * is there.
 */
export function realInside(workspace: string, path: string): string {
  const named = resolve(workspace, path)
  // Whether something exists outside is nobody's business.
  requireInside(workspace, named)
  let real: string
  try {
    real = Deno.realPathSync(named)
  } catch (error) {
    if (named !== workspace && isMissing(error)) requireWayInside(workspace, named)
    throw refusalOf(error)
  }
  // rpc.terminal.cwd, rpc.file.inside
  requireInside(workspace, real)
  return real
}

/** The same of a folder: `not-found` where it is none. */
export function folderInside(workspace: string, cwd = '.'): string {
  const real = realInside(workspace, cwd)
  if (!Deno.statSync(real).isDirectory) throw new ProtocolError('not-found', 'Cannot use a folder: it is none')
  return real
}

/** Of a path that leads to nothing: its folder, and the link that it may be, have to be inside as well. */
function requireWayInside(workspace: string, named: string): void {
  const folder = realInside(workspace, dirname(named))
  let target: string
  try {
    target = Deno.readLinkSync(named)
  } catch {
    return
  }
  realInside(workspace, resolve(folder, target))
}

const isMissing = (error: unknown): boolean =>
  error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory

const CODES = {
  'not-found': ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'],
  forbidden: ['EACCES', 'EPERM', 'EROFS'],
  'too-large': ['ENOSPC', 'EDQUOT', 'EFBIG'],
} as const
const REASONS = {
  'not-found': 'there is nothing of that name',
  forbidden: 'the user of the agent may not',
  'too-large': 'the disk has no room',
}

/** Deno names few of the system's errors, and tells of the others the number, here that of Linux. */
const NUMBERS: Readonly<Record<string, string>> = { 27: 'EFBIG', 28: 'ENOSPC', 30: 'EROFS', 122: 'EDQUOT' }

function codeOf(error: unknown): string {
  const { code, message = '' } = error as { code?: string; message?: string }
  return code ?? NUMBERS[/\(os error (\d+)\)/.exec(message)?.[1] ?? ''] ?? ''
}

/** What is told of a failure of the file system; what nobody foresaw stays as it is, and is `internal`. */
export function refusalOf(error: unknown): unknown {
  const found = codeOf(error)
  for (const code of ['not-found', 'forbidden', 'too-large'] as const) {
    const codes: readonly string[] = CODES[code]
    if (codes.includes(found)) return new ProtocolError(code, `Cannot use a path: ${REASONS[code]}`)
  }
  return error
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
