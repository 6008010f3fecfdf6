// Files and folders of the workspace, for controllers (spec/rpc.md, Files).

import { Buffer } from 'node:buffer'
import { type BigIntStats, fstatSync, readSync } from 'node:fs'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { utf8 } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import { close, openInside, pathOfDescriptor } from './open-file.ts'
import { realInside, refusalOf } from './workspace.ts'

type Entry = Result<'file.list'>['entries'][number]

export class Files {
  /** Real path. */
  readonly #workspace: string
  readonly #checked: (() => void) | undefined

  /** `checked` is for tests: it is called between the check of a path and its use. */
  constructor(workspace: string, checked?: () => void) {
    this.#workspace = workspace
    this.#checked = checked
  }

  read({ path, offset = 0, length = limits.filePiece, version }: Params<'file.read'>): Result<'file.read'> {
    const place = openInside(this.#workspace, path, { kind: 'file', checked: this.#checked })
    try {
      // rpc.file.version
      requireVersion(version ?? versionOf(place.stats), place.stats)
      const content = bytesOf(place.descriptor, offset, length)
      // rpc.file.whole
      requireVersion(versionOf(place.stats), fstatSync(place.descriptor, { bigint: true }))
      return { content: content.toString('base64url'), sha256: hashText(content), ...stateOf(place.stats) }
    } finally {
      close(place)
    }
  }

  /** rpc.file.stat */
  stat({ path }: Params<'file.stat'>): Result<'file.stat'> {
    const real = realInside(this.#workspace, path)
    try {
      const info = Deno.statSync(real)
      const type = info.isFile ? 'file' : info.isDirectory ? 'folder' : 'other'
      return { type, ...stateOf(statsOf(info)) }
    } catch (error) {
      throw refusalOf(error)
    }
  }

  async list({ path, after, limit }: Params<'file.list'>): Promise<Result<'file.list'>> {
    const place = openInside(this.#workspace, path, { kind: 'folder', checked: this.#checked })
    try {
      const folder = pathOfDescriptor(place.descriptor) ?? place.path
      // What cannot be read as UTF-8 may look the same twice.
      const names = new Set<string>()
      for await (const { name } of Deno.readDir(folder)) names.add(name)
      const behind = inOrder(names, after)
      const entries: Entry[] = []
      let next = 0
      while (entries.length < limit && next < behind.length) {
        const entry = await entryOf(folder, behind[next++] as string)
        if (entry) entries.push(entry)
      }
      // rpc.file.page
      return { entries, more: next < behind.length }
    } catch (error) {
      throw refusalOf(error)
    } finally {
      close(place)
    }
  }
}

/** Undefined where it is gone since its name was read. */
async function entryOf(folder: string, name: string): Promise<Entry | undefined> {
  try {
    const { isFile, isDirectory, isSymlink, size, mtime } = await Deno.lstat(`${folder}/${name}`)
    // rpc.file.entry-link
    const type = isSymlink ? 'link' : isFile ? 'file' : isDirectory ? 'folder' : 'other'
    return { name, type, size, mtime: Math.max(0, mtime?.getTime() ?? 0) }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error
    // rpc.file.name: the system does not know it by the text that stands for its bytes
    return name.includes('\ufffd') ? { name, type: 'unreachable' } : undefined
  }
}

/** The names behind `after`, in the order of their bytes (rpc.file.list). */
function inOrder(names: Iterable<string>, after?: string): string[] {
  const all = [...names].map((name) => [name, utf8(name)] as const)
  const first = after === undefined ? undefined : utf8(after)
  const behind = first ? all.filter(([, bytes]) => Buffer.compare(bytes, first) > 0) : all
  return behind.sort(([, a], [, b]) => Buffer.compare(a, b)).map(([name]) => name)
}

function bytesOf(descriptor: number, offset: number, length: number): Buffer {
  const content = Buffer.alloc(length)
  let filled = 0
  for (let read = -1; filled < length && read !== 0; filled += read) {
    read = readSync(descriptor, content, filled, length - filled, offset + filled)
  }
  return content.subarray(0, filled)
}

export const hashText = (bytes: Uint8Array): string => Buffer.from(hash(bytes)).toString('base64url')

/** What a version is made of. */
type Stats = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeMs'>

const statsOf = ({ dev, ino, size, mtime }: Deno.FileInfo): Stats => ({
  ...{ dev: BigInt(dev), ino: BigInt(ino ?? 0), size: BigInt(size), mtimeMs: BigInt(mtime?.getTime() ?? 0) },
})

export const stateOf = (stats: Stats) => ({
  size: Number(stats.size),
  mtime: Math.max(0, Number(stats.mtimeMs)),
  version: versionOf(stats),
})

/** rpc.file.changed */
const versionOf = ({ dev, ino, size, mtimeMs }: Stats): string => [dev, ino, size, mtimeMs].join('.')

function requireVersion(version: string, stats: Stats): void {
  const present = versionOf(stats)
  if (version === present) return
  throw new ProtocolError('conflict', 'Cannot read a file: it has changed', { version: present })
}
