import { type Static, Type } from 'typebox'
import { GitPath, Sha } from './git.ts'
import { defineMethod, Empty } from './method.ts'

const Change = Type.String({ pattern: '^[.MTADRCU?]$', description: 'As `git status` has it; `.` is unchanged.' })

export const GitEntry = Type.Object({
  path: GitPath,
  from: Type.Optional(GitPath),
  index: Change,
  worktree: Change,
  conflict: Type.Optional(Type.Boolean({ description: 'True where a merge has left it open.' })),
})
export type GitEntry = Static<typeof GitEntry>

export const gitStatus = defineMethod({
  name: 'git.status',
  kind: 'read',
  capability: 'git',
  doc: 'The branch of the workspace, and what has changed in it.',
  params: Empty,
  result: Type.Object({
    branch: Type.Union([Type.String(), Type.Null()], { description: 'null where none is checked out' }),
    head: Type.Union([Sha, Type.Null()], { description: 'null before the first commit' }),
    upstream: Type.Optional(Type.String()),
    ahead: Type.Optional(Type.Integer({ minimum: 0, description: 'Commits that the upstream does not have.' })),
    behind: Type.Optional(Type.Integer({ minimum: 0, description: 'Commits that only the upstream has.' })),
    entries: Type.Array(GitEntry),
    truncated: Type.Boolean(),
  }),
  errors: ['not-found', 'git-failed'],
})
