// The workspace of a computer. What was written and not saved stays while the person looks at something else.

import { CallFailure } from '../../controller/failure.ts'
import type { FileAgent } from '../../controller/files.ts'
import { Folder } from './folder.ts'
import { OpenFile } from './open-file.ts'

export class Files {
  readonly #agent: FileAgent
  readonly #kept = new Map<string, OpenFile>()

  constructor(agent: FileAgent) {
    this.#agent = agent
  }

  folder(path: string): Folder {
    return new Folder(this.#agent, path)
  }

  /** What a path leads to: a file with its first piece read, or a folder, which reads itself. Throws CallFailure. */
  async at(path: string): Promise<OpenFile | 'folder'> {
    const kept = this.#kept.get(path)
    if (kept?.isChanged) return kept
    const { type } = await this.#agent.call('file.stat', { path })
    if (type === 'folder') return type
    if (type === 'other') throw new CallFailure('not-a-file', 'This is neither a file nor a folder')
    const file = new OpenFile(this.#agent, path)
    await file.read()
    for (const [other, { isChanged }] of this.#kept) if (!isChanged) this.#kept.delete(other)
    this.#kept.set(path, file)
    return file
  }

  isUnsaved(path: string): boolean {
    return this.#kept.get(path)?.isChanged === true
  }

  get hasUnsaved(): boolean {
    return [...this.#kept.values()].some(({ isChanged }) => isChanged)
  }
}
