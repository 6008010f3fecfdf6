// What controllers have handed over for files that they will write (spec/rpc.md, Files).

import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { bytesOf, writeAll } from './content.ts'
import { Turns } from './turns.ts'
import { refusal } from './workspace.ts'

/** Of one controller at once; beyond, `busy`. */
const UPLOADS_MAX = 8

interface Upload {
  readonly deviceId: string
  readonly file: string
  /** Bytes accepted. */
  size: number
  /** Monotonic. */
  usedAt: number
}

export class Uploads {
  /** By controller and id. */
  readonly #uploads = new Map<string, Upload>()
  readonly #turns = new Turns()
  readonly #now: () => number
  /** A folder that only the user of the agent may enter; made when it is needed. */
  #folder: Promise<string> | undefined

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Throws `conflict` with the number of bytes accepted where `offset` is another (rpc.file.upload-offset). */
  accept(deviceId: string, params: Params<'file.upload'>): Promise<Result<'file.upload'>> {
    const bytes = bytesOf(params.data, 'base64url')
    const key = keyOf(deviceId, params.upload)
    return this.#turns.run(key, () => this.#append(deviceId, key, params.offset, bytes))
  }

  /** The file that holds an upload. Throws `not-found` (rpc.file.upload-unknown). */
  fileOf(deviceId: string, id: string): string {
    const upload = this.#uploads.get(keyOf(deviceId, id))
    if (upload) return upload.file
    throw new ProtocolError('not-found', `Cannot write upload ${id}: there is none of this controller`)
  }

  async forget(deviceId: string, id: string): Promise<void> {
    const key = keyOf(deviceId, id)
    const upload = this.#uploads.get(key)
    this.#uploads.delete(key)
    if (upload) await rm(upload.file, { force: true })
  }

  async close(): Promise<void> {
    this.#uploads.clear()
    const folder = this.#folder
    this.#folder = undefined
    if (folder) await rm(await folder, { recursive: true, force: true })
  }

  async #append(deviceId: string, key: string, offset: number, bytes: Buffer): Promise<Result<'file.upload'>> {
    await this.#expire()
    const size = this.#uploads.get(key)?.size ?? 0
    if (offset !== size) {
      throw new ProtocolError('conflict', `Cannot take bytes at ${offset}: ${size} are there`, { offset: size })
    }
    try {
      const upload = this.#uploads.get(key) ?? (await this.#begin(deviceId, key))
      const handle = await open(upload.file, 'r+')
      try {
        await writeAll(handle, bytes, size)
      } finally {
        await handle.close()
      }
      upload.size = size + bytes.length
      upload.usedAt = this.#now()
      return { offset: upload.size }
    } catch (error) {
      // rpc.file.full
      throw refusal(error, 'upload')
    }
  }

  async #begin(deviceId: string, key: string): Promise<Upload> {
    const own = [...this.#uploads.values()].filter((upload) => upload.deviceId === deviceId)
    if (own.length >= UPLOADS_MAX)
      throw new ProtocolError('busy', `Cannot begin an upload: ${UPLOADS_MAX} are unfinished`)
    this.#folder ??= mkdtemp(join(tmpdir(), 'happy-remote-uploads-')).catch((error: unknown) => {
      // The next upload tries again.
      this.#folder = undefined
      throw error
    })
    const file = join(await this.#folder, key.replace(' ', '-'))
    await (await open(file, 'wx', 0o600)).close()
    const upload = { deviceId, file, size: 0, usedAt: this.#now() }
    this.#uploads.set(key, upload)
    return upload
  }

  async #expire(): Promise<void> {
    for (const [key, { file, usedAt }] of this.#uploads) {
      if (this.#now() - usedAt <= limits.uploadKept) continue
      this.#uploads.delete(key)
      await rm(file, { force: true })
    }
  }
}

const keyOf = (deviceId: string, id: string) => `${deviceId} ${id}`
