import { type Static, Type } from 'typebox'
import { Sha } from './git.ts'
import { defineMethod, Timestamp } from './method.ts'

export const GitCommit = Type.Object({
  sha: Sha,
  parents: Type.Array(Sha),
  author: Type.String(),
  email: Type.String(),
  at: Timestamp,
  message: Type.String(),
  truncated: Type.Optional(Type.Boolean({ description: 'True where the message is longer.' })),
})
export type GitCommit = Static<typeof GitCommit>

export const gitLog = defineMethod({
  name: 'git.log',
  kind: 'read',
  capability: 'git',
  doc: 'The commits of the branch, the newest first, those behind `after`; `more` tells that others follow.',
  params: Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 100 }), after: Type.Optional(Sha) }),
  result: Type.Object({ commits: Type.Array(GitCommit), more: Type.Boolean() }),
  errors: ['not-found', 'git-failed'],
})
