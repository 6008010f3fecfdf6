// What the person has written and not sent or saved yet.

import { signal } from '@preact/signals'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { utf8 } from '../../crypto/bytes.ts'

const Content = Type.Object({ prompt: Type.String() })

export class Drafts {
  readonly prompt = signal('')

  /** Nothing where it was written by another version of the page. */
  constructor(content: Uint8Array | undefined) {
    try {
      const kept: unknown = content && JSON.parse(new TextDecoder().decode(content))
      if (Check(Content, kept)) this.prompt.value = kept.prompt
    } catch {
      // Then there is none.
    }
  }

  /** Undefined where there is none. */
  get content(): Uint8Array | undefined {
    const prompt = this.prompt.peek()
    return prompt === '' ? undefined : utf8(JSON.stringify({ prompt }))
  }
}
