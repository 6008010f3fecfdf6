import { Type } from 'typebox'
import { ContentHash, FileState, Path, WRITE_TEXT_MAX } from './file.ts'
import { defineMethod, Uuid } from './method.ts'

export const fileWrite = defineMethod({
  name: 'file.write',
  kind: 'command',
  capability: 'files',
  doc: 'Puts a file in its place as a whole: `content`, or what was uploaded. `expectedHash` null: nothing is there yet.',
  params: Type.Object({
    path: Path,
    content: Type.Optional(Type.String({ maxLength: WRITE_TEXT_MAX })),
    encoding: Type.Optional(Type.Union([Type.Literal('utf-8'), Type.Literal('base64url')])),
    upload: Type.Optional(Uuid),
    expectedHash: Type.Optional(Type.Union([ContentHash, Type.Null()])),
  }),
  result: Type.Object({ sha256: ContentHash, ...FileState }),
  errors: ['not-found', 'not-a-file', 'path-outside-workspace', 'paused'],
})
