// Steps about git: what is in the repository of the workspace, and what an agent tells and does of it.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { After, Given, Then, When } from '@cucumber/cucumber'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Failed, NotApplicable, SuiteError } from '../shim/trouble.ts'
import { type Caller, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

const LINE_FEED = 'a\nb'
/** What the suite's own git sees of the machine: nothing. */
const ALONE = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }

interface Repository {
  readonly folder: string
  /** Outside the workspace. */
  readonly beside: string
}
const repositories = new WeakMap<SuiteWorld, Repository>()
/** Folders that the scenario has made outside of what the program removes. */
const left = new WeakMap<SuiteWorld, string[]>()

After(function (this: SuiteWorld) {
  for (const place of left.get(this) ?? []) rmSync(place, { recursive: true, force: true })
})

const leave = (world: SuiteWorld, place: string) => left.set(world, [...(left.get(world) ?? []), place])

function runGit(folder: string, ...args: string[]): string {
  try {
    return execFileSync('git', ['-C', folder, '-c', 'commit.gpgSign=false', ...args], {
      env: { ...process.env, ...ALONE },
      stdio: 'pipe',
    }).toString()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new NotApplicable('the machine of the suite has no git')
    throw error
  }
}

/** What the scenario says about the repository is the suite's own work. */
function git(world: SuiteWorld, ...args: string[]): string {
  return runGit(repository(world).folder, ...args)
}

function repository(world: SuiteWorld): Repository {
  const found = repositories.get(world)
  if (!found) throw new SuiteError('No step has made a repository')
  return found
}

async function workspaceWithGit(world: SuiteWorld): Promise<string> {
  const { methods, workspace } = await sceneOf(world).caller('controller').rpc.call('agent.info')
  if (!methods.includes('git.status')) throw new NotApplicable('the agent has no git')
  return workspace
}

function init(folder: string): void {
  runGit(folder, 'init', '--quiet', '--initial-branch=main')
  const settings = { 'user.name': 'Ada', 'user.email': 'ada@example.com', 'commit.gpgSign': 'false' }
  for (const [name, value] of Object.entries(settings)) runGit(folder, 'config', name, value)
  runGit(folder, 'config', 'core.hooksPath', join(folder, '.git/hooks'))
}

async function make(world: SuiteWorld): Promise<void> {
  const folder = await workspaceWithGit(world)
  const beside = mkdtempSync(join(tmpdir(), 'happy-remote-git-'))
  leave(world, beside)
  init(folder)
  repositories.set(world, { folder, beside })
}

const write = (world: SuiteWorld, path: string, text: string) =>
  writeFileSync(join(repository(world).folder, path), text)

function commit(world: SuiteWorld, path: string, text = path): string {
  write(world, path, `${text}\n`)
  git(world, 'add', '--', path)
  git(world, 'commit', '--quiet', '--message', `write ${path}`)
  return git(world, 'rev-parse', 'HEAD').trim()
}

Given('a controller that is paired with it and may also "git.push"', async function (this: SuiteWorld) {
  await sceneOf(this).pair('controller', ['observe', 'prompt', 'git', 'git.push'])
})

Given('the agent has git', async function (this: SuiteWorld) {
  await workspaceWithGit(this)
})

Given('a repository in the workspace', async function (this: SuiteWorld) {
  await make(this)
})

Given(
  'a repository in the workspace, with the file {string} committed',
  async function (this: SuiteWorld, path: string) {
    await make(this)
    commit(this, path)
  },
)

Given('a repository in the folder above the workspace', async function (this: SuiteWorld) {
  const above = dirname(await workspaceWithGit(this))
  leave(this, join(above, '.git'))
  init(above)
})

Given('the file {string} has changed', function (this: SuiteWorld, path: string) {
  write(this, path, 'changed\n')
})

Given('the file {string} has changed to {bytes} bytes', function (this: SuiteWorld, path: string, size: number) {
  write(this, path, 'changed\n'.repeat(size / 8))
})

Given('the file {string} is gone', function (this: SuiteWorld, path: string) {
  rmSync(join(repository(this).folder, path))
})

Given('the file {string} is gone, which is staged', function (this: SuiteWorld, path: string) {
  git(this, 'rm', '--quiet', '--', path)
})

Given('there is a new file {string}', function (this: SuiteWorld, path: string) {
  write(this, path, 'new\n')
})

Given('there is a new file {string} that is staged', function (this: SuiteWorld, path: string) {
  write(this, path, 'new\n')
  git(this, 'add', '--', path)
})

Given('8,000 new files with long names', function (this: SuiteWorld) {
  for (let i = 0; i < 8_000; i++) write(this, `${i}`.padStart(200, 'n'), '')
})

Given('the file {string} was renamed to one with a line feed in its name', function (this: SuiteWorld, path: string) {
  const { folder } = repository(this)
  renameSync(join(folder, path), join(folder, LINE_FEED))
  git(this, 'add', '--all')
})

Given('git knows no author', function (this: SuiteWorld) {
  git(this, 'config', 'user.name', '')
})

Given('a merge that is left open in the file {string}', function (this: SuiteWorld, path: string) {
  git(this, 'checkout', '--quiet', '-b', 'side')
  commit(this, path, 'one way')
  git(this, 'checkout', '--quiet', 'main')
  commit(this, path, 'another way')
  try {
    git(this, 'merge', '--quiet', 'side')
  } catch {
    return
  }
  throw new SuiteError('The merge has no conflict')
})

Given('a hook that says 9,000 bytes and then {string}, and fails', function (this: SuiteWorld, words: string) {
  const place = join(repository(this).folder, '.git/hooks/pre-commit')
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, `#!/bin/sh\nhead -c 9000 /dev/zero | tr '\\0' x >&2\necho '${words}' >&2\nexit 1\n`)
  chmodSync(place, 0o755)
})

Given('a hook {string} that says {string}, and fails', function (this: SuiteWorld, name: string, words: string) {
  const place = join(repository(this).folder, '.git/hooks', name)
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, `#!/bin/sh\necho '${words}' >&2\nexit 1\n`)
  chmodSync(place, 0o755)
})

/** A program that says when it has begun, and ends with the scenario. */
function endless(world: SuiteWorld, place: string, begun: string): void {
  const { beside } = repository(world)
  mkdirSync(dirname(place), { recursive: true })
  writeFileSync(place, `#!/bin/sh\ntouch '${begun}'\nwhile [ -e '${beside}' ]; do sleep 0.2; done\n`)
  chmodSync(place, 0o755)
}
const begunIn = ({ beside }: Repository): string => join(beside, 'begun')
const hookIn = ({ folder }: Repository): string => join(folder, '.git/hooks/pre-commit')

Given('a hook that does not end', function (this: SuiteWorld) {
  endless(this, hookIn(repository(this)), begunIn(repository(this)))
})

Given('a filter that does not end', function (this: SuiteWorld) {
  const { beside } = repository(this)
  commit(this, '.gitattributes', 'a filter=endless')
  const program = join(beside, 'filter')
  endless(this, program, begunIn(repository(this)))
  git(this, 'config', 'filter.endless.clean', program)
})

When('the hook is gone', function (this: SuiteWorld) {
  rmSync(hookIn(repository(this)))
})

Then('the author of the last commit is {string}', function (this: SuiteWorld, expected: string) {
  const author = git(this, 'log', '-1', '--format=%an').trim()
  if (author !== expected) throw new Failed(`The author is ${author}`)
})

Given('its configuration names a program that leaves a trace', function (this: SuiteWorld) {
  const { beside } = repository(this)
  const program = join(beside, 'program')
  writeFileSync(program, `#!/bin/sh\ntouch '${beside}/trace'\n`)
  chmodSync(program, 0o755)
  commit(this, '.gitattributes', '* diff=spy')
  for (const name of ['diff.external', 'diff.spy.textconv', 'core.fsmonitor']) git(this, 'config', name, program)
  git(this, '-c', 'core.fsmonitor=false', 'remote', 'add', 'elsewhere', `ext::${program}`)
  rmSync(join(beside, 'trace'), { force: true })
})

Then('no program has left a trace', function (this: SuiteWorld) {
  if (existsSync(join(repository(this).beside, 'trace'))) throw new Failed('A program of the configuration has run')
})

Given('commits on two branches that were merged', function (this: SuiteWorld) {
  commit(this, '1')
  git(this, 'checkout', '--quiet', '-b', 'side')
  for (const path of ['2', '3']) commit(this, path)
  git(this, 'checkout', '--quiet', 'main')
  commit(this, '4')
  git(this, 'merge', '--quiet', '--no-edit', 'side')
})

Given('a commit of the new files {string} and {string}', function (this: SuiteWorld, one: string, two: string) {
  write(this, one, 'new\n')
  commit(this, two)
  git(this, 'add', '--', one)
  git(this, 'commit', '--quiet', '--amend', '--no-edit')
})

Given('a commit in which {string} was renamed to {string}', function (this: SuiteWorld, from: string, to: string) {
  git(this, 'mv', '--', from, to)
  git(this, 'commit', '--quiet', '--message', 'rename')
})

Given(
  'a commit in which {string} has changed to {bytes} bytes',
  function (this: SuiteWorld, path: string, size: number) {
    commit(this, path, 'changed\n'.repeat(size / 8))
  },
)

Given('a commit of a file {string} that is not text', function (this: SuiteWorld, path: string) {
  commit(this, path, '\0\u0001\0')
})

Given('the setting {string} is {string}', function (this: SuiteWorld, name: string, value: string) {
  git(this, 'config', name, value)
})

Given('a branch {string} and a tag {string}', function (this: SuiteWorld, branch: string, tag: string) {
  git(this, 'branch', branch)
  git(this, 'tag', tag)
})

Given('a remote {string}', function (this: SuiteWorld, name: string) {
  const bare = join(repository(this).beside, name)
  mkdirSync(bare)
  runGit(bare, 'init', '--quiet', '--bare', '--initial-branch=main')
  git(this, 'remote', 'add', name, bare)
})

const headAt = (world: SuiteWorld, name: string): string =>
  runGit(join(repository(world).beside, name), 'for-each-ref', '--format=%(objectname)', 'refs/heads').trim()

/** The commit that the workspace does not have. */
const others = new WeakMap<SuiteWorld, string>()

Given('another commit at {string}, which the workspace does not have', function (this: SuiteWorld, name: string) {
  const here = git(this, 'rev-parse', 'HEAD').trim()
  others.set(this, commit(this, 'elsewhere'))
  git(this, 'push', '--quiet', name, 'main')
  git(this, 'reset', '--quiet', '--hard', here)
  commit(this, 'here')
})

// Asking.

When('{caller} calls "git.diff" for what is staged', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('git.diff', { staged: true })
})

When('{caller} calls "git.diff" for {string}', async function (this: SuiteWorld, caller: Caller, path: string) {
  await caller.ask('git.diff', { path })
})

const lastCommit = (world: SuiteWorld): string => git(world, 'rev-parse', 'HEAD').trim()

When('{caller} calls "git.show" for the last commit', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('git.show', { commit: lastCommit(this) })
})

When(
  '{caller} calls "git.show" for the first {int} digits of the last commit',
  async function (this: SuiteWorld, caller: Caller, count: number) {
    await caller.ask('git.show', { commit: lastCommit(this).slice(0, count) })
  },
)

When(
  '{caller} calls "git.show" for the last commit and {string}',
  async function (this: SuiteWorld, caller: Caller, path: string) {
    await caller.ask('git.show', { commit: lastCommit(this), path })
  },
)

When('{caller} calls "git.log" for {int} commits', async function (this: SuiteWorld, caller: Caller, limit: number) {
  await caller.ask('git.log', { limit })
})

When('{caller} calls "git.log" behind a commit that there is not', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('git.log', { limit: 1, after: 'a'.repeat(40) })
})

When(
  /^the (controller) calls "git\.commit" with the message "([^"]+)"(?: for "([^"]+)"(?: and "([^"]+)")?)?$/,
  async function (this: SuiteWorld, name: string, message: string, one?: string, two?: string) {
    const paths = [one, two].filter((path) => typeof path === 'string')
    const caller = sceneOf(this).caller(name)
    await caller.ask('git.commit', { message, ...(paths.length > 0 && { paths }) })
    await caller.answer()
  },
)

When(
  /^the (controller) asks for "(git\.commit|git\.diff)" of "([^"]+)", and what does not end has begun$/,
  async function (this: SuiteWorld, name: string, method: 'git.commit' | 'git.diff', path: string) {
    const params = method === 'git.commit' ? { message: 'x', paths: [path] } : { path }
    await sceneOf(this).caller(name).ask(method, params)
    await sceneOf(this).until('what git starts has begun', () => existsSync(begunIn(repository(this))))
  },
)

Then('{caller} has no answer', async function (this: SuiteWorld, caller: Caller) {
  await this.stage.settle()
  if (caller.isAnswered) throw new Failed('There is an answer already')
})

When('{caller} calls "git.push" to {string}', async function (this: SuiteWorld, caller: Caller, remote: string) {
  await caller.ask('git.push', { remote })
})

// Answers.

Then(
  '{caller} is answered with "git-failed", and git has said {string}',
  async function (this: SuiteWorld, caller: Caller, words: string) {
    const { data } = await caller.refusal('git-failed')
    const { stderr, exitCode } = (data ?? {}) as { stderr?: unknown; exitCode?: unknown }
    if (typeof stderr !== 'string' || !stderr.toLowerCase().includes(words)) {
      throw new Failed(`data.stderr is ${JSON.stringify(stderr)?.slice(-300)}`)
    }
    if (Buffer.byteLength(stderr) > 4_096) throw new Failed(`data.stderr has ${Buffer.byteLength(stderr)} bytes`)
    if (!Number.isInteger(exitCode) || exitCode === 0) throw new Failed(`data.exitCode is ${exitCode}`)
  },
)

Then(
  '{caller} is answered with "git-failed", and git has no exit code',
  async function (this: SuiteWorld, caller: Caller) {
    const { data } = await caller.refusal('git-failed')
    const { exitCode } = (data ?? {}) as { exitCode?: unknown }
    if (exitCode !== null) throw new Failed(`data.exitCode is ${exitCode}`)
  },
)

const statusOf = (caller: Caller) => caller.result<Result<'git.status'>>()

async function entryOf(caller: Caller, path: string): Promise<Result<'git.status'>['entries'][number]> {
  const { entries } = await statusOf(caller)
  const found = entries.find((entry) => entry.path === path)
  if (!found) throw new Failed(`There are ${JSON.stringify(entries.map((entry) => entry.path))}`)
  return found
}

Then(
  '{caller} is told the branch {string}, the last commit, and no change',
  async function (this: SuiteWorld, caller: Caller, expected: string) {
    const { branch, head, entries } = await statusOf(caller)
    const right = branch === expected && head === git(this, 'rev-parse', 'HEAD').trim() && entries.length === 0
    if (!right) throw new Failed(`It is ${JSON.stringify({ branch, head, entries })}`)
  },
)

Then(
  '{caller} is told the change {string} of {string}',
  async function (this: SuiteWorld, caller: Caller, change: string, path: string) {
    const { index, worktree } = await entryOf(caller, path)
    if (index + worktree !== change) throw new Failed(`The change is ${index}${worktree}`)
  },
)

Then(
  '{caller} is told the change {string} of {string}, which is in conflict',
  async function (this: SuiteWorld, caller: Caller, change: string, path: string) {
    const { index, worktree, conflict } = await entryOf(caller, path)
    if (index + worktree !== change || conflict !== true) throw new Failed(`It is ${index}${worktree}, ${conflict}`)
  },
)

Then(
  '{caller} is told the file with the line feed, renamed from {string}',
  async function (this: SuiteWorld, caller: Caller, before: string) {
    const { index, from } = await entryOf(caller, LINE_FEED)
    if (index !== 'R' || from !== before) throw new Failed(`It is ${index} from ${JSON.stringify(from)}`)
  },
)

const patchOf = async (caller: Caller): Promise<string> => (await caller.result<Result<'git.diff'>>()).diff

Then('{caller} is answered with an empty patch', async function (this: SuiteWorld, caller: Caller) {
  const diff = await patchOf(caller)
  if (diff !== '') throw new Failed(`The patch is ${JSON.stringify(diff.slice(0, 200))}`)
})

Then(
  '{caller} is answered with a patch of {string} alone',
  async function (this: SuiteWorld, caller: Caller, path: string) {
    const files = [...(await patchOf(caller)).matchAll(/^diff --git a\/(\S+) /gm)].map(([, file]) => file)
    if (files.join() !== path) throw new Failed(`The patch is of ${files.join(', ') || 'nothing'}`)
  },
)

Then('the patch says {string}', async function (this: SuiteWorld, line: string) {
  const diff = await patchOf(sceneOf(this).caller('controller'))
  if (!diff.split('\n').includes(line)) throw new Failed(`The patch is ${JSON.stringify(diff.slice(0, 300))}`)
})

Then('the sha of the answer is that of the last commit', async function (this: SuiteWorld) {
  const { sha } = await sceneOf(this).caller('controller').result<Result<'git.show'>>()
  if (sha !== lastCommit(this)) throw new Failed(`The sha is ${sha}`)
})

for (const [words, expected] of [
  ['nothing', false],
  ['something', true],
] as const) {
  Then(`{caller} is told that ${words} was left out`, async function (this: SuiteWorld, caller: Caller) {
    const { truncated } = await caller.result<{ truncated: boolean }>()
    if (truncated !== expected) throw new Failed(`truncated is ${truncated}`)
  })
}

Then('the body of the answer has at most 1,048,576 bytes', async function (this: SuiteWorld) {
  const { reference } = await sceneOf(this).caller('controller').answer()
  if (!reference || reference.length > 1_048_576) throw new Failed(`The body has ${reference?.length} bytes`)
})

Then('{caller} is answered with no commits', async function (this: SuiteWorld, caller: Caller) {
  const { commits, more } = await caller.result<Result<'git.log'>>()
  if (commits.length > 0 || more) throw new Failed(`There are ${commits.length}, and more is ${more}`)
})

Then(
  '"git.log" in pages of {int} tells {caller} each commit once, in the order of git',
  async function (this: SuiteWorld, limit: number, caller: Caller) {
    const expected = git(this, 'log', '--format=%H %an %ae %at000 %s').trim().split('\n')
    const told: string[] = []
    for (let after: string | undefined; told.length <= expected.length; ) {
      const { commits, more } = await caller.rpc.call('git.log', { limit, ...(after !== undefined && { after }) })
      if (commits.length > limit) throw new Failed(`A page has ${commits.length} commits`)
      told.push(
        ...commits.map((one) => `${one.sha} ${one.author} ${one.email} ${one.at} ${one.message.split('\n')[0]}`),
      )
      after = commits.at(-1)?.sha
      if (!more || after === undefined) break
    }
    if (told.join('\n') !== expected.join('\n')) throw new Failed(`It tells ${JSON.stringify(told)}`)
  },
)

Then('nothing was committed', function (this: SuiteWorld) {
  const count = git(this, 'rev-list', '--count', 'HEAD').trim()
  if (count !== '1') throw new Failed(`There are ${count} commits`)
})

async function newCommit(world: SuiteWorld): Promise<void> {
  const { sha } = await sceneOf(world).caller('controller').result<Result<'git.commit'>>()
  const head = git(world, 'rev-parse', 'HEAD').trim()
  if (sha !== head) throw new Failed(`sha is ${sha}, and the last commit is ${head}`)
}

Then(
  /^the new commit has "([^"]+)"(?: and "([^"]+)")? and nothing else$/,
  async function (this: SuiteWorld, one: string, two?: string) {
    await newCommit(this)
    const args = ['show', '--no-renames', '--name-only', '--format=', '-z', 'HEAD']
    const files = git(this, ...args)
      .split('\0')
      .filter((file) => file !== '')
    const expected = [one, two].filter((path) => typeof path === 'string')
    if (files.sort().join() !== expected.sort().join()) throw new Failed(`The new commit has ${files.join(', ')}`)
  },
)

Then('the new commit has the message {string}', async function (this: SuiteWorld, expected: string) {
  await newCommit(this)
  const message = git(this, 'log', '-1', '--format=%B').trim()
  if (message !== expected) throw new Failed(`The message is ${JSON.stringify(message)}`)
})

Then('{string} has the commit of the workspace', function (this: SuiteWorld, name: string) {
  if (headAt(this, name) !== git(this, 'rev-parse', 'HEAD').trim()) throw new Failed('It has another commit')
})

Then('{string} still has the other commit', function (this: SuiteWorld, name: string) {
  if (headAt(this, name) !== others.get(this)) throw new Failed('It has lost a commit')
})

Then('{string} has no commit', function (this: SuiteWorld, name: string) {
  if (headAt(this, name) !== '') throw new Failed('Something was pushed')
})
