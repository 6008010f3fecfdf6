// A folder of the workspace, page by page.

import { limits } from '@happy-remote/schemas/limits.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import { batch, signal } from '@preact/signals'
import type { FileAgent } from '../../controller/files.ts'

export type FolderEntry = Result<'file.list'>['entries'][number]

export class Folder {
  readonly path: string
  /** Undefined before the first page is there. */
  readonly entries = signal<readonly FolderEntry[] | undefined>(undefined)
  readonly more = signal(false)
  readonly #agent: FileAgent

  constructor(agent: FileAgent, path: string) {
    this.#agent = agent
    this.path = path
  }

  /** From the beginning. Throws CallFailure. */
  async read(): Promise<void> {
    await this.#page([])
  }

  /** Throws CallFailure. */
  async readMore(): Promise<void> {
    await this.#page(this.entries.value ?? [])
  }

  async #page(before: readonly FolderEntry[]): Promise<void> {
    const after = before.at(-1)?.name
    const behind = after === undefined ? {} : { after }
    const page = await this.#agent.call('file.list', { path: this.path, limit: limits.fileEntries, ...behind })
    batch(() => {
      this.entries.value = [...before, ...page.entries]
      this.more.value = page.more
    })
  }
}
