// Puts a file in its place as a whole, or leaves everything as it was (spec/rpc.md, Files).

import { createHash, randomUUID } from 'node:crypto'
import { type BigIntStats, constants, createReadStream } from 'node:fs'
import { type FileHandle, lstat, open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { bytesOf, writeAll } from './content.ts'
import { stateOf } from './files.ts'
import { type Opened, stillInside, withOpened } from './open-file.ts'
import { mustBeWritable } from './protected-path.ts'
import { Turns } from './turns.ts'
import type { Uploads } from './uploads.ts'
import { descriptorPath, folderInside, mustBeInside, placeInside } from './workspace.ts'

export interface FileWriterOptions {
  readonly workspace: string
  readonly uploads: Uploads
  /** For tests: comes when the folder is checked, and when the new content stands beside the old. */
  readonly checked?: () => unknown
  readonly ready?: () => unknown
}

type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

interface Target {
  /** Real path, inside. */
  readonly folder: string
  readonly name: string
}

export class FileWriter {
  readonly #options: FileWriterOptions
  readonly #turns = new Turns()

  constructor(options: FileWriterOptions) {
    this.#options = options
  }

  async write(params: Params<'file.write'>, deviceId: string): Promise<Result<'file.write'>> {
    const { path, expectedHash, upload } = params
    const content = this.#contentOf(params, deviceId)
    const target = await targetOf(this.#options.workspace, path)
    // rpc.file.turn
    const result = await this.#turns.run(join(target.folder, target.name), () =>
      this.#replace(target, content, expectedHash),
    )
    if (upload !== undefined) await this.#options.uploads.forget(deviceId, upload)
    return result
  }

  #contentOf({ content, encoding = 'utf-8', upload }: Params<'file.write'>, deviceId: string): Content {
    if ((content === undefined) === (upload === undefined)) {
      throw new ProtocolError('invalid-params', 'Cannot write a file: it needs either params.content or params.upload')
    }
    if (upload !== undefined) return createReadStream(this.#options.uploads.fileOf(deviceId, upload))
    return [bytesOf(content as string, encoding)]
  }

  #replace({ folder, name }: Target, content: Content, expectedHash: string | null | undefined) {
    const { workspace, checked, ready } = this.#options
    const replace = async ({ handle, stats, real }: Opened): Promise<Result<'file.write'>> => {
      // Through the descriptor where the system can, so that the folder stays the one that was checked.
      const at = (await descriptorPath(handle)) === undefined ? real : `/proc/self/fd/${handle.fd}`
      const place = join(at, name)
      const temporary = join(at, `.happy-remote-${randomUUID()}`)
      const old = await regularFileAt(place)
      const file = await open(temporary, NEW_FILE, old ? 0o600 : 0o666)
      try {
        const sha256 = await fill(file, content)
        // rpc.file.mode
        if (old) await file.chmod(Number(old.mode) & 0o777)
        await file.sync()
        await ready?.()
        await mustHold(place, expectedHash)
        // rpc.file.write-race: a folder that was moved meanwhile may be outside by now, or protected
        const now = await stillInside(workspace, folder, handle, stats)
        mustBeWritable(await realpath(workspace), join(now, name), name)
        await rename(temporary, place)
        return { sha256, ...stateOf(await file.stat({ bigint: true })) }
      } catch (error) {
        // rpc.file.write-refused
        await rm(temporary, { force: true })
        throw error
      } finally {
        await file.close()
      }
    }
    return withOpened(workspace, folder, 'folder', replace, checked)
  }
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const OLD_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Where the file goes, symbolic links followed. Throws `not-found` where its folder is not there. */
async function targetOf(workspace: string, path: string): Promise<Target> {
  const root = await realpath(workspace)
  const asked = resolve(root, path)
  mustBeInside(root, asked, path)
  mustBeWritable(root, asked, path)
  const real = await placeInside(workspace, path).catch(async (error: unknown) => {
    if (!(error instanceof ProtocolError && error.code === 'not-found')) throw error
    // A file that is not there yet.
    return join(await folderInside(workspace, dirname(asked)), basename(asked))
  })
  if (real === root) throw notAFile()
  mustBeWritable(root, real, path)
  return { folder: dirname(real), name: basename(real) }
}

const notAFile = () => new ProtocolError('not-a-file', 'Cannot write a file: what is there is no regular file')

/** Undefined where nothing is there. Throws `not-a-file`, also for a symbolic link that leads to nothing. */
async function regularFileAt(place: string): Promise<BigIntStats | undefined> {
  const stats = await lstat(place, { bigint: true }).catch(undefinedWhereMissing)
  if (stats && !stats.isFile()) throw notAFile()
  return stats
}

function undefinedWhereMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

/** Throws `conflict` with the hash of what is there where another is expected (rpc.file.expected). */
async function mustHold(place: string, expectedHash: string | null | undefined): Promise<void> {
  if (expectedHash === undefined) return
  const file = await open(place, OLD_FILE).catch(undefinedWhereMissing)
  const sha256 = file ? await hashOfFile(file) : null
  if (sha256 === expectedHash) return
  throw new ProtocolError('conflict', 'Cannot write a file: it is not what the request assumes', { sha256 })
}

async function hashOfFile(file: FileHandle): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk)
  } finally {
    await file.close()
  }
  return hash.digest('base64url')
}

/** The hash of what was written. */
async function fill(file: FileHandle, content: Content): Promise<string> {
  const hash = createHash('sha256')
  let position = 0
  for await (const chunk of content) {
    hash.update(chunk)
    await writeAll(file, chunk, position)
    position += chunk.length
  }
  return hash.digest('base64url')
}
