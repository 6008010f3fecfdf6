// Uploads: bytes that a controller hands over piece by piece, before a file is made of them.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Timers } from '../link/timers.ts'
import { refusalOf } from './workspace.ts'

/** Unfinished ones of one controller. */
const OWN = 8

interface Upload {
  readonly device: string
  readonly path: string
  length: number
  /** Monotonic. */
  touchedAt: number
}

export class Uploads {
  readonly #timers: Timers
  readonly #uploads = new Map<string, Upload>()
  /** Exists from the first upload on, and only the user of the agent may enter it. */
  #folder: string | undefined

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Takes a piece, and tells where the next begins. Everything happens before it returns, so pieces cannot cross. */
  take(device: string, id: string, offset: number, bytes: Uint8Array): number {
    this.#forgetOld()
    const known = this.#uploads.get(keyOf(device, id))
    const expected = known?.length ?? 0
    // rpc.file.upload-offset
    if (offset !== expected) {
      throw new ProtocolError('conflict', 'Cannot take a piece: it does not follow what is there', { offset: expected })
    }
    try {
      const upload = known ?? this.#begin(device, id)
      using file = Deno.openSync(upload.path, { write: true })
      file.seekSync(upload.length, Deno.SeekMode.Start)
      for (let done = 0; done < bytes.length; ) done += file.writeSync(bytes.subarray(done))
      upload.length += bytes.length
      upload.touchedAt = this.#timers.monotonic()
      return upload.length
    } catch (error) {
      throw refusalOf(error)
    }
  }

  /** The path of what was taken. Throws ProtocolError `not-found` (rpc.file.upload-unknown). */
  pathOf(device: string, id: string): string {
    const upload = this.#uploads.get(keyOf(device, id))
    if (!upload) throw new ProtocolError('not-found', 'Cannot write a file: there is no such upload of this controller')
    return upload.path
  }

  forget(device: string, id: string): void {
    this.#remove(keyOf(device, id))
  }

  close(): void {
    for (const key of [...this.#uploads.keys()]) this.#remove(key)
    if (this.#folder !== undefined) Deno.removeSync(this.#folder, { recursive: true })
    this.#folder = undefined
  }

  #begin(device: string, id: string): Upload {
    const own = [...this.#uploads.values()].filter((upload) => upload.device === device).length
    if (own >= OWN) throw new ProtocolError('busy', `Cannot begin an upload: ${OWN} are not finished`)
    this.#folder ??= Deno.makeTempDirSync({ prefix: 'happy-remote-uploads-' })
    const path = `${this.#folder}/${device}-${id}`
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close()
    const upload = { device, path, length: 0, touchedAt: this.#timers.monotonic() }
    this.#uploads.set(keyOf(device, id), upload)
    return upload
  }

  #forgetOld(): void {
    const before = this.#timers.monotonic() - limits.uploadKept
    for (const [key, { touchedAt }] of this.#uploads) if (touchedAt < before) this.#remove(key)
  }

  #remove(key: string): void {
    const upload = this.#uploads.get(key)
    this.#uploads.delete(key)
    if (upload) Deno.removeSync(upload.path)
  }
}

const keyOf = (device: string, id: string): string => `${device}/${id}`
