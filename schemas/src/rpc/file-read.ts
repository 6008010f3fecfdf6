import { Type } from 'typebox'
import { limits } from '../limits.ts'
import { ContentHash, FileState, FileVersion, Path, PIECE_TEXT_MAX } from './file.ts'
import { defineMethod, Offset } from './method.ts'

export const fileRead = defineMethod({
  name: 'file.read',
  kind: 'read',
  capability: 'files',
  doc: 'A piece of a file. With `version` only as long as the file is unchanged.',
  params: Type.Object({
    path: Path,
    offset: Type.Optional(Offset),
    length: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.filePiece })),
    version: Type.Optional(FileVersion),
  }),
  result: Type.Object({
    content: Type.String({ pattern: '^[A-Za-z0-9_-]*$', maxLength: PIECE_TEXT_MAX, description: 'base64url' }),
    sha256: ContentHash,
    ...FileState,
  }),
  errors: ['not-found', 'not-a-file', 'path-outside-workspace'],
})
