// The files of the workspace, as controllers read them (spec/rpc.md, Files).

import { createHash } from 'node:crypto'
import type { BigIntStats, Stats } from 'node:fs'
import { type FileHandle, lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { withOpened } from './open-file.ts'
import { descriptorPath, placeInside, refusal } from './workspace.ts'

type Entry = Result<'file.list'>['entries'][number]

/** What a name that is not UTF-8 is read as. */
const REPLACEMENT = '\ufffd'

/** `checked` is for tests: it comes between the check of a path and its use. */
export async function readPiece(
  workspace: string,
  { path, offset = 0, length = limits.filePiece, version }: Params<'file.read'>,
  checked?: () => unknown,
): Promise<Result<'file.read'>> {
  const read = async ({ handle, stats }: { handle: FileHandle; stats: BigIntStats }) => {
    mustBeVersion(version ?? versionOf(stats), stats, path)
    const content = await bytesAt(handle, offset, length)
    // rpc.file.whole
    mustBeVersion(versionOf(stats), await handle.stat({ bigint: true }), path)
    return { content: content.toString('base64url'), sha256: hashOf(content), ...stateOf(stats) }
  }
  return withOpened(workspace, path, 'file', read, checked)
}

/** rpc.file.stat */
export async function statPath(workspace: string, { path }: Params<'file.stat'>): Promise<Result<'file.stat'>> {
  try {
    const stats = await stat(await placeInside(workspace, path), { bigint: true })
    return { type: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other', ...stateOf(stats) }
  } catch (error) {
    throw refusal(error, path)
  }
}

/** `checked` as above. */
export function listFolder(
  workspace: string,
  { path, after, limit }: Params<'file.list'>,
  checked?: () => unknown,
): Promise<Result<'file.list'>> {
  const list = async ({ handle, real }: { handle: FileHandle; real: string }): Promise<Result<'file.list'>> => {
    // Through the descriptor where the system can, so that the folder stays the one that was checked.
    const folder = (await descriptorPath(handle)) === undefined ? real : `/proc/self/fd/${handle.fd}`
    // Two names that are not UTF-8 may read the same.
    const rest = behind(new Set(await readdir(folder)), after)
    const entries: Entry[] = []
    let seen = 0
    for (const name of rest) {
      if (entries.length === limit) break
      seen++
      const entry = await entryOf(folder, name)
      if (entry) entries.push(entry)
    }
    return { entries, more: seen < rest.length }
  }
  return withOpened(workspace, path, 'folder', list, checked)
}

/** Undefined where it is gone by now. */
async function entryOf(folder: string, name: string): Promise<Entry | undefined> {
  try {
    const stats = await lstat(join(folder, name))
    return { name, type: typeOf(stats), size: stats.size, mtime: milliseconds(stats.mtimeMs) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // rpc.file.name
    return name.includes(REPLACEMENT) ? { name, type: 'unreachable' } : undefined
  }
}

function typeOf(stats: Stats): Entry['type'] {
  if (stats.isSymbolicLink()) return 'link'
  if (stats.isFile()) return 'file'
  return stats.isDirectory() ? 'folder' : 'other'
}

/** rpc.file.list, rpc.file.page: by the bytes of the names, which are made once for each. */
function behind(names: ReadonlySet<string>, after: string | undefined): string[] {
  const from = after === undefined ? undefined : Buffer.from(after)
  return Array.from(names, (name) => ({ name, bytes: Buffer.from(name) }))
    .filter(({ bytes }) => from === undefined || bytes.compare(from) > 0)
    .sort((a, b) => a.bytes.compare(b.bytes))
    .map(({ name }) => name)
}

async function bytesAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const content = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(content, filled, length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return content.subarray(0, filled)
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url')

/** Before 1970 is 1970. */
const milliseconds = (ms: number): number => Math.max(0, Math.floor(ms))

export const stateOf = (stats: BigIntStats) => ({
  size: Number(stats.size),
  mtime: milliseconds(Number(stats.mtimeMs)),
  version: versionOf(stats),
})

/** rpc.file.changed */
const versionOf = ({ dev, ino, size, mtimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs].map((part) => part.toString(36)).join('-')

/** rpc.file.version */
function mustBeVersion(expected: string, stats: BigIntStats, path: string): void {
  const version = versionOf(stats)
  if (expected === version) return
  throw new ProtocolError('conflict', `Cannot read ${JSON.stringify(path)}: it has changed`, { version })
}
