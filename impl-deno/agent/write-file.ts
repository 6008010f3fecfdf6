// Writes a file beside its place and moves it there, so that there is the old content or the new (spec/rpc.md, Files).

import { createHash } from 'node:crypto'
import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { decoded } from './content.ts'
import { stateOf } from './files.ts'
import { close, type OpenPlace, openInside, pathOfDescriptor, whereIs } from './open-file.ts'
import { requireWritable } from './protected.ts'
import type { Uploads } from './uploads.ts'
import { folderInside, realInside, refusalOf, requireInside } from './workspace.ts'

const BLOCK = 1_048_576
const { O_WRONLY, O_CREAT, O_EXCL, O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/** For tests: called when the folder was checked, and when the new file stands beside its place. */
export interface WriteHooks {
  readonly checked?: () => void
  readonly ready?: () => void
}

export class FileWriter {
  /** Real path. */
  readonly #workspace: string
  readonly #uploads: Uploads
  readonly #hooks: WriteHooks
  /** By real path: writes of the same file follow each other. */
  readonly #last = new Map<string, Promise<unknown>>()

  constructor(workspace: string, uploads: Uploads, hooks: WriteHooks = {}) {
    this.#workspace = workspace
    this.#uploads = uploads
    this.#hooks = hooks
  }

  async write(params: Params<'file.write'>, device: string): Promise<Result<'file.write'>> {
    const { path, upload, expectedHash } = params
    const content = this.#contentOf(params, device)
    const target = this.#targetOf(path)
    const result = await this.#inTurn(target, () => this.#replace(target, content, expectedHash))
    if (upload !== undefined) this.#uploads.forget(device, upload)
    return result
  }

  #contentOf({ content, encoding = 'utf-8', upload }: Params<'file.write'>, device: string): Content {
    if (content !== undefined && upload === undefined) {
      const bytes = decoded(content, encoding)
      return () => [bytes]
    }
    if (content === undefined && upload !== undefined) {
      const file = this.#uploads.pathOf(device, upload)
      return () => blocksOf(openSync(file, O_RDONLY))
    }
    throw new ProtocolError('invalid-params', 'Cannot write a file: either its content is given, or an upload')
  }

  /** The real path to write, of a file that is there or will be. Throws ProtocolError where that must not be. */
  #targetOf(path: string): string {
    const named = resolve(this.#workspace, path)
    requireInside(this.#workspace, named)
    requireWritable(this.#workspace, named)
    const real = this.#realOrNew(named)
    if (real === this.#workspace) throw notAFile()
    requireWritable(this.#workspace, real)
    return real
  }

  #realOrNew(named: string): string {
    try {
      return realInside(this.#workspace, named)
    } catch (error) {
      if (!(error instanceof ProtocolError && error.code === 'not-found')) throw error
      return join(folderInside(this.#workspace, dirname(named)), basename(named))
    }
  }

  async #replace(target: string, content: Content, expectedHash?: string | null): Promise<Result<'file.write'>> {
    const { checked, ready } = this.#hooks
    const folder = openInside(this.#workspace, dirname(target), { kind: 'folder', checked })
    try {
      const at = pathOfDescriptor(folder.descriptor) ?? folder.path
      const place = `${at}/${basename(target)}`
      const beside = `${at}/.happy-remote-${crypto.randomUUID()}`
      const old = fileAt(place)
      const file = openSync(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, old ? 0o600 : 0o666)
      try {
        const sha256 = await fill(file, content())
        // rpc.file.mode
        if (old) fchmodSync(file, Number(old.mode) & 0o777)
        fsyncSync(file)
        ready?.()
        if (expectedHash !== undefined) await requireHash(place, expectedHash)
        this.#requireUnmoved(folder, target)
        renameSync(beside, place)
        return { sha256, ...stateOf(fstatSync(file, { bigint: true })) }
      } catch (error) {
        // rpc.file.write-refused
        rmSync(beside, { force: true })
        throw error
      } finally {
        closeSync(file)
      }
    } catch (error) {
      throw refusalOf(error)
    } finally {
      close(folder)
    }
  }

  /** rpc.file.write-race: the folder may have been moved meanwhile, out of the workspace or to where nobody may write. */
  #requireUnmoved(folder: OpenPlace, target: string): void {
    const now = whereIs(this.#workspace, dirname(target), folder)
    requireWritable(this.#workspace, `${now}/${basename(target)}`)
  }

  /** rpc.file.turn */
  #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work, work)
    this.#last.set(key, turn)
    const leave = () => {
      if (this.#last.get(key) === turn) this.#last.delete(key)
    }
    void turn.then(leave, leave)
    return turn
  }
}

type Content = () => Iterable<Uint8Array>

const notAFile = () => new ProtocolError('not-a-file', 'Cannot write a file: something else is in its place')

/** Undefined where nothing is. Throws ProtocolError `not-a-file`. */
function fileAt(place: string): BigIntStats | undefined {
  const stats = lstatSync(place, { bigint: true, throwIfNoEntry: false })
  if (stats && !stats.isFile()) throw notAFile()
  return stats
}

/** Closes the descriptor behind the last block. */
function* blocksOf(descriptor: number): Generator<Uint8Array> {
  try {
    for (let position = 0; ; ) {
      const block = new Uint8Array(BLOCK)
      const read = readSync(descriptor, block, 0, BLOCK, position)
      if (read === 0) return
      position += read
      yield block.subarray(0, read)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Others have their turn between two blocks. */
const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 0))

async function fill(file: number, blocks: Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for (const block of blocks) {
    hash.update(block)
    for (let done = 0; done < block.length; ) done += writeSync(file, block, done, block.length - done)
    await pause()
  }
  return hash.digest('base64url')
}

/** rpc.file.expected */
async function requireHash(place: string, expected: string | null): Promise<void> {
  let present: string | null = null
  if (fileAt(place)) {
    const hash = createHash('sha256')
    for (const block of blocksOf(openSync(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))) {
      hash.update(block)
      await pause()
    }
    present = hash.digest('base64url')
  }
  if (present === expected) return
  throw new ProtocolError('conflict', 'Cannot write a file: something else is there', { sha256: present })
}
