// The repository of the workspace, for controllers (spec/rpc.md, Git).

import { lstat, realpath } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { COMMAND, gitFailed, mustGit, READ, runGit } from './git-run.ts'
import { fitting, fittingText, LOG_FORMAT, readLog, readStatus } from './git-text.ts'
import { mustBeInside } from './workspace.ts'

/** Bytes of git's output, beyond which nothing fits into an answer. */
const MOST = 1_048_576

export class Git {
  readonly #folder: string
  /** Commits and pushes go one after the other: git has one index. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(workspace: string) {
    this.#folder = workspace
  }

  async status(): Promise<Result<'git.status'>> {
    const root = await this.#repository()
    const args = ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=normal']
    const { output, isCut } = await mustGit(root, args, { ...READ, most: MOST })
    const { entries, ...rest } = readStatus(whole(output, isCut))
    const told = fitting(entries)
    return { ...rest, entries: told, truncated: isCut || told.length < entries.length }
  }

  async diff({ path, staged }: Params<'git.diff'>): Promise<Result<'git.diff'>> {
    const root = await this.#repository()
    return patchOf(root, staged ? ['--cached'] : [], pathsInside(root, path))
  }

  async show({ commit, path }: Params<'git.show'>): Promise<Result<'git.show'>> {
    const root = await this.#repository()
    const paths = pathsInside(root, path)
    const sha = await lineOf(root, ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`])
    // rpc.git.show-unknown: git prefers a branch or a tag of that name
    if (!sha?.startsWith(commit)) throw new ProtocolError('not-found', 'Cannot show it: there is no such commit')
    const parent = await lineOf(root, ['rev-parse', '--verify', '--quiet', `${sha}^1`])
    const patch = await patchOf(root, ['--find-renames', parent ?? nothingFor(sha), sha], paths)
    return { sha, ...patch }
  }

  async log({ limit, after }: Params<'git.log'>): Promise<Result<'git.log'>> {
    const root = await this.#repository()
    const { exitCode } = await runGit(root, ['rev-parse', '--verify', '--quiet', 'HEAD'], READ)
    if (exitCode !== 0) {
      if (after === undefined) return { commits: [], more: false }
      throw unknownCommit()
    }
    const skipped = after === undefined ? 0 : await this.#placeOf(root, after)
    const args = ['log', '-z', `--format=${LOG_FORMAT}`, '--no-show-signature', `--max-count=${limit + 1}`]
    const { output, isCut } = await mustGit(root, [...args, `--skip=${skipped}`, 'HEAD', '--'], {
      ...READ,
      most: 8 * MOST,
    })
    const all = readLog(whole(output, isCut))
    const commits = fitting(all.slice(0, limit))
    return { commits, more: isCut || commits.length < all.length }
  }

  commit({ message, paths }: Params<'git.commit'>): Promise<Result<'git.commit'>> {
    return this.#inTurn(async () => {
      const root = await this.#repository()
      const inside = paths?.map((path) => pathInside(root, path))
      // Staged first: git commits no path that it does not know. What is gone it knows, and may have it staged already.
      const present = await presentOf(root, paths ?? [])
      if (present.length > 0) await mustGit(root, ['add', '--all', '--', ...present], COMMAND)
      const only = inside ? ['--only', '--', ...inside] : []
      // rpc.git.message: not as an argument
      await mustGit(root, ['commit', '--quiet', '--file=-', ...only], { ...COMMAND, input: message })
      const { output } = await mustGit(root, ['rev-parse', 'HEAD'], READ)
      return { sha: output.toString().trim() }
    })
  }

  push({ remote, branch }: Params<'git.push'>): Promise<Result<'git.push'>> {
    return this.#inTurn(async () => {
      const root = await this.#repository()
      const own = branch === undefined ? await presentBranch(root) : await checkedBranch(root, branch)
      const there = await remoteOf(root, remote, own)
      const ref = `refs/heads/${own}`
      const { said } = await mustGit(root, ['push', '--', there, `${ref}:${ref}`], COMMAND)
      return { remote: there, branch: own, output: said }
    })
  }

  /** The top folder of the working tree, which is the workspace. Throws `not-found`. */
  async #repository(): Promise<string> {
    const root = await realpath(this.#folder)
    const { exitCode, output, said } = await runGit(root, ['rev-parse', '--show-toplevel'], READ)
    if (exitCode === 0 && (await realpath(output.toString().replace(/\n$/, ''))) === root) return root
    // A repository that git refuses, because it belongs to somebody else for one, is there all the same.
    if (exitCode !== 0 && !/not a git repository|must be run in a work tree/.test(said)) {
      throw gitFailed('the repository cannot be used', said, exitCode)
    }
    // rpc.git.repository
    throw new ProtocolError('not-found', 'Cannot do it with git: the workspace is not the top folder of a working tree')
  }

  /** How many commits the log has up to this one. */
  async #placeOf(root: string, sha: string): Promise<number> {
    let count = 0
    let isFound = false
    let rest = ''
    const enough = (bytes: Buffer) => {
      const lines = (rest + bytes.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        count++
        isFound = line === sha
        if (isFound) break
      }
      return isFound
    }
    await mustGit(root, ['log', '--format=%H', '--no-show-signature', 'HEAD', '--'], { ...READ, enough })
    // rpc.git.log-after
    if (!isFound) throw unknownCommit()
    return count
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act, act)
    this.#last = done.catch(() => {})
    return done
  }
}

/** A patch of what these arguments of `git diff` name. */
async function patchOf(root: string, what: readonly string[], paths: readonly string[]): Promise<Result<'git.diff'>> {
  // rpc.git.programs
  const plain = ['--no-ext-diff', '--no-textconv', '--no-color', '--src-prefix=a/', '--dst-prefix=b/']
  const { output, isCut } = await mustGit(root, ['diff', ...plain, ...what, '--', ...paths], { ...READ, most: MOST })
  const text = output.toString('utf8')
  const diff = fittingText(text)
  return { diff, truncated: isCut || diff.length < text.length }
}

/** The tree without a file, which git knows in every repository, in its two kinds of names. */
const NOTHING = [
  '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
]
const nothingFor = (sha: string): string => NOTHING.find(({ length }) => length === sha.length) as string

const unknownCommit = () =>
  new ProtocolError('not-found', 'Cannot go on behind this commit: the branch does not have it')

/** Up to the last NUL, where it was cut. */
function whole(output: Buffer, isCut: boolean): string {
  return output.subarray(0, isCut ? output.lastIndexOf(0) + 1 : output.length).toString('utf8')
}

/** As git names it, and nothing else (rpc.git.literal): a setting for all paths would hold for hooks as well. Throws `path-outside-workspace`. */
function pathInside(root: string, path: string): string {
  const place = resolve(root, path)
  mustBeInside(root, place, path)
  return `:(literal)${relative(root, place) || '.'}`
}

const pathsInside = (root: string, path: string | undefined): string[] =>
  path === undefined ? [] : [pathInside(root, path)]

/** Of these paths those that something is at, as git names them. */
async function presentOf(root: string, paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      lstat(resolve(root, path)).then(
        () => [pathInside(root, path)],
        () => [],
      ),
    ),
  )
  return found.flat()
}

async function lineOf(root: string, args: readonly string[]): Promise<string | undefined> {
  const { exitCode, output } = await runGit(root, args, READ)
  const line = output.toString().replace(/\n$/, '')
  return exitCode === 0 && line !== '' ? line : undefined
}

async function presentBranch(root: string): Promise<string> {
  const branch = await lineOf(root, ['symbolic-ref', '--quiet', '--short', 'HEAD'])
  if (branch !== undefined) return branch
  throw new ProtocolError('not-found', 'Cannot push: no branch is checked out')
}

/** rpc.git.branch */
async function checkedBranch(root: string, branch: string): Promise<string> {
  if ((await lineOf(root, ['check-ref-format', '--branch', branch])) === branch) return branch
  throw new ProtocolError('invalid-params', 'Cannot push: this is no name of a branch')
}

async function remoteOf(root: string, wanted: string | undefined, branch: string): Promise<string> {
  const remotes = (await lineOf(root, ['remote']))?.split('\n') ?? []
  const usual = await lineOf(root, ['for-each-ref', '--format=%(push:remotename)', '--', `refs/heads/${branch}`])
  const remote = wanted ?? usual ?? (remotes.length === 1 ? remotes[0] : 'origin')
  // rpc.git.remote
  if (remote !== undefined && remotes.includes(remote)) return remote
  throw new ProtocolError('not-found', 'Cannot push: there is no such remote')
}
