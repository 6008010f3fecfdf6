// Public keys that every receiver refuses: security.md, Public keys.

import { unhex } from '@happy-remote/vectors/protocol/bytes.ts'
import { LOW_ORDER } from '@happy-remote/vectors/protocol/keys.ts'

export interface WrongKey {
  readonly key: Uint8Array
  readonly code: 'key-low-order' | 'key-noncanonical'
}

/** p + 9, which stands for the base point. */
const BEYOND = unhex(`f6${'ff'.repeat(30)}7f`)

export const wrongKeys: Readonly<Record<string, WrongKey>> = {
  'is zero': { key: unhex(LOW_ORDER[0] as string), code: 'key-low-order' },
  'is one': { key: unhex(LOW_ORDER[1] as string), code: 'key-low-order' },
  'has order 8': { key: unhex(LOW_ORDER[2] as string), code: 'key-low-order' },
  'is not canonical': { key: BEYOND, code: 'key-noncanonical' },
}
