// The git of a computer: what has changed, what is chosen for the next commit, and its message.

import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { batch, computed, signal } from '@preact/signals'
import type { Controller } from '../../controller/controller.ts'

export type GitStatus = Result<'git.status'>
export type GitEntry = GitStatus['entries'][number]

/** Paths in one commit. */
export const CHOSEN_MAX = 1_000

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
/** What is staged and gone is no path that git would find again: it is committed with all that is staged. */
export const canChoose = (entry: GitEntry): boolean =>
  entry.conflict !== true && isReachable(entry) && !(entry.worktree === '.' && 'DR'.includes(entry.index))

export class Git {
  readonly status = signal<GitStatus | undefined>(undefined)
  readonly message = signal('')
  readonly #picked = signal<ReadonlySet<string>>(new Set())
  readonly #controller: Pick<Controller, 'call'>

  constructor(controller: Pick<Controller, 'call'>) {
    this.#controller = controller
  }

  readonly choosable = computed(() => (this.status.value?.entries ?? []).filter(canChoose).map(({ path }) => path))
  /** Of those that can be chosen. */
  readonly chosen = computed(() => this.choosable.value.filter((path) => this.#picked.value.has(path)))
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
    const paths = what === 'chosen' ? { paths: this.chosen.value } : {}
    const { sha } = await this.#controller.call('git.commit', { message: this.message.value, ...paths })
    batch(() => {
      this.message.value = ''
      this.#picked.value = new Set()
    })
    return sha
  }

  /** The branch that is checked out, to where git would push it. Throws CallFailure. */
  async push(): Promise<Result<'git.push'>> {
    return this.#controller.call('git.push', {})
  }
}
