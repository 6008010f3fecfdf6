import { Type } from 'typebox'
import { defineMethod } from './method.ts'

const Name = Type.String({ minLength: 1, maxLength: 1_024 })

export const gitPush = defineMethod({
  name: 'git.push',
  kind: 'command',
  capability: 'git.push',
  doc: 'Pushes a branch to the branch of the same name at a remote, never by force; the present branch and its remote where they are not named.',
  params: Type.Object({ remote: Type.Optional(Name), branch: Type.Optional(Name) }),
  result: Type.Object({
    remote: Type.String(),
    branch: Type.String(),
    output: Type.String({ description: 'What git and the remote said; for people.' }),
  }),
  errors: ['not-found', 'git-failed', 'paused'],
})
