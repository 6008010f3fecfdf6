// The six digits as they are kept while a person types them at the computer: a phone may load the page again meanwhile.

import { Type } from 'typebox'
import { utf8 } from '../../crypto/bytes.ts'
import { readJson } from './kept-json.ts'

export interface ShownDigits {
  /** In hex; there may be others with the same computer, which came of codes that failed. */
  readonly pairingId: string
  readonly digits: string
  /** Milliseconds since 1970, until which the computer takes them. */
  readonly until: number
}

const Content = Type.Object({
  pairingId: Type.String(),
  digits: Type.String({ pattern: '^[0-9]{6}$' }),
  until: Type.Number(),
})

export const writeDigits = (shown: ShownDigits): Uint8Array => utf8(JSON.stringify(shown))

/** Undefined where there are none, or another version of the page wrote them. */
export function digitsFrom(content: Uint8Array | undefined): ShownDigits | undefined {
  return readJson(Content, content)
}
