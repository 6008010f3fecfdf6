// What the person has written and not sent or saved yet.

import { Base64url } from '@happy-remote/schemas/session.ts'
import { type Signal, signal } from '@preact/signals'
import { type Static, Type } from 'typebox'
import { utf8 } from '../../crypto/bytes.ts'
import { readJson } from './kept-json.ts'

/** UTF-16 units of all files that are kept for another time; a text field in a page is no place for more. */
const MOST = 2_097_152

const FileDraft = Type.Object({
  path: Type.String(),
  /** With `\n`. */
  text: Type.String(),
  /** Of the version that it was made of. */
  hash: Base64url(32, 'SHA-256'),
})
export type FileDraft = Readonly<Static<typeof FileDraft>>

const Content = Type.Object({ prompt: Type.String(), files: Type.Array(FileDraft) })

export class Drafts {
  readonly prompt: Signal<string>
  /** As they were when the page was opened. */
  readonly files: readonly FileDraft[]

  /** `prompt`: where it is written already, or what it is. */
  constructor(prompt: Signal<string> | string = '', files: readonly FileDraft[] = []) {
    this.prompt = typeof prompt === 'string' ? signal(prompt) : prompt
    this.files = files
  }

  /** None where it was written by another version of the page. */
  static read(content: Uint8Array | undefined): Drafts {
    const kept = readJson(Content, content)
    return new Drafts(kept?.prompt, kept?.files)
  }

  /** What was given and not taken is written again. */
  putBack(text: string): void {
    this.prompt.value = this.prompt.value === '' ? text : `${text}\n${this.prompt.value}`
  }

  /** With what is written of files now, as far as there is room. Undefined where there is nothing. */
  contentWith(files: readonly FileDraft[], prompt = this.prompt.peek()): Uint8Array | undefined {
    let room = MOST
    const kept = files.filter(({ text }) => {
      if (text.length > room) return false
      room -= text.length
      return true
    })
    return prompt === '' && kept.length === 0 ? undefined : utf8(JSON.stringify({ prompt, files: kept }))
  }
}
