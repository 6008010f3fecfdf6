// Files of any size, piece by piece (spec/rpc.md, Files).

import { createHash, randomUUID } from 'node:crypto'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from './controller.ts'

type Caller = Pick<Controller, 'call'>

export interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
  /** Of the whole file. */
  readonly size: number
}

/** A piece is asked for again so often where no answer comes. */
const TRIES = 5

/**
 * The pieces of a file in their order, all of one version. Throws ProtocolError: the agent's error, `conflict`
 * where the file changes meanwhile, `internal` where the agent sends other bytes than it says.
 */
export async function* readFile(caller: Caller, path: string): AsyncGenerator<Piece> {
  let version: string | undefined
  for (let offset = 0; ; ) {
    const piece = await readPiece(caller, { path, offset, ...(version !== undefined && { version }) })
    const bytes = Buffer.from(piece.content, 'base64url')
    if (createHash('sha256').update(bytes).digest('base64url') !== piece.sha256) {
      throw new ProtocolError('internal', 'Cannot read a file: the hash of a piece is not that of its bytes')
    }
    version = piece.version
    yield { offset, bytes, size: piece.size }
    offset += bytes.length
    if (offset >= piece.size) return
    if (bytes.length === 0) throw new ProtocolError('internal', 'Cannot read a file: it ends before its size')
  }
}

async function readPiece(
  caller: Caller,
  params: { path: string; offset: number; version?: string },
): Promise<Result<'file.read'>> {
  for (let tries = 1; ; tries++) {
    try {
      return await caller.call('file.read', params)
    } catch (error) {
      if (!(error instanceof ProtocolError && error.code === 'timeout') || tries === TRIES) throw error
    }
  }
}

export interface Source {
  readonly size: number
  /** So many bytes from there. */
  read(offset: number, length: number): Promise<Uint8Array>
}

export interface WriteOptions {
  /** null: only where nothing is there. */
  readonly expectedHash?: string | null
  /** Called with the number of bytes that the agent has. */
  readonly onProgress?: (sent: number) => void
}

/** Puts `source` in the place of `path`. Throws ProtocolError: the agent's error. */
export async function writeFile(
  caller: Caller,
  path: string,
  source: Source,
  { expectedHash, onProgress = () => {} }: WriteOptions = {},
): Promise<Result<'file.write'>> {
  const expected = expectedHash === undefined ? {} : { expectedHash }
  if (source.size <= limits.filePiece) {
    const content = Buffer.from(await source.read(0, source.size)).toString('base64url')
    return caller.call('file.write', { path, content, encoding: 'base64url', ...expected })
  }
  const upload = randomUUID()
  for (let offset = 0; offset < source.size; ) {
    const bytes = await source.read(offset, Math.min(limits.filePiece, source.size - offset))
    const data = Buffer.from(bytes).toString('base64url')
    offset = await caller.call('file.upload', { upload, offset, data }).then((result) => result.offset, acceptedSoFar)
    onProgress(offset)
  }
  return caller.call('file.write', { path, upload, ...expected })
}

/** Of a piece that had arrived already, or of an upload that the agent no longer has: where to go on. */
function acceptedSoFar(error: unknown): number {
  const { code, data } = error as { code?: unknown; data?: { offset?: unknown } }
  if (code === 'conflict' && typeof data?.offset === 'number') return data.offset
  throw error
}
