// The git of a computer: what has changed, what is chosen for the next commit, and its message.

import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { batch, computed, signal } from '@preact/signals'
import type { Controller } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'

export type GitStatus = Result<'git.status'>
export type GitLog = Result<'git.log'>
export type GitPatch = Result<'git.show'>
export type GitCommit = GitLog['commits'][number]
export type GitEntry = GitStatus['entries'][number]

/** Paths in one commit. */
export const CHOSEN_MAX = 1_000

/** Commits that are read at once. */
const LOG_PAGE = 50

export interface EntryDiff {
  /** Empty where nothing is staged. */
  readonly staged: string
  readonly unstaged: string
  readonly isCut: boolean
}

export const isNew = ({ index }: GitEntry): boolean => index === '?'
export const isStaged = ({ index, conflict }: GitEntry): boolean => !conflict && index !== '.' && index !== '?'
/** U+FFFD stands for what is not UTF-8, and then the name asks for nothing. */
export const isReachable = ({ path }: GitEntry): boolean => !path.includes('\uFFFD')
export const canChoose = (entry: GitEntry): boolean =>
  entry.conflict !== true && pathsOf(entry).every((path) => !path.includes('\uFFFD'))
/** What a commit of it takes: of what was renamed also the name that is gone. */
export const pathsOf = ({ path, from, index, worktree }: GitEntry): readonly string[] =>
  from !== undefined && (index === 'R' || worktree === 'R') ? [from, path] : [path]

export class Git {
  readonly status = signal<GitStatus | undefined>(undefined)
  readonly message = signal('')
  /** As far back as it was read. */
  readonly log = signal<GitLog | undefined>(undefined)
  readonly #picked = signal<ReadonlySet<string>>(new Set())
  readonly #controller: Pick<Controller, 'call'>

  constructor(controller: Pick<Controller, 'call'>) {
    this.#controller = controller
  }

  readonly #choosable = computed(() => (this.status.value?.entries ?? []).filter(canChoose))
  readonly choosable = computed(() => this.#choosable.value.map(({ path }) => path))
  /** Of those that can be chosen. */
  readonly chosen = computed(() => this.choosable.value.filter((path) => this.#picked.value.has(path)))
  /** What a commit of them takes. */
  readonly #paths = computed(() => [
    ...new Set(this.#choosable.value.filter(({ path }) => this.#picked.value.has(path)).flatMap(pathsOf)),
  ])
  readonly isTooMany = computed(() => this.#paths.value.length > CHOSEN_MAX)
  readonly staged = computed(() => (this.status.value?.entries ?? []).filter(isStaged))

  choose(paths: readonly string[], isChosen: boolean): void {
    const rest = [...this.#picked.value].filter((path) => !paths.includes(path))
    this.#picked.value = new Set(isChosen ? [...rest, ...paths] : rest)
  }

  /** Throws CallFailure. */
  async read(): Promise<void> {
    this.status.value = await this.#controller.call('git.status', {})
  }

  /** Throws CallFailure. */
  async diff(entry: GitEntry): Promise<EntryDiff> {
    const { path } = entry
    const none = { diff: '', truncated: false }
    const [staged, unstaged] = await Promise.all([
      isStaged(entry) ? this.#controller.call('git.diff', { path, staged: true }) : none,
      entry.worktree === '.' || isNew(entry) ? none : this.#controller.call('git.diff', { path }),
    ])
    return { staged: staged.diff, unstaged: unstaged.diff, isCut: staged.truncated || unstaged.truncated }
  }

  /** What is chosen as it is now, or what is staged; resolves with the name of the commit. Throws CallFailure. */
  async commit(what: 'chosen' | 'staged'): Promise<string> {
    const paths = what === 'chosen' ? { paths: this.#paths.value } : {}
    const { sha } = await this.#controller.call('git.commit', { message: this.message.value, ...paths })
    batch(() => {
      this.message.value = ''
      this.#picked.value = new Set()
    })
    return sha
  }

  /** The newest commits. Throws CallFailure. */
  async readLog(): Promise<void> {
    this.log.value = await this.#controller.call('git.log', { limit: LOG_PAGE })
  }

  /** Those behind what is here; all anew where the branch is another one meanwhile. Throws CallFailure. */
  async readMoreLog(): Promise<void> {
    const known = this.log.value?.commits ?? []
    const after = known.at(-1)?.sha
    if (after === undefined) return this.readLog()
    try {
      const { commits, more } = await this.#controller.call('git.log', { limit: LOG_PAGE, after })
      this.log.value = { commits: [...known, ...commits], more }
    } catch (error) {
      // rpc.git.log-after
      if (!(error instanceof CallFailure && error.code === 'not-found')) throw error
      await this.readLog()
    }
  }

  /** What a commit has changed. Throws CallFailure. */
  async show({ sha }: GitCommit): Promise<GitPatch> {
    return this.#controller.call('git.show', { commit: sha })
  }

  /** The branch that is checked out, to where git would push it. Throws CallFailure. */
  async push(): Promise<Result<'git.push'>> {
    return this.#controller.call('git.push', {})
  }
}
