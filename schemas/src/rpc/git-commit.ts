import { Type } from 'typebox'
import { Path } from './file.ts'
import { Sha } from './git.ts'
import { defineMethod } from './method.ts'

export const gitCommit = defineMethod({
  name: 'git.commit',
  kind: 'command',
  capability: 'git',
  doc: 'Commits these files and folders as they are, or what is staged. What was staged stays so where the commit fails.',
  params: Type.Object({
    message: Type.String({ minLength: 1, maxLength: 65_536 }),
    paths: Type.Optional(Type.Array(Path, { minItems: 1, maxItems: 1_000 })),
  }),
  result: Type.Object({ sha: Sha }),
  errors: ['not-found', 'path-outside-workspace', 'git-failed', 'paused'],
})
