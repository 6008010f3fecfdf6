// What git says, read: status in its porcelain form, commits of a log; and what fits into one answer.

import type { GitCommit } from '@happy-remote/schemas/rpc/git-log.ts'
import type { GitEntry } from '@happy-remote/schemas/rpc/git-status.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'

/** Bytes of JSON that lists and texts may have: what stands around them fits into the body as well. */
const ROOM = 1_000_000
/** Of one message. */
const MESSAGE_MAX = 16_384

export const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** The first of them that fit (rpc.git.cut). */
export function fitting<T>(all: readonly T[]): T[] {
  let left = ROOM
  const end = all.findIndex((one) => {
    left -= sizeOf(one) + 1
    return left < 0
  })
  return all.slice(0, end < 0 ? all.length : end)
}

/** The beginning of a text that fits. */
export function fittingText(text: string): string {
  let part = text
  for (let size = sizeOf(part); size > ROOM; size = sizeOf(part)) {
    part = part.slice(0, Math.floor((part.length * ROOM) / size) - 1).replace(/[\ud800-\udbff]$/, '')
  }
  return part
}

/** The fields of `git status --porcelain=v2 --branch -z`. */
export function readStatus(output: string): Omit<Result<'git.status'>, 'truncated'> {
  const fields = output.split('\0')
  const headers = new Map<string, string>()
  const entries: GitEntry[] = []
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as string
    const [kind] = field
    if (kind === '#') {
      const [, name = '', value = ''] = /^# (\S+) (.*)$/s.exec(field) ?? []
      headers.set(name, value)
    } else if (kind === '?') entries.push({ path: field.slice(2), index: '?', worktree: '?' })
    else if (kind !== undefined) {
      const before = { 1: 8, 2: 9, u: 10 }[kind] ?? 0
      const path = field.split(' ').slice(before).join(' ')
      // What was cut in the middle of a name.
      if (before === 0 || path === '') continue
      const [, , index = '.', worktree = '.'] = field
      const from = kind === '2' ? fields[++i] : undefined
      entries.push({ path, index, worktree, ...(from && { from }), ...(kind === 'u' && { conflict: true }) })
    }
  }
  const head = headers.get('branch.oid')
  const branch = headers.get('branch.head')
  const upstream = headers.get('branch.upstream')
  const [, ahead, behind] = /^\+(\d+) -(\d+)$/.exec(headers.get('branch.ab') ?? '') ?? []
  return {
    branch: branch === undefined || branch === '(detached)' ? null : branch,
    head: head === undefined || head === '(initial)' ? null : head,
    ...(upstream !== undefined && { upstream }),
    ...(ahead !== undefined && behind !== undefined && { ahead: Number(ahead), behind: Number(behind) }),
    entries,
  }
}

/** For `git log -z`, which puts a NUL behind each commit. */
export const LOG_FORMAT = '%H%x00%P%x00%an%x00%ae%x00%at%x00%B'
const LOG_FIELDS = 6

/** The commits that are there as a whole. */
export function readLog(output: string): GitCommit[] {
  const fields = output.split('\0')
  const commits: GitCommit[] = []
  for (let i = 0; i + LOG_FIELDS < fields.length; i += LOG_FIELDS) {
    const [sha, parents, author, email, at, message] = fields.slice(i, i + LOG_FIELDS) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    const isLong = message.length > MESSAGE_MAX
    commits.push({
      ...{ sha, author, email },
      parents: parents === '' ? [] : parents.split(' '),
      at: Math.max(0, Number(at) * 1_000),
      message: isLong ? message.slice(0, MESSAGE_MAX).toWellFormed() : message,
      ...(isLong && { truncated: true }),
    })
  }
  return commits
}
