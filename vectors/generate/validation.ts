// key-validation and signature-validation.

import { label } from '@happy-remote/schemas/constants.ts'
import { keyValidation, signatureValidation } from '../operations/identity.ts'
import { concat, hex, unhex } from '../protocol/bytes.ts'
import { LOW_ORDER, SMALL_ORDER } from '../protocol/keys.ts'
import { badKeys } from './bad-keys.ts'
import type { Construction, GroupBuilder, RejectCode } from './file.ts'
import { basic, keyFlags, signatureFlags } from './flags.ts'
import {
  flip,
  forgeries,
  mixedKey,
  NON_CANONICAL,
  publicKeyOf,
  signHex,
  underIdentityKey,
  underMixedKey,
} from './forge.ts'
import { dhKeyOf } from './identity.ts'
import { secret } from './secret.ts'

const ones = 'ff'.repeat(30)

export const keyValidationFile: Construction = {
  construction: 'key-validation',
  header: [
    'x25519-public: what chkX says of a public key, before any library sees it.',
    'x25519-output: the Diffie-Hellman itself, as if chkX had been left out: the engine may fail or give zeros.',
  ],
  flags: {
    ...basic('security.key.canonical'),
    ...keyFlags,
    Length: { kind: 'structure', description: 'Not 32 bytes.', requirement: 'security.key.length' },
    Zero: { kind: 'key-agreement', description: 'The output would be zero.', requirement: 'security.key.zero' },
  },
  operations: keyValidation,
  async build(group) {
    const keys = group('x25519-public')
    const good = dhKeyOf(secret('key-validation', 'private'))
    await keys.valid('good', 'an honest key', 'Basic', { publicKey: good })
    await keys.valid('base-point', '9', 'Basic', { publicKey: `09${'00'.repeat(31)}` })
    await keys.valid('largest', 'p - 2, the largest value that is not of low order', 'Basic', {
      publicKey: `eb${ones}7f`,
    })
    await keys.valid('two', '2', 'Basic', { publicKey: `02${'00'.repeat(31)}` })
    const refuse = (name: string, flag: string, mutation: string, publicKey: string, code: RejectCode) =>
      keys.invalid(name, mutation, flag, { from: 'good', mutation, input: { publicKey }, code })
    for (const bad of badKeys(good)) {
      await refuse(bad.name, bad.flag, `publicKey = ${bad.mutation}`, bad.key, bad.code)
    }
    const noncanonical = 'key-noncanonical'
    for (let i = 2; i < 19; i++) {
      if (i === 9) continue
      const key = `${(0xed + i).toString(16).padStart(2, '0')}${ones}7f`
      await refuse(`p-plus-${i}`, 'NonCanonicalKey', `publicKey = p + ${i}`, key, noncanonical)
    }
    for (const [i, key] of LOW_ORDER.entries()) {
      const text = `publicKey = encoding ${i + 1} of low order with its top bit set`
      await refuse(`low-order-top-bit-${i + 1}`, 'NonCanonicalKey', text, flip(key, 31, 7), noncanonical)
    }
    await refuse('all-ones', 'NonCanonicalKey', 'publicKey = 2^256 - 1', 'ff'.repeat(32), noncanonical)
    for (const size of [0, 31, 33, 64]) {
      await refuse(`length-${size}`, 'Length', `${size} bytes`, `${good}${good}`.slice(0, 2 * size), 'key-length')
    }
    await outputs(group('x25519-output'), good)
  },
}

async function outputs(group: GroupBuilder, good: string): Promise<void> {
  const privateKey = secret('key-validation', 'other-private')
  await group.valid('output', 'an honest key', 'Basic', { privateKey, publicKey: good })
  const zero = [...LOW_ORDER, `ed${ones}7f`, `ee${ones}7f`]
  for (const [i, publicKey] of zero.entries()) {
    await group.invalid(`output-zero-${i + 1}`, 'stands for a point of low order', 'Zero', {
      from: 'output',
      mutation: `publicKey = ${publicKey.slice(0, 8)}…`,
      input: { publicKey },
      code: 'dh-zero',
    })
  }
}

export const signatureValidationFile: Construction = {
  construction: 'signature-validation',
  header: [
    'Ed25519 as security.signature.* says. The messages are transcripts signed by an agent, hence the code.',
    'Stock libraries differ on these: cofactored ones accept the mixed-order refusals, some accept small orders.',
  ],
  flags: {
    ...basic('security.signature.cofactorless'),
    ...signatureFlags,
    BadSignature: {
      kind: 'auth-bypass',
      description: 'Not a signature of this key over these bytes.',
      requirement: 'pairing.m2.signature',
    },
    Length: {
      kind: 'structure',
      description: 'A key or signature of the wrong length.',
      requirement: 'security.signature.canonical',
    },
  },
  operations: signatureValidation,
  async build(group) {
    const verify = group('verify')
    const seed = secret('signature-validation', 'seed')
    const publicKey = publicKeyOf(seed)
    const message = (i: number | string) =>
      concat(label('auth-agent'), unhex(secret('signature-validation', `th/${i}`)))
    for (let i = 0; i < 4; i++) {
      const signature = signHex(seed, message(i))
      await verify.valid(`good-${i}`, 'an honest signature', 'Basic', {
        publicKey,
        message: hex(message(i)),
        signature,
      })
    }
    const from = 'good-0'
    const refuse = (name: string, flag: string, mutation: string, input: object) =>
      verify.invalid(name, mutation, flag, { from, mutation, input: { ...input }, code: 'auth-signature' })
    const first = message(0)
    const wrongLabel = concat(label('auth-controller'), first.subarray(label('auth-agent').length))
    for (const forged of forgeries(seed, first, wrongLabel, secret('signature-validation', 'other'))) {
      await refuse(forged.name, forged.flag, forged.mutation, { signature: forged.signature })
    }
    await refuse('message', 'BadSignature', 'flip message[-1] bit 0', { message: flip(hex(first), -1) })
    const honest = signHex(seed, first)
    for (const [i, point] of SMALL_ORDER.entries()) {
      await refuse(`small-order-r-${i + 1}`, 'SmallOrder', `R = ${point.slice(0, 8)}…${point.slice(-2)}`, {
        signature: point + honest.slice(64),
      })
      await refuse(`small-order-key-${i + 1}`, 'SmallOrder', `A = ${point.slice(0, 8)}…${point.slice(-2)}, S = r`, {
        publicKey: point,
        signature: underIdentityKey(first),
      })
    }
    const zero = `01${'00'.repeat(31)}`
    await refuse('all-identity', 'SmallOrder', 'A = R = the identity point, S = 0', {
      publicKey: zero,
      signature: zero + '00'.repeat(32),
    })
    for (const [name, point] of [
      ['p-plus-1', NON_CANONICAL],
      ['p-plus-1-sign', flip(NON_CANONICAL, 31, 7)],
      ['p', `ed${ones}7f`],
      ['p-sign', `ed${ones}ff`],
      ['p-plus-3', `f0${ones}7f`],
      ['all-ones', 'ff'.repeat(32)],
    ] as const) {
      await refuse(`key-${name}`, 'NonCanonical', `A = ${point.slice(0, 4)}…${point.slice(-2)}, S = r`, {
        publicKey: point,
        signature: underIdentityKey(first),
      })
      await refuse(`r-${name}`, 'NonCanonical', `R = ${point.slice(0, 4)}…${point.slice(-2)}`, {
        signature: point + honest.slice(64),
      })
    }
    await refuse('s-order', 'LargeScalar', 'S = l', {
      signature: `${honest.slice(0, 64)}edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010`,
    })
    await refuse('s-ones', 'LargeScalar', 'S = 2^256 - 1', { signature: honest.slice(0, 64) + 'ff'.repeat(32) })
    for (const size of [0, 63, 65]) {
      await refuse(`signature-${size}`, 'Length', `signature of ${size} bytes`, {
        signature: `${honest}00`.slice(0, 2 * size),
      })
    }
    for (const size of [31, 33]) {
      await refuse(`key-${size}`, 'Length', `key of ${size} bytes`, { publicKey: `${publicKey}00`.slice(0, 2 * size) })
    }
    await mixed(verify, seed, message)
  },
}

/** A with a part of order 8: k decides, and cofactored verifiers accept every one. */
async function mixed(verify: GroupBuilder, seed: string, message: (i: string) => Uint8Array): Promise<void> {
  const publicKey = mixedKey(seed)
  for (let i = 0; i < 8; i++) {
    const text = message(`mixed/${i}`)
    const input = { publicKey, message: hex(text), signature: underMixedKey(seed, text, true) }
    await verify.valid(`mixed-accept-${i}`, 'A of mixed order, k a multiple of 8', 'MixedOrder', input)
    await verify.invalid(`mixed-refuse-${i}`, 'A of mixed order, k not a multiple of 8', 'MixedOrder', {
      from: `mixed-accept-${i}`,
      mutation: 'R and S of another nonce',
      input: { signature: underMixedKey(seed, text, false) },
      code: 'auth-signature',
    })
  }
}
