// Descriptors of what is inside the workspace. What is open cannot be exchanged for something else.

import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { realInside, refusalOf, requireInside } from './workspace.ts'

/** O_NONBLOCK, because a fifo may have taken the place of a file, and opening one waits for its other end. */
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants

export interface OpenPlace {
  readonly descriptor: number
  readonly stats: BigIntStats
  /** With symbolic links resolved. */
  readonly path: string
}

export interface OpenOptions {
  readonly kind: 'file' | 'folder'
  /** For tests: called between the check and the use. */
  readonly checked?: (() => void) | undefined
}

/** Opens what `path` leads to, closed again by `close`. Throws ProtocolError where it is outside or of another kind. */
export function openInside(workspace: string, path: string, { kind, checked }: OpenOptions): OpenPlace {
  const real = realInside(workspace, path)
  try {
    // Before it is opened, because that alone can do something to a device.
    requireKind(kind, lstatSync(real, { bigint: true }))
    checked?.()
    const descriptor = openSync(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (kind === 'folder' ? O_DIRECTORY : 0))
    try {
      const stats = fstatSync(descriptor, { bigint: true })
      requireKind(kind, stats)
      const place = { descriptor, stats, path: real }
      whereIs(workspace, path, place)
      return place
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  } catch (error) {
    throw refusalOf(error)
  }
}

export const close = ({ descriptor }: OpenPlace): void => closeSync(descriptor)

/** Where a descriptor leads, in a form that the system takes for a path; undefined without /proc, or the right to it. */
export function pathOfDescriptor(descriptor: number): string | undefined {
  const path = `/proc/self/fd/${descriptor}`
  try {
    readlinkSync(path)
    return path
  } catch {
    return undefined
  }
}

/** Where `path` lies that was opened before. Throws ProtocolError where that is no longer inside (rpc.file.race). */
export function whereIs(workspace: string, path: string, { descriptor, stats }: OpenPlace): string {
  const held = pathOfDescriptor(descriptor)
  if (held !== undefined) {
    const now = readlinkSync(held)
    requireInside(workspace, now)
    return now
  }
  const real = realInside(workspace, path)
  const now = lstatSync(real, { bigint: true })
  if (now.dev === stats.dev && now.ino === stats.ino) return real
  throw new ProtocolError('conflict', 'Cannot use a path: it leads to something else meanwhile')
}

function requireKind(kind: OpenOptions['kind'], stats: BigIntStats): void {
  if (kind === 'folder' && !stats.isDirectory())
    throw new ProtocolError('not-found', 'Cannot list a folder: it is none')
  // rpc.file.regular
  if (kind === 'file' && !stats.isFile()) throw new ProtocolError('not-a-file', 'Cannot read a file: it is none')
}
