import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallFailure } from '../../controller/failure.ts'
import { answering } from '../testing/answering.ts'
import { canChoose, Git, type GitEntry } from './git.ts'

const sha = (n: number): string => String(n).padStart(40, '0')
const commit = (n: number) => ({
  ...{ sha: sha(n), parents: [], author: 'A', email: 'a@example.org', at: n, message: `Number ${n}` },
})

function scene(answer: (method: string, params: object) => unknown) {
  const { controller, calls } = answering(answer)
  return { git: new Git(controller), calls }
}

const entry = (path: string, index: string, worktree: string, more: Partial<GitEntry> = {}): GitEntry => ({
  ...{ path, index, worktree, ...more },
})

test('what is staged as gone or renamed is chosen like all else, and a renamed file goes with its old name', async () => {
  const entries = [
    entry('gone.txt', 'D', '.'),
    entry('new.txt', 'R', '.', { from: 'old.txt' }),
    entry('copy.txt', 'C', '.', { from: 'kept.txt' }),
    entry('other.txt', '.', 'M'),
  ]
  const { git, calls } = scene((method) => (method === 'git.status' ? { entries } : { sha: sha(1) }))
  await git.read()
  assert.deepEqual(git.choosable.value, ['gone.txt', 'new.txt', 'copy.txt', 'other.txt'])
  git.choose(['gone.txt', 'new.txt', 'copy.txt'], true)
  git.message.value = 'Some'
  await git.commit('chosen')
  assert.deepEqual(calls.at(-1), [
    'git.commit',
    { message: 'Some', paths: ['gone.txt', 'old.txt', 'new.txt', 'copy.txt'] },
  ])
})

test('a name that cannot be asked for, also the old one, and what a merge has left open cannot be chosen', () => {
  assert.equal(canChoose(entry('a\uFFFD', '.', 'M')), false)
  assert.equal(canChoose(entry('a', 'R', '.', { from: '\uFFFD' })), false)
  assert.equal(canChoose(entry('a', 'U', 'U', { conflict: true })), false)
  assert.equal(canChoose(entry('a', 'C', '.', { from: '\uFFFD' })), true)
})

test('the history comes in pages, and anew where its end is not in it any more', async () => {
  let isOther = false
  const { git, calls } = scene((_, params) => {
    if (!('after' in params)) return { commits: [commit(isOther ? 9 : 3)], more: true }
    if (isOther) throw new CallFailure('not-found', 'no')
    return { commits: [commit(2)], more: true }
  })
  const shown = () => git.log.value?.commits.map(({ message }) => message)
  await git.readMoreLog()
  assert.deepEqual(shown(), ['Number 3'])
  await git.readMoreLog()
  assert.deepEqual(shown(), ['Number 3', 'Number 2'])
  assert.deepEqual(calls.at(-1), ['git.log', { limit: 50, after: sha(3) }])
  isOther = true
  await git.readMoreLog()
  assert.deepEqual(shown(), ['Number 9'])
})

test('a commit is shown by its whole name', async () => {
  const patch = { sha: sha(3), diff: '+one', truncated: false }
  const { git, calls } = scene(() => patch)
  assert.deepEqual(await git.show(commit(3)), patch)
  assert.deepEqual(calls, [['git.show', { commit: sha(3) }]])
})

test('a history that cannot be read stays what it was', async () => {
  let code: string | undefined
  const { git } = scene(() => {
    if (code !== undefined) throw new CallFailure(code, 'no')
    return { commits: [commit(1)], more: true }
  })
  await git.readLog()
  code = 'git-failed'
  await assert.rejects(git.readMoreLog(), { code: 'git-failed' })
  assert.equal(git.log.value?.commits.length, 1)
})
