// Names of devices and agents, as they may be sent (spec/session.md).

import { limits } from '@happy-remote/schemas/limits.ts'

const CONTROL = /\p{Cc}/gu

/** A name as `session.control.name` wants it: no control characters, well formed, 1 to 64 bytes of UTF-8. */
export function deviceName(text: string): string {
  let name = ''
  for (const character of text.toWellFormed().replace(CONTROL, ' ').trim()) {
    if (Buffer.byteLength(name + character) > limits.nameMax) break
    name += character
  }
  return name || 'unnamed'
}
