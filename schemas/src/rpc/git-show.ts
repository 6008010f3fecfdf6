import { Type } from 'typebox'
import { Path } from './file.ts'
import { Sha } from './git.ts'
import { defineMethod } from './method.ts'

export const gitShow = defineMethod({
  name: 'git.show',
  kind: 'read',
  capability: 'git',
  doc: 'What a commit has changed, as a patch from its first parent; of one file or folder with `path`.',
  params: Type.Object({
    commit: Type.String({
      pattern: '^[0-9a-f]{7,64}$',
      description: 'The beginning of the name of a commit, in hex, or all of it.',
    }),
    path: Type.Optional(Path),
  }),
  result: Type.Object({ sha: Sha, diff: Type.String(), truncated: Type.Boolean() }),
  errors: ['not-found', 'path-outside-workspace', 'git-failed'],
})
