// The forms of git that are made for programs: `status --porcelain=v2 -z`, and a log with NUL between all fields.

import type { GitCommit } from '@happy-remote/schemas/rpc/git-log.ts'
import type { GitEntry } from '@happy-remote/schemas/rpc/git-status.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'

/** By the first letter of a line: how many words stand before the path. */
const WORDS: Readonly<Record<string, number>> = { '1': 8, '2': 9, u: 10 }

export function parseStatus(text: string): Omit<Result<'git.status'>, 'truncated'> {
  const entries: GitEntry[] = []
  const about: Record<string, string> = {}
  const fields = text.split('\0').values()
  for (const field of fields) {
    const kind = field.charAt(0)
    if (kind === '#') {
      const [, name = '', ...value] = field.split(' ')
      about[name] = value.join(' ')
    }
    if (kind === '?') entries.push({ path: field.slice(2), index: '?', worktree: '?' })
    const words = WORDS[kind]
    if (words === undefined) continue
    const path = field.split(' ').slice(words).join(' ')
    // The old name is a field of its own.
    const from = kind === '2' ? fields.next().value : undefined
    const change = { index: field.charAt(2), worktree: field.charAt(3) }
    entries.push({ path, ...change, ...(from && { from }), ...(kind === 'u' && { conflict: true }) })
  }
  const { 'branch.head': branch, 'branch.oid': head, 'branch.upstream': upstream, 'branch.ab': apart } = about
  const [ahead, behind] = (apart ?? '').split(' ').map((count) => Math.abs(Number(count)))
  return {
    branch: branch && branch !== '(detached)' ? branch : null,
    head: head && head !== '(initial)' ? head : null,
    ...(upstream && { upstream }),
    ...(apart && ahead !== undefined && behind !== undefined && { ahead, behind }),
    entries,
  }
}

/** For `-z`, which ends each commit with another NUL. */
export const FIELDS = ['%H', '%P', '%an', '%ae', '%at', '%B'].join('%x00')
/** Characters of a message that are told. */
const LONGEST = 16_384

export function parseLog(text: string): GitCommit[] {
  const all: GitCommit[] = []
  const fields = text.split('\0')
  while (fields.length > 6) {
    const [sha = '', parents = '', author = '', email = '', seconds = '', message = ''] = fields.splice(0, 6)
    all.push({
      ...{ sha, author, email, message: message.slice(0, LONGEST).toWellFormed() },
      at: Math.max(0, 1_000 * Number(seconds)),
      parents: parents.split(' ').filter((parent) => parent !== ''),
      ...(message.length > LONGEST && { truncated: true }),
    })
  }
  return all
}
