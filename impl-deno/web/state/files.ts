// The workspace of a computer. What was written and not saved stays while the person looks at something else, and when the
// page is loaded again.

import { computed, type Signal, signal } from '@preact/signals'
import { CallFailure } from '../../controller/failure.ts'
import type { FileAgent } from '../../controller/files.ts'
import type { FileDraft } from './drafts.ts'
import { Folder } from './folder.ts'
import { OpenFile } from './open-file.ts'

export class Files {
  readonly #agent: FileAgent
  readonly #kept = signal<ReadonlyMap<string, OpenFile>>(new Map())
  /** Of an earlier life of the page, and not looked at in this one. */
  readonly #left: Signal<ReadonlyMap<string, FileDraft>>

  constructor(agent: FileAgent, left: readonly FileDraft[]) {
    this.#agent = agent
    this.#left = signal(new Map(left.map((draft) => [draft.path, draft])))
  }

  /** What is written and not saved. */
  readonly drafts = computed((): readonly FileDraft[] => [
    ...this.#left.value.values(),
    ...[...this.#kept.value.values()].flatMap(({ unsaved }) => unsaved ?? []),
  ])

  folder(path: string): Folder {
    return new Folder(this.#agent, path)
  }

  /** What a path leads to: a file with its first piece read, or a folder, which reads itself. Throws CallFailure. */
  async at(path: string): Promise<OpenFile | 'folder'> {
    const kept = this.#kept.value.get(path)
    if (kept?.isChanged) return kept
    const left = this.#left.value.get(path)
    const file = new OpenFile(this.#agent, path)
    try {
      const { type } = await this.#agent.call('file.stat', { path })
      if (type === 'folder') return type
      if (type === 'other') throw new CallFailure('not-a-file', 'This is neither a file nor a folder')
      await file.read()
      if (left) await file.restore(left)
    } catch (error) {
      if (!left || !(error instanceof CallFailure && error.code === 'not-found')) throw error
      file.restoreGone(left)
    }
    const changed = [...this.#kept.value].filter(([, { isChanged }]) => isChanged)
    this.#kept.value = new Map([...changed, [path, file]])
    if (left) this.#left.value = new Map([...this.#left.value].filter(([other]) => other !== path))
    return file
  }

  /** What was written in another place counts here. */
  goOnWith(drafts: readonly FileDraft[]): void {
    this.#left.value = new Map([...this.#left.value, ...drafts.map((draft) => [draft.path, draft] as const)])
  }

  isUnsaved(path: string): boolean {
    return this.drafts.value.some((draft) => draft.path === path)
  }

  get hasUnsaved(): boolean {
    return [...this.#kept.value.values()].some(({ isChanged }) => isChanged)
  }
}
