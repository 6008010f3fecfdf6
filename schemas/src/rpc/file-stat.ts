import { Type } from 'typebox'
import { FileState, Path } from './file.ts'
import { defineMethod } from './method.ts'

export const fileStat = defineMethod({
  name: 'file.stat',
  kind: 'read',
  capability: 'files',
  doc: 'What a path leads to, symbolic links followed.',
  params: Type.Object({ path: Path }),
  result: Type.Object({
    type: Type.Union([Type.Literal('file'), Type.Literal('folder'), Type.Literal('other')]),
    ...FileState,
  }),
  errors: ['not-found', 'path-outside-workspace'],
})
