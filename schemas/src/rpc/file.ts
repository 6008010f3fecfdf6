// What the methods about files have in common.

import { Type } from 'typebox'
import { limits } from '../limits.ts'
import { Timestamp } from './method.ts'

export const Path = Type.String({
  pattern: '^[^\\u0000]+$',
  maxLength: 4_096,
  description: 'Relative to the workspace, with `/` between the names; `.` is the workspace itself.',
})

export const FileSize = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes.' })

export const FileVersion = Type.String({
  minLength: 1,
  maxLength: 256,
  description: 'Opaque; another one when the file is another one or has changed.',
})

export const ContentHash = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  description: 'SHA-256 of bytes, base64url.',
})

export const FileState = { size: FileSize, mtime: Timestamp, version: FileVersion }

/** Largest piece of a file, as base64url. */
export const PIECE_TEXT_MAX = Math.ceil((limits.filePiece * 4) / 3)

/** Largest content inside a request, in characters: as many bytes as a piece has, in base64url or in escapes. */
export const WRITE_TEXT_MAX = PIECE_TEXT_MAX
