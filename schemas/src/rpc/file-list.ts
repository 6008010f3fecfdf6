import { Type } from 'typebox'
import { limits } from '../limits.ts'
import { FileSize, Path } from './file.ts'
import { defineMethod, Timestamp } from './method.ts'

export const fileList = defineMethod({
  name: 'file.list',
  kind: 'read',
  capability: 'files',
  doc: 'The entries of a folder by name, those behind `after`; `more` tells that others follow.',
  params: Type.Object({
    path: Path,
    after: Type.Optional(Type.String({ maxLength: 1_024, description: 'The name of an entry.' })),
    limit: Type.Integer({ minimum: 1, maximum: limits.fileEntries }),
  }),
  result: Type.Object({
    entries: Type.Array(
      Type.Object({
        name: Type.String({ minLength: 1 }),
        type: Type.Union([
          Type.Literal('file'),
          Type.Literal('folder'),
          Type.Literal('link'),
          Type.Literal('other'),
          Type.Literal('unreachable'),
        ]),
        size: Type.Optional(FileSize),
        mtime: Type.Optional(Timestamp),
      }),
      { maxItems: limits.fileEntries },
    ),
    more: Type.Boolean(),
  }),
  errors: ['not-found', 'path-outside-workspace'],
})
