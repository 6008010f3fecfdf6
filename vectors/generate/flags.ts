// Flags that several files share.

import type { Flag } from './file.ts'

export const keyFlags = {
  LowOrderKey: {
    kind: 'key-agreement',
    description: 'An X25519 public key of low order.',
    requirement: 'security.key.low-order',
  },
  NonCanonicalKey: {
    kind: 'key-agreement',
    description: 'An X25519 public key with the top bit set, or not below 2^255 - 19.',
    requirement: 'security.key.canonical',
  },
} as const satisfies Record<string, Flag>

export const signatureFlags = {
  LargeScalar: {
    kind: 'auth-bypass',
    description: 'S not below the group order.',
    requirement: 'security.signature.scalar',
  },
  NonCanonical: {
    kind: 'auth-bypass',
    description: 'R or A with y not below p.',
    requirement: 'security.signature.canonical',
  },
  SmallOrder: {
    kind: 'auth-bypass',
    description: 'R or A of small order; the equation itself holds.',
    requirement: 'security.signature.small-order',
  },
  MixedOrder: {
    kind: 'auth-bypass',
    description: 'R or A with a part of order 8: cofactored and cofactorless verifiers differ.',
    requirement: 'security.signature.cofactorless',
  },
} as const satisfies Record<string, Flag>

export const basic = (requirement: string): { Basic: Flag } => ({
  Basic: { kind: 'functional', description: 'Ordinary case.', requirement },
})

export const length = (requirement: string): { WrongLength: Flag } => ({
  WrongLength: { kind: 'structure', description: 'Too short, or with bytes left over.', requirement },
})

/** Bad X25519 keys: name, flag, mutation, bytes. */
export interface BadKey {
  readonly name: string
  readonly flag: keyof typeof keyFlags
  readonly mutation: string
  readonly key: string
  readonly code: 'key-low-order' | 'key-noncanonical'
}
