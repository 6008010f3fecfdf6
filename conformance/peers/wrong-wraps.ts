// Handshake frames that no receiver can open: it stays silent about them, whatever they claim to be.

import { random } from './device.ts'
import type { MessageFault } from './handshake-frame.ts'

type Unopened = Pick<MessageFault<never>, 'body' | 'wrapping' | 'frame'>

const flip = (right: Uint8Array, at: number): Uint8Array => {
  const changed = right.slice()
  changed[at] = (changed[at] as number) ^ 1
  return changed
}

export const wrongWraps: Readonly<Record<string, Unopened>> = {
  'sealed under another secret': { wrapping: ({ secret }) => ({ secret: random(secret.length) }) },
  'with one bit of its sealed body changed': { frame: (right) => flip(right, right.length - 1) },
  'with one bit of its salt changed': { frame: (right) => flip(right, 35) },
  'with another suite than it was sealed for': { frame: (right) => flip(right, 3) },
  'of version 2': { wrapping: () => ({ version: 2 }) },
  'of a type that does not exist': { wrapping: () => ({ type: 9 }) },
  'of 51 bytes': { frame: (right) => right.slice(0, 51) },
}
