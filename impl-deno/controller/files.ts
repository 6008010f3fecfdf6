// Files of the agent's workspace as a whole, whatever their size (spec/rpc.md, Files).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { fromBase64url, toBase64url } from '../crypto/base64url.ts'
import { hash } from '../crypto/primitives.ts'
import type { Controller } from './controller.ts'
import { CallFailure } from './failure.ts'

/** What these functions need of a controller. */
export type FileAgent = Pick<Controller, 'call'>

export interface FilePiece {
  readonly offset: number
  readonly bytes: Uint8Array
  /** That of the whole file. */
  readonly size: number
}

/** Times that a piece is asked for before its silence counts. */
const ASKED = 5

/** The pieces of one version of a file. Throws CallFailure, `conflict` where it changes on the way. */
export async function* filePieces(agent: FileAgent, path: string, signal?: AbortSignal): AsyncGenerator<FilePiece> {
  let next: Params<'file.read'> = { path, offset: 0 }
  for (let offset = 0, isOver = false; !isOver; ) {
    const { content, sha256, size, version } = await askedAgain(() => agent.call('file.read', next, signal))
    const bytes = fromBase64url(content)
    // rpc.file.hash
    if (toBase64url(hash(bytes)) !== sha256) throw new CallFailure('internal', 'A piece is not what its hash says')
    yield { offset, bytes, size }
    offset += bytes.length
    isOver = offset >= size
    if (!isOver && bytes.length === 0) throw new CallFailure('internal', 'The file ends before its size')
    next = { path, offset, version }
  }
}

async function askedAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (let asked = 1; ; asked++) {
    try {
      return await ask()
    } catch (error) {
      if (asked === ASKED || !(error instanceof CallFailure && error.code === 'timeout')) throw error
    }
  }
}

export interface FileContent {
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

export interface PutOptions {
  /** null: nothing may be there. Absent: whatever is there goes. */
  readonly expectedHash?: string | null
  /** Told how many bytes have arrived. */
  readonly arrived?: (bytes: number) => void
  readonly signal?: AbortSignal
}

/** Makes a file of `content`. Throws CallFailure. */
export async function putFile(
  agent: FileAgent,
  path: string,
  content: FileContent,
  { arrived, signal, ...expected }: PutOptions = {},
): Promise<Result<'file.write'>> {
  const { size } = content
  const text = async (offset: number) =>
    toBase64url(await content.read(offset, Math.min(limits.filePiece, size - offset)))
  if (size <= limits.filePiece) {
    return agent.call('file.write', { path, content: await text(0), encoding: 'base64url', ...expected }, signal)
  }
  const upload = crypto.randomUUID()
  for (let offset = 0; offset < size; arrived?.(offset)) {
    const piece = { upload, offset, data: await text(offset) }
    offset = await agent.call('file.upload', piece, signal).then((result) => result.offset, presentOffset)
  }
  return agent.call('file.write', { path, upload, ...expected }, signal)
}

/** The piece had arrived, or the agent has forgotten all of them: it says where to go on (rpc.file.upload-offset). */
function presentOffset(error: unknown): number {
  if (error instanceof CallFailure && error.code === 'conflict') {
    const { offset } = (error.data ?? {}) as { offset?: unknown }
    if (typeof offset === 'number') return offset
  }
  throw error
}
