import { Type } from 'typebox'
import { Path } from './file.ts'
import { defineMethod } from './method.ts'

export const gitDiff = defineMethod({
  name: 'git.diff',
  kind: 'read',
  capability: 'git',
  doc: 'What has changed and is not staged, or with `staged` what is, as a patch; of one file or folder with `path`.',
  params: Type.Object({ path: Type.Optional(Path), staged: Type.Optional(Type.Boolean()) }),
  result: Type.Object({ diff: Type.String(), truncated: Type.Boolean() }),
  errors: ['not-found', 'path-outside-workspace', 'git-failed'],
})
