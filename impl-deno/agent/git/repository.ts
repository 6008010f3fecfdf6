// What controllers see and do of the repository in the workspace (spec/rpc.md, Git).

import type { Buffer } from 'node:buffer'
import { lstat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { requireInside } from '../workspace.ts'
import { FIELDS, parseLog, parseStatus } from './porcelain.ts'
import { COMMAND_TIME, type Ended, type GitProgram, gitFailed, READ_TIME, type Wanted } from './program.ts'
import { fitEntries, fitText } from './room.ts'

/** Bytes of git's output, of which no more than that fits into a body. */
const ENOUGH = 1_048_576
const READ: Wanted = { time: READ_TIME, take: (_, size) => size > ENOUGH }
const LONG_READ: Wanted = { time: READ_TIME, take: (_, size) => size > 8 * ENOUGH }
const COMMAND: Wanted = { time: COMMAND_TIME }

/** The empty tree; every repository has it. */
const NO_FILES = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
}

export class Repository {
  /** Real path. */
  readonly #workspace: string
  readonly #git: GitProgram
  /** What changes the repository waits for what changes it already. */
  #changing: Promise<unknown> = Promise.resolve()

  constructor(workspace: string, git: GitProgram) {
    this.#workspace = workspace
    this.#git = git
  }

  async status(): Promise<Result<'git.status'>> {
    await this.#require()
    const ended = await this.#read(['status', '--porcelain=v2', '-z', '--branch', '--untracked-files=normal'])
    const { entries, ...about } = parseStatus(textOf(ended))
    const fit = fitEntries(entries)
    return { ...about, entries: fit, truncated: isCut(ended) || fit.length < entries.length }
  }

  async diff({ path, staged = false }: Params<'git.diff'>): Promise<Result<'git.diff'>> {
    await this.#require()
    return this.#patch(staged ? ['--cached'] : [], this.#pathspecs(path))
  }

  async show({ commit, path }: Params<'git.show'>): Promise<Result<'git.show'>> {
    await this.#require()
    const of = this.#pathspecs(path)
    const sha = await this.#line(['rev-parse', '--quiet', '--verify', `${commit}^{commit}`])
    // rpc.git.show-unknown: what is called like a commit is a branch to git
    if (sha === undefined || !sha.startsWith(commit)) {
      throw new ProtocolError('not-found', 'Cannot show a commit that is not there')
    }
    const parent = await this.#line(['rev-parse', '--quiet', '--verify', `${sha}^1`])
    const from = parent ?? (sha.length === 40 ? NO_FILES.sha1 : NO_FILES.sha256)
    return { sha, ...(await this.#patch(['--find-renames', from, sha], of)) }
  }

  async log({ limit, after }: Params<'git.log'>): Promise<Result<'git.log'>> {
    await this.#require()
    const isBorn = (await this.#line(['rev-parse', '--quiet', '--verify', 'HEAD'])) !== undefined
    if (!isBorn && after === undefined) return { commits: [], more: false }
    const skip = after === undefined ? 0 : isBorn ? await this.#countTo(after) : undefined
    // rpc.git.log-after
    if (skip === undefined)
      throw new ProtocolError('not-found', 'Cannot tell what is behind a commit that is not there')
    const which = [`--skip=${skip}`, `--max-count=${limit + 1}`]
    const args = ['log', '-z', `--format=${FIELDS}`, '--no-show-signature', ...which, 'HEAD', '--']
    const ended = await this.#git.demand(this.#workspace, args, LONG_READ)
    const all = parseLog(textOf(ended))
    const commits = fitEntries(all.slice(0, limit))
    return { commits, more: isCut(ended) || commits.length < all.length }
  }

  commit({ message, paths }: Params<'git.commit'>): Promise<Result<'git.commit'>> {
    return this.#change(async () => {
      await this.#require()
      const of = paths?.map((path) => this.#pathspec(path))
      // What git does not know yet cannot be committed by its path; what is gone may be staged as gone already.
      const there = await this.#there(paths ?? [])
      if (there.length > 0) await this.#git.demand(this.#workspace, ['add', '--all', '--', ...there], COMMAND)
      // rpc.git.message: on standard input it is no option
      const args = ['commit', '--quiet', '--file=-', ...(of ? ['--only', '--', ...of] : [])]
      await this.#git.demand(this.#workspace, args, { ...COMMAND, input: message })
      const { output } = await this.#read(['rev-parse', 'HEAD'])
      return { sha: output.toString().trim() }
    })
  }

  push(asked: Params<'git.push'>): Promise<Result<'git.push'>> {
    return this.#change(async () => {
      await this.#require()
      const branch = await this.#branch(asked.branch)
      const remote = await this.#remote(asked.remote, branch)
      const name = `refs/heads/${branch}`
      const { words: output } = await this.#git.demand(
        this.#workspace,
        ['push', '--', remote, `${name}:${name}`],
        COMMAND,
      )
      return { remote, branch, output }
    })
  }

  /** Throws ProtocolError `not-found` where the workspace is not the top of a working tree (rpc.git.repository). */
  async #require(): Promise<void> {
    const { exitCode, output, words } = await this.#git.run(this.#workspace, ['rev-parse', '--show-toplevel'], READ)
    if (exitCode === 0 && Deno.realPathSync(output.toString().replace(/\n$/, '')) === this.#workspace) return
    const isNone = /not a git repository|must be run in a work tree/.test(words)
    if (exitCode !== 0 && !isNone) throw gitFailed('git refuses this repository', words, exitCode)
    throw new ProtocolError('not-found', 'Cannot do it: the workspace is not the top of a working tree of git')
  }

  async #patch(between: readonly string[], of: readonly string[]): Promise<Result<'git.diff'>> {
    // rpc.git.programs
    const plain = ['--no-color', '--no-ext-diff', '--no-textconv', '--src-prefix=a/', '--dst-prefix=b/']
    const ended = await this.#read(['diff', ...plain, ...between, '--', ...of])
    const text = ended.output.toString()
    const diff = fitText(text)
    return { diff, truncated: isCut(ended) || diff.length < text.length }
  }

  #read(args: readonly string[]): Promise<Ended> {
    return this.#git.demand(this.#workspace, args, READ)
  }

  /** What git prints on one line or several; undefined where it fails or prints nothing. */
  async #line(args: readonly string[]): Promise<string | undefined> {
    const { exitCode, output } = await this.#git.run(this.#workspace, args, READ)
    return exitCode === 0 ? output.toString().replace(/\n$/, '') || undefined : undefined
  }

  /** Throws ProtocolError `path-outside-workspace`. Nothing in a name means more than the name (rpc.git.literal). */
  #pathspec(path: string): string {
    const place = resolve(this.#workspace, path)
    // rpc.git.path
    requireInside(this.#workspace, place)
    return `:(literal)${relative(this.#workspace, place) || '.'}`
  }

  #pathspecs(path: string | undefined): string[] {
    return path === undefined ? [] : [this.#pathspec(path)]
  }

  /** Of these paths those that something is at. */
  async #there(paths: readonly string[]): Promise<string[]> {
    const looked = paths.map((path) => lstat(resolve(this.#workspace, path)))
    const told = await Promise.allSettled(looked)
    return paths.filter((_, i) => told[i]?.status === 'fulfilled').map((path) => this.#pathspec(path))
  }

  /** How many commits the log has up to this one; undefined where it does not have it. */
  async #countTo(sha: string): Promise<number | undefined> {
    let count = 0
    let found: number | undefined
    let rest = ''
    const take = (piece: Buffer): boolean => {
      const lines = (rest + piece.toString()).split('\n')
      rest = lines.pop() ?? ''
      const index = lines.indexOf(sha)
      if (index >= 0) found = count + index + 1
      count += lines.length
      return found !== undefined
    }
    const args = ['log', '--format=%H', '--no-show-signature', 'HEAD', '--']
    await this.#git.demand(this.#workspace, args, { time: READ_TIME, take })
    return found
  }

  async #branch(asked: string | undefined): Promise<string> {
    if (asked === undefined) {
      const present = await this.#line(['symbolic-ref', '--short', '--quiet', 'HEAD'])
      if (present === undefined) throw new ProtocolError('not-found', 'Cannot push: there is no present branch')
      return present
    }
    // rpc.git.branch: what git would expand is none either
    if ((await this.#line(['check-ref-format', '--branch', asked])) === asked) return asked
    throw new ProtocolError('invalid-params', 'Cannot push: no branch can have this name')
  }

  async #remote(asked: string | undefined, branch: string): Promise<string> {
    const all = (await this.#line(['remote']))?.split('\n') ?? []
    const [only, another] = all
    const usual = await this.#line(['for-each-ref', '--format=%(push:remotename)', '--', `refs/heads/${branch}`])
    const remote = asked ?? usual ?? (another === undefined ? only : 'origin')
    // rpc.git.remote
    if (remote === undefined || !all.includes(remote)) {
      throw new ProtocolError('not-found', 'Cannot push: git does not list this remote')
    }
    return remote
  }

  #change<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(change)
    this.#changing = result.catch(() => {})
    return result
  }
}

const isCut = ({ exitCode }: Ended): boolean => exitCode === null

/** Without a last field that is not whole. */
function textOf(ended: Ended): string {
  const { output } = ended
  return output.subarray(0, isCut(ended) ? output.lastIndexOf(0) + 1 : output.length).toString()
}
