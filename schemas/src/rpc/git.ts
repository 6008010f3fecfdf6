// What the methods of git share.

import { Type } from 'typebox'

export const Sha = Type.String({
  pattern: '^([0-9a-f]{40}|[0-9a-f]{64})$',
  description: 'The name of a commit, in hex.',
})

/** A path as git names it: relative to the workspace, with `/`; U+FFFD stands for what is not UTF-8. */
export const GitPath = Type.String({ minLength: 1 })
