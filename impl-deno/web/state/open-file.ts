// A file that is looked at or edited. It is saved only over the version that the person has seen.

import { limits } from '@happy-remote/schemas/limits.ts'
import { batch, signal } from '@preact/signals'
import { CallFailure } from '../../controller/failure.ts'
import { type FileAgent, filePieces, putFile } from '../../controller/files.ts'
import { toBase64url } from '../../crypto/base64url.ts'
import { utf8 } from '../../crypto/bytes.ts'
import { hash } from '../../crypto/primitives.ts'
import type { FileDraft } from './drafts.ts'
import { Reading } from './reading.ts'

/** Beyond this a text field in a page is no place to edit. */
const EDITED_MAX = 2 * limits.filePiece

export type WhyNot = 'binary' | 'large' | 'unread' | 'line-ends'

/** Somebody else has changed the file since it was read. */
export interface Conflict {
  /** null: it is gone. */
  readonly theirs: Reading | null
  readonly hash: string | null
}

/** Undefined where there are several kinds, of which a text field would make one. */
export function lineEndOf(text: string): '\n' | '\r\n' | undefined {
  if (!text.includes('\r')) return '\n'
  return /(^|[^\r])\n|\r(?!\n)/.test(text) ? undefined : '\r\n'
}

export class OpenFile {
  readonly path: string
  readonly mtime = signal<number | undefined>(undefined)
  readonly reading
  /** What was written and not saved, with `\n`. */
  readonly draft = signal<string | undefined>(undefined)
  readonly conflict = signal<Conflict | undefined>(undefined)
  readonly #agent: FileAgent
  #editedHash = ''

  constructor(agent: FileAgent, path: string) {
    this.#agent = agent
    this.path = path
    this.reading = signal(new Reading(agent, path))
  }

  /** Its first piece anew; what was not saved goes. Throws CallFailure. */
  async read(): Promise<void> {
    const reading = new Reading(this.#agent, this.path)
    const [{ mtime }] = await Promise.all([this.#agent.call('file.stat', { path: this.path }), reading.more()])
    this.#show(reading, mtime)
  }

  /** Undefined where it can be edited here. */
  get whyNot(): WhyNot | undefined {
    const { text, size, isWhole } = this.reading.value
    if (text.value === undefined) return 'binary'
    if (size.value > EDITED_MAX) return 'large'
    if (!isWhole.value) return 'unread'
    return lineEndOf(text.value) === undefined ? 'line-ends' : undefined
  }

  /** The text with `\n` alone, as a text field has it. */
  get #plain(): string {
    return (this.reading.value.text.value ?? '').replaceAll('\r\n', '\n')
  }

  get isChanged(): boolean {
    return this.draft.value !== undefined && this.draft.value !== this.#plain
  }

  /** What is not saved, and of which version it was made. */
  get unsaved(): FileDraft | undefined {
    const text = this.draft.value
    return text !== undefined && this.isChanged ? { path: this.path, text, hash: this.#editedHash } : undefined
  }

  edit(): void {
    this.#editedHash = this.reading.value.hash
    this.draft.value = this.#plain
  }

  /** Goes on with what was written in an earlier life of the page, over the version that was seen then alone. Throws CallFailure. */
  async restore({ text, hash }: FileDraft): Promise<void> {
    const reading = this.reading.value
    await readAll(reading)
    const present = reading.isWhole.value ? reading.hash : hash
    batch(() => {
      this.#editedHash = hash
      this.draft.value = text
      // Where it is too large to be read here, saving tells of it.
      if (!this.isChanged) this.draft.value = undefined
      else if (present !== hash) this.conflict.value = { theirs: reading, hash: present }
    })
  }

  /** The same where the file is not there any more. */
  restoreGone({ text, hash }: FileDraft): void {
    batch(() => {
      this.#editedHash = hash
      this.draft.value = text
      this.conflict.value = { theirs: null, hash: null }
    })
  }

  discard(): void {
    batch(() => {
      this.draft.value = undefined
      this.conflict.value = undefined
    })
  }

  /** Where it is not what was read any more, nothing is written and `conflict` says so. Throws CallFailure. */
  async save(): Promise<void> {
    await this.#write(this.reading.value.hash)
  }

  /** Over what the conflict has shown; whoever was faster again is a conflict again. Throws CallFailure. */
  async overwrite({ hash }: Conflict): Promise<void> {
    await this.#write(hash)
  }

  /** All of it, as far as it is one version. Throws CallFailure. */
  async download(arrived: (bytes: number) => void, signal: AbortSignal): Promise<Blob> {
    const pieces: BlobPart[] = []
    for await (const { offset, bytes } of filePieces(this.#agent, this.path, signal)) {
      pieces.push(new Uint8Array(bytes))
      arrived(offset + bytes.length)
    }
    return new Blob(pieces, { type: 'application/octet-stream' })
  }

  async #write(expectedHash: string | null): Promise<void> {
    const draft = this.draft.value ?? ''
    const end = lineEndOf(this.reading.value.text.value ?? '') ?? '\n'
    const bytes = utf8(draft.replaceAll('\n', end))
    const content = {
      size: bytes.length,
      read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
    }
    try {
      await putFile(this.#agent, this.path, content, { expectedHash })
    } catch (error) {
      const present = presentHash(error)
      // What was to be written is there: an earlier try came through.
      if (present !== toBase64url(hash(bytes))) return this.#meet(present)
    }
    this.conflict.value = undefined
    await this.read()
  }

  async #meet(present: string | null): Promise<void> {
    const theirs = new Reading(this.#agent, this.path)
    try {
      await theirs.more()
      await readAll(theirs)
      this.conflict.value = { theirs, hash: theirs.isWhole.value ? theirs.hash : present }
    } catch (error) {
      if (!(error instanceof CallFailure && error.code === 'not-found')) throw error
      this.conflict.value = { theirs: null, hash: null }
    }
  }

  #show(reading: Reading, mtime: number): void {
    batch(() => {
      this.reading.value = reading
      this.mtime.value = mtime
      this.draft.value = undefined
      this.conflict.value = undefined
    })
  }
}

/** As far as it can be edited here. */
async function readAll(reading: Reading): Promise<void> {
  while (!reading.isWhole.value && reading.size.value <= EDITED_MAX) await reading.more()
}

/** Of the file that is in the way; throws whatever is no conflict. */
function presentHash(error: unknown): string | null {
  if (!(error instanceof CallFailure && error.code === 'conflict')) throw error
  const { sha256 } = (error.data ?? {}) as { sha256?: unknown }
  return typeof sha256 === 'string' ? sha256 : null
}
