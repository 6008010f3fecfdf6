import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { GitProgram } from './program.ts'
import { Repository } from './repository.ts'

const environment = { PATH: '/usr/bin:/bin', HOME: '/nonexistent', EDITOR: 'false', GIT_DIR: '/nonexistent' }
const failed = (code: string, said?: RegExp) => (error: unknown) =>
  error instanceof ProtocolError && error.code === code && (!said || said.test(Object(error.data).stderr))

/** A repository in a folder of its own, which `test` may fill. */
async function withRepository(test: (scene: ReturnType<typeof sceneIn>) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir())
  try {
    await test(sceneIn(folder))
  } finally {
    await Deno.remove(folder, { recursive: true })
  }
}

function sceneIn(folder: string) {
  const git = (...args: string[]): string => {
    const { code, stdout, stderr } = new Deno.Command('git', { args: ['-C', folder, ...args] }).outputSync()
    if (code !== 0) throw new Error(new TextDecoder().decode(stderr))
    return new TextDecoder().decode(stdout)
  }
  git('init', '--quiet', '--initial-branch=main')
  git('config', 'user.name', 'Ada')
  git('config', 'user.email', 'ada@example.com')
  git('config', 'core.hooksPath', `${folder}/.git/hooks`)
  const write = (path: string, text: string) => Deno.writeTextFileSync(`${folder}/${path}`, text)
  const commit = (path: string, text = path): string => {
    write(path, text)
    git('add', '--all')
    git('commit', '--quiet', '--message', path)
    return git('rev-parse', 'HEAD').trim()
  }
  return { folder, git, write, commit, repository: new Repository(folder, new GitProgram(environment)) }
}

Deno.test('status and diff tell what has changed, by whatever names', () =>
  withRepository(async ({ git, write, commit, repository }) => {
    deepEqual(await repository.status(), { branch: 'main', head: null, entries: [], truncated: false })
    const head = commit('a\nb', '1\n')
    write('größer 🦊', '')
    write('a\nb', '2\n')
    git('add', 'größer 🦊')
    const status = await repository.status()
    deepEqual([status.branch, status.head], ['main', head])
    deepEqual(status.entries, [
      { path: 'a\nb', index: '.', worktree: 'M' },
      { path: 'größer 🦊', index: 'A', worktree: '.' },
    ])
    match((await repository.diff({})).diff, /^-1\n\+2$/m)
    match((await repository.diff({ staged: true })).diff, /größer 🦊/)
    equal((await repository.diff({ path: 'größer 🦊' })).diff, '')
    await rejects(repository.diff({ path: 'x/../..' }), failed('path-outside-workspace'))
    write('a\nb', '\u0002\n'.repeat(600_000))
    const { diff, truncated } = await repository.diff({})
    ok(truncated && JSON.stringify(diff).length <= 1_000_000)
  }))

Deno.test('a folder that is no repository, or a part of one, has none', () =>
  withRepository(async ({ folder }) => {
    Deno.mkdirSync(`${folder}/part`)
    const part = new Repository(`${folder}/part`, new GitProgram(environment))
    await rejects(part.status(), failed('not-found'))
    await rejects(part.commit({ message: 'x' }), failed('not-found'))
  }))

Deno.test('the log comes in pages that follow each other', () =>
  withRepository(async ({ git, commit, repository }) => {
    deepEqual(await repository.log({ limit: 1 }), { commits: [], more: false })
    for (const path of ['1', '2', '3']) commit(path)
    const all = git('log', '--format=%H').trim().split('\n')
    const first = await repository.log({ limit: 2 })
    deepEqual([first.commits.map(({ sha }) => sha), first.more], [all.slice(0, 2), true])
    const second = await repository.log({ limit: 2, after: all[1] as string })
    deepEqual([second.commits.map(({ message }) => message), second.more], [['1\n'], false])
    await rejects(repository.log({ limit: 1, after: 'b'.repeat(40) }), failed('not-found'))
  }))

Deno.test('a commit has these paths or what is staged, its message as it is, and says why it was refused', () =>
  withRepository(async ({ folder, git, write, commit, repository }) => {
    commit('file')
    await rejects(repository.commit({ message: 'x' }), failed('git-failed', /nothing to commit/))
    write('staged', '')
    git('add', 'staged')
    write('--all', '')
    const { sha } = await repository.commit({ message: '--amend\n\n# kept', paths: ['--all'] })
    equal(git('log', '-1', '--format=%H %B').trim(), `${sha} --amend\n\n# kept`)
    equal(git('show', '--name-only', '--format='), '--all\n')
    write('.git/hooks/pre-commit', '#!/bin/sh\nyes | head -c 9000 >&2\necho "it says no" >&2\nexit 1\n')
    Deno.chmodSync(`${folder}/.git/hooks/pre-commit`, 0o755)
    await rejects(repository.commit({ message: 'x' }), (error: ProtocolError) => {
      const { stderr, exitCode } = error.data as { stderr: string; exitCode: number }
      match(stderr, /it says no\n$/)
      deepEqual([stderr.length <= 4_096, exitCode], [true, 1])
      return true
    })
    await rejects(repository.commit({ message: 'x', paths: ['..'] }), failed('path-outside-workspace'))
  }))

Deno.test('what is staged as gone or renamed is committed by its paths', () =>
  withRepository(async ({ git, commit, repository }) => {
    for (const name of ['removed', 'old', 'left']) commit(name)
    git('rm', '--quiet', 'removed', 'left')
    git('mv', 'old', 'new')
    await repository.commit({ message: 'x', paths: ['removed', 'old', 'new'] })
    equal(git('show', '--no-renames', '--name-status', '--format='), 'A\tnew\nD\told\nD\tremoved\n')
    deepEqual((await repository.status()).entries, [{ path: 'left', index: 'D', worktree: '.' }])
  }))

Deno.test('a git that takes too long is ended, and has no exit code', () =>
  withRepository(async ({ folder, write }) => {
    // It goes when the folder goes.
    write('.git/hooks/pre-commit', '#!/bin/sh\nwhile test -e "$0"; do sleep 0.1; done\n')
    Deno.chmodSync(`${folder}/.git/hooks/pre-commit`, 0o755)
    const run = new GitProgram(environment).run(folder, ['commit', '--allow-empty', '--message=x'], { time: 300 })
    await rejects(run, (error: ProtocolError) => {
      deepEqual([error.code, error.data], ['git-failed', { stderr: '', exitCode: null }])
      return true
    })
  }))

Deno.test('without a git every method fails', () =>
  withRepository(async ({ folder }) => {
    const repository = new Repository(folder, new GitProgram({ PATH: '/nonexistent' }))
    await rejects(repository.status(), failed('git-failed', /^$/))
  }))

Deno.test('a push goes to a remote that is listed, under a name that is one, and is never forced', () =>
  withRepository(async ({ folder, git, commit, repository }) => {
    await rejects(repository.push({}), failed('not-found'))
    const first = commit('file')
    git('init', '--quiet', '--bare', `${folder}/.git/there`)
    git('remote', 'add', 'there', `${folder}/.git/there`)
    const { remote, branch } = await repository.push({})
    deepEqual([remote, branch], ['there', 'main'])
    equal(git('-C', `${folder}/.git/there`, 'rev-parse', 'main').trim(), first)
    commit('file', 'later')
    await repository.push({ remote: 'there' })
    git('reset', '--quiet', '--hard', first)
    commit('file', 'other')
    await rejects(repository.push({}), failed('git-failed', /rejected/))
    for (const wrong of ['origin', '-f', folder]) await rejects(repository.push({ remote: wrong }), failed('not-found'))
    for (const wrong of ['-d', '@{-1}', 'a:b'])
      await rejects(repository.push({ branch: wrong }), failed('invalid-params'))
  }))
