import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { Git } from './git.ts'
import { runGit } from './git-run.ts'
import { fitting, fittingText, readStatus, sizeOf } from './git-text.ts'

function folder(t: TestContext): string {
  const made = realpathSync(mkdtempSync(join(tmpdir(), 'happy-git-')))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}

/** A repository that nothing outside of it has a say in. */
function repository(t: TestContext) {
  const root = folder(t)
  const git = (...args: string[]) => execFileSync('git', ['-C', root, ...args], { stdio: 'pipe' }).toString()
  git('init', '--quiet', '--initial-branch=main')
  for (const [name, value] of [
    ['user.name', 'Ada'],
    ['user.email', 'ada@example.com'],
    ['commit.gpgSign', 'false'],
    ['core.hooksPath', join(root, '.git/hooks')],
  ] as const)
    git('config', name, value)
  const write = (path: string, text: string) => writeFileSync(join(root, path), text)
  const commit = (path: string, text: string, message = `write ${path}`) => {
    write(path, text)
    git('add', '--all')
    git('commit', '--quiet', '--message', message)
    return git('rev-parse', 'HEAD').trim()
  }
  return { root, git, write, commit, subject: new Git(root) }
}

const refusal = (code: string, said?: RegExp) => (error: unknown) =>
  error instanceof ProtocolError &&
  error.code === code &&
  (said === undefined || said.test((error.data as { stderr: string }).stderr))

test('status tells the branch and each change, whatever the names are', async (t) => {
  const { root, git, write, commit, subject } = repository(t)
  assert.deepEqual(await subject.status(), { branch: 'main', head: null, entries: [], truncated: false })
  const head = commit('a\nb', 'one\n')
  commit('größer 🦊', 'x\n'.repeat(20))
  git('mv', 'größer 🦊', 'renamed')
  write('a\nb', 'two\n')
  mkdirSync(join(root, 'new'))
  write('new/file', '')
  const { entries, branch, truncated } = await subject.status()
  assert.deepEqual([branch, truncated], ['main', false])
  assert.deepEqual(entries, [
    { path: 'a\nb', index: '.', worktree: 'M' },
    { path: 'renamed', from: 'größer 🦊', index: 'R', worktree: '.' },
    { path: 'new/', index: '?', worktree: '?' },
  ])
  git('checkout', '--quiet', '--force', head)
  assert.equal((await subject.status()).branch, null)
})

test('a workspace that is no repository, or lies in one, has none', async (t) => {
  const plain = folder(t)
  await assert.rejects(new Git(plain).status(), refusal('not-found'))
  const { root } = repository(t)
  mkdirSync(join(root, 'part'))
  for (const call of [
    (git: Git) => git.status(),
    (git: Git) => git.log({ limit: 1 }),
    (git: Git) => git.commit({ message: 'x' }),
  ]) {
    await assert.rejects(call(new Git(join(root, 'part'))), refusal('not-found'))
  }
})

test('diff tells what is staged or not, of one path or all, and runs no program', async (t) => {
  const { root, git, write, commit, subject } = repository(t)
  commit('one', '1\n')
  commit('*', '1\n')
  write('.gitattributes', '* diff=spy\n')
  commit('.gitattributes', '* diff=spy\n')
  const spy = join(root, '.git', 'spy')
  writeFileSync(spy, `#!/bin/sh\ntouch '${root}/spied'\n`)
  chmodSync(spy, 0o755)
  for (const name of ['diff.external', 'diff.spy.textconv', 'core.fsmonitor']) git('config', name, spy)
  git('config', 'diff.noprefix', 'true')
  write('one', '2\n')
  write('*', '2\n')
  git('-c', 'core.fsmonitor=false', 'add', '--', ':(literal)*')
  rmSync(join(root, 'spied'), { force: true })
  await subject.status()
  const { diff } = await subject.diff({})
  assert.match(diff, /^diff --git a\/one b\/one$/m)
  assert.doesNotMatch(diff, /\*/)
  assert.match((await subject.diff({ staged: true })).diff, /^diff --git a\/\* b\/\*$/m)
  assert.equal((await subject.diff({ path: '*' })).diff, '')
  assert.equal((await subject.diff({ path: '--output=x' })).diff, '')
  assert.ok(!existsSync(join(root, 'spied')) && !existsSync(join(root, 'x')))
  for (const path of ['..', '/etc/passwd', 'a/../../b']) {
    await assert.rejects(subject.diff({ path }), refusal('path-outside-workspace'))
  }
})

test('log comes in pages, also across merges, and behind a commit that is there', async (t) => {
  const { git, commit, subject } = repository(t)
  assert.deepEqual(await subject.log({ limit: 5 }), { commits: [], more: false })
  await assert.rejects(subject.log({ limit: 5, after: 'a'.repeat(40) }), refusal('not-found'))
  commit('1', '', '-m first\n\nbody')
  git('checkout', '--quiet', '-b', 'side')
  for (const name of ['2', '3']) commit(name, '')
  git('checkout', '--quiet', 'main')
  commit('4', '')
  git('merge', '--quiet', '--no-edit', 'side')
  const all = git('log', '--format=%H').trim().split('\n')
  const told: string[] = []
  const messages: string[] = []
  for (let after: string | undefined; ; after = told.at(-1)) {
    const { commits, more } = await subject.log({ limit: 2, ...(after && { after }) })
    told.push(...commits.map(({ sha }) => sha))
    messages.push(...commits.map(({ message }) => message))
    if (!more) break
  }
  assert.deepEqual(told, all)
  assert.ok(messages.includes('-m first\n\nbody\n'))
  await assert.rejects(subject.log({ limit: 5, after: 'a'.repeat(40) }), refusal('not-found'))
})

test('commit takes what is staged, or these paths as they are, and the message as it is', async (t) => {
  const { root, git, write, commit, subject } = repository(t)
  commit('kept', '1\n')
  commit('gone', '1\n')
  write('staged', '1\n')
  git('add', 'staged')
  write('-rf', '1\n')
  rmSync(join(root, 'gone'))
  const { sha } = await subject.commit({ message: '-m "--amend"\n\n# not a comment', paths: ['-rf', 'gone'] })
  assert.equal(git('rev-parse', 'HEAD').trim(), sha)
  assert.equal(git('log', '-1', '--format=%B').trim(), '-m "--amend"\n\n# not a comment')
  assert.equal(git('show', '--no-renames', '--name-status', '--format=', 'HEAD'), 'A\t-rf\nD\tgone\n')
  await subject.commit({ message: 'the rest' })
  assert.equal(git('show', '--name-only', '--format=', 'HEAD'), 'staged\n')
})

test('a deletion and a renaming that are staged are committed by their paths', async (t) => {
  const { git, commit, subject } = repository(t)
  for (const name of ['kept', 'removed', 'old', 'folder']) commit(name, `${name}\n`)
  git('rm', '--quiet', 'removed', 'folder')
  git('mv', 'old', 'new')
  await subject.commit({ message: 'x', paths: ['removed', 'old', 'new'] })
  assert.equal(git('show', '--no-renames', '--name-status', '--format=', 'HEAD'), 'A\tnew\nD\told\nD\tremoved\n')
  assert.deepEqual((await subject.status()).entries, [{ path: 'folder', index: 'D', worktree: '.' }])
})

test('a commit that git refuses is git-failed, with what git said', async (t) => {
  const { root, git, write, commit, subject } = repository(t)
  commit('file', '1\n')
  const failed = (said: RegExp) => refusal('git-failed', said)
  await assert.rejects(subject.commit({ message: 'x' }), failed(/nothing to commit/))
  await assert.rejects(subject.commit({ message: 'x', paths: ['-nothing'] }), failed(/did not match any file/))
  await assert.rejects(subject.commit({ message: 'x', paths: ['../x'] }), refusal('path-outside-workspace'))
  write('file', '2\n')
  git('config', 'user.name', '')
  await assert.rejects(subject.commit({ message: 'x', paths: ['file'] }), failed(/empty ident name/))
  git('config', 'user.name', 'Ada')
  const hook = join(root, '.git/hooks/pre-commit')
  mkdirSync(join(root, '.git/hooks'), { recursive: true })
  writeFileSync(
    hook,
    `#!/bin/sh\necho "$(git ls-files -- 'f*')" "\${HAPPY_REMOTE_SECRET:-no secret}" >&2\nyes x | head -c 9000 >&2\necho the hook says no >&2\nexit 1\n`,
  )
  chmodSync(hook, 0o755)
  await assert.rejects(subject.commit({ message: 'x', paths: ['file'] }), (error: ProtocolError) => {
    const { stderr, exitCode } = error.data as { stderr: string; exitCode: number }
    assert.match(stderr, /the hook says no\n$/)
    assert.deepEqual([Buffer.byteLength(stderr) <= 4_096, exitCode], [true, 1])
    return error.code === 'git-failed'
  })
  rmSync(hook)
  git('stash', '--quiet')
  git('checkout', '--quiet', '-b', 'side')
  commit('file', '3\n')
  git('checkout', '--quiet', 'main')
  commit('file', '4\n')
  assert.throws(() => git('merge', '--quiet', 'side'))
  assert.deepEqual((await subject.status()).entries, [{ path: 'file', index: 'U', worktree: 'U', conflict: true }])
  await assert.rejects(subject.commit({ message: 'x' }), failed(/unmerged|not possible/i))
})

test('a git that takes too long is ended, and git-failed without an exit code', async (t) => {
  const { root } = repository(t)
  const hook = join(root, '.git/hooks/pre-commit')
  mkdirSync(join(root, '.git/hooks'), { recursive: true })
  // It goes when the folder goes.
  writeFileSync(hook, '#!/bin/sh\nwhile test -e "$0"; do sleep 0.1; done\n')
  chmodSync(hook, 0o755)
  const run = runGit(root, ['commit', '--allow-empty', '--message=x'], { time: 300 })
  await assert.rejects(run, (error: ProtocolError) => {
    assert.deepEqual(error.data, { stderr: '', exitCode: null })
    return error.code === 'git-failed'
  })
})

test('without a git every method is git-failed without an exit code', async (t) => {
  const { subject } = repository(t)
  const { PATH } = process.env
  t.after(() => {
    process.env.PATH = PATH
  })
  process.env.PATH = '/nonexistent'
  await assert.rejects(subject.status(), (error: ProtocolError) => {
    assert.deepEqual([error.code, error.data], ['git-failed', { stderr: '', exitCode: null }])
    return true
  })
})

test('settings of another git in the environment of the agent do not count', async (t) => {
  const { root, subject } = repository(t)
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  Object.assign(process.env, { GIT_DIR: '/nonexistent', EDITOR: 'false', SSH_ASKPASS: 'true', GIT_CONFIG_COUNT: '1' })
  assert.equal((await subject.status()).branch, 'main')
  const shown = await runGit(root, ['var', 'GIT_EDITOR'], { time: 20_000 })
  assert.doesNotMatch(shown.output.toString(), /false/)
})

test('push sends the branch to its remote, and never by force', async (t) => {
  const { git, commit, subject } = repository(t)
  await assert.rejects(subject.push({}), refusal('not-found'))
  const first = commit('file', '1\n')
  await assert.rejects(subject.push({}), refusal('not-found'))
  const bare = folder(t)
  execFileSync('git', ['init', '--quiet', '--bare', bare])
  git('remote', 'add', 'there', bare)
  const heads = () => execFileSync('git', ['-C', bare, 'rev-parse', 'refs/heads/main']).toString().trim()
  assert.partialDeepStrictEqual(await subject.push({}), { remote: 'there', branch: 'main' })
  assert.equal(heads(), first)
  const second = commit('file', '2\n')
  await subject.push({ remote: 'there', branch: 'main' })
  git('reset', '--quiet', '--hard', first)
  commit('file', '3\n')
  await assert.rejects(subject.push({}), refusal('git-failed', /non-fast-forward|fetch first/))
  assert.equal(heads(), second)
  for (const remote of [bare, '--mirror', 'origin'])
    await assert.rejects(subject.push({ remote }), refusal('not-found'))
  for (const branch of ['-f', '@{-1}', 'a..b', 'main:main', 'HEAD~1']) {
    await assert.rejects(subject.push({ branch }), refusal('invalid-params'), branch)
  }
  // The plus is a part of the name.
  for (const branch of ['nowhere', '+main']) await assert.rejects(subject.push({ branch }), refusal('git-failed'))
  git('remote', 'add', 'evil', `ext::sh -c "touch ${bare}/spied"`)
  await assert.rejects(subject.push({ remote: 'evil' }), refusal('git-failed', /ext/))
  assert.ok(!existsSync(join(bare, 'spied')))
  git('checkout', '--quiet', '--detach')
  await assert.rejects(subject.push({}), refusal('not-found'))
})

test('what does not fit into a body is left out, and said to be', async (t) => {
  const { root, write, commit, subject } = repository(t)
  commit('file', '')
  write('file', '\u0001x\n'.repeat(400_000))
  const { diff, truncated } = await subject.diff({})
  assert.ok(truncated && sizeOf({ diff, truncated }) <= 1_048_576 && diff.length > 100_000)
  mkdirSync(join(root, 'many'))
  const names = Array.from({ length: 10_000 }, (_, i) => `${i}`.padStart(200, 'n'))
  for (const name of names) write(name, '')
  const status = await subject.status()
  assert.ok(status.truncated && status.entries.length > 1_000 && sizeOf(status) <= 1_048_576)
  assert.ok(names.includes(status.entries.at(-1)?.path ?? ''))
  assert.equal(readFileSync(join(root, '.git/HEAD'), 'utf8'), 'ref: refs/heads/main\n')
})

test('texts and lists are cut between characters and entries', () => {
  assert.equal(fittingText('short'), 'short')
  const long = fittingText('🦊\u0000'.repeat(300_000))
  assert.ok(sizeOf(long) <= 1_000_000 && long.isWellFormed())
  assert.deepEqual(fitting(['x'.repeat(999_000), 'y'.repeat(2_000)]).length, 1)
  const { entries } = readStatus('# branch.oid (initial)\0# branch.head main\0? a\x001 .M N... 1 2 3 4 5')
  assert.deepEqual(entries, [{ path: 'a', index: '?', worktree: '?' }])
})
