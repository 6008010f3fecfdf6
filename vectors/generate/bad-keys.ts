// X25519 public keys that every place for one must refuse: section 1.1.

import { LOW_ORDER } from '../protocol/keys.ts'
import type { BadKey } from './flags.ts'
import { flip } from './forge.ts'

const ones = 'ff'.repeat(30)

/** `good`: the honest key of the place, for the one whose top bit is set. */
export function badKeys(good: string): BadKey[] {
  const low = LOW_ORDER.map((key, i) => ({
    name: `low-order-${i + 1}`,
    flag: 'LowOrderKey' as const,
    mutation: `${key.slice(0, 8)}…, encoding ${i + 1} of low order`,
    key,
    code: 'key-low-order' as const,
  }))
  const beyond = [
    { name: 'p', mutation: 'p, which stands for 0', key: `ed${ones}7f` },
    { name: 'p-plus-1', mutation: 'p + 1, which stands for 1', key: `ee${ones}7f` },
    { name: 'p-plus-9', mutation: 'p + 9, which stands for the base point', key: `f6${ones}7f` },
    { name: 'top-bit', mutation: 'the honest key with its top bit set', key: flip(good, 31, 7) },
  ]
  return [
    ...low,
    ...beyond.map((key) => ({ ...key, flag: 'NonCanonicalKey' as const, code: 'key-noncanonical' as const })),
  ]
}
