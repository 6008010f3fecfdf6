// ratchet-reject: headers that were changed, by an outsider and by an insider.

import { RatchetMessage } from '@happy-remote/schemas/session.ts'
import { x25519 } from '@noble/curves/ed25519.js'
import { hex, unhex } from '../protocol/bytes.ts'
import { badKeys } from './bad-keys.ts'
import type { GroupBuilder, RejectCode } from './file.ts'
import { flip } from './forge.ts'
import { secret } from './secret.ts'
import { nextKey, reforge, type World } from './world.ts'

export const FILE = 'ratchet-reject'

export const key = (name: string): string => nextKey(FILE, name)

export const otherKey = (): Uint8Array => x25519.getPublicKey(unhex(secret(FILE, 'other/dh')))

/** Each byte of the header flipped by somebody without the header key; and each length below 80. */
export async function headerBytes(group: GroupBuilder, frame: string): Promise<void> {
  const from = 'next'
  for (let byte = 0; byte < 64; byte++) {
    const [flag, code] = ((): [string, RejectCode] => {
      if (byte === 0) return ['Version', 'version']
      return byte === 1 ? ['Direction', 'direction'] : ['Header', 'header']
    })()
    const mutation = `flip frame[${byte}] bit ${byte % 8}`
    const input = { frame: flip(frame, byte, byte % 8) }
    await group.invalid(`byte-${byte}`, mutation, flag, { from, mutation, input, code })
  }
  for (const byte of [64, 100, -1]) {
    const mutation = `flip frame[${byte}] bit 0`
    const input = { frame: flip(frame, byte) }
    await group.invalid(`byte-${byte}`, mutation, 'Decrypt', { from, mutation, input, code: 'decrypt' })
  }
  for (const size of [0, 11, 63, 79]) {
    const mutation = `${size} bytes`
    const input = { frame: frame.slice(0, 2 * size) }
    await group.invalid(`truncated-${size}`, mutation, 'Truncated', { from, mutation, input, code: 'truncated' })
  }
  const input = { frame: frame.slice(0, 160) }
  await group.invalid('cut-80', '80 bytes', 'Decrypt', { from, mutation: '80 bytes', input, code: 'decrypt' })
}

/** Somebody who knows the header key, and no more, changes a field of the next message. */
export async function insider(group: GroupBuilder, frame: Uint8Array, world: World): Promise<void> {
  const { base, n, nonce, dh } = RatchetMessage.decode(frame)
  const headerKey = world.agent.headerReceive
  const otherNonce = unhex(flip(hex(nonce), 0))
  const cases: [name: string, flag: string, mutation: string, change: object, code: RejectCode][] = [
    ['nonce', 'Decrypt', 'flip nonce[0] bit 0', { nonce: otherNonce }, 'decrypt'],
    ['n-more', 'Decrypt', 'n + 1', { n: n + 1 }, 'decrypt'],
    ['n-less', 'Replay', 'n - 1', { n: n - 1 }, 'replay'],
    ['n-far', 'SkipLimit', 'n + 257', { n: n + 257 }, 'skip-limit'],
    ['n-largest', 'SkipLimit', 'n = 2^32 - 1', { n: 0xffff_ffff }, 'skip-limit'],
    ['base-less', 'Replay', 'base - 1', { base: base - 1 }, 'replay'],
    ['base-less-n-more', 'Counter', 'base - 1, n + 1: the same seq', { base: base - 1, n: n + 1 }, 'counter'],
    ['base-more', 'Counter', 'base + 1', { base: base + 1 }, 'counter'],
    ['base-largest', 'Counter', 'base = 2^32 - 1', { base: 0xffff_ffff }, 'counter'],
    ['dh', 'Counter', 'another dh: a new chain whose base is below the next seq', { dh: otherKey() }, 'counter'],
    ['dh-base', 'Decrypt', 'another dh, base = next, n = 0', { dh: otherKey(), base: base + n, n: 0 }, 'decrypt'],
    [
      'dh-far',
      'SkipLimit',
      'another dh, base = next + 257',
      { dh: otherKey(), base: base + n + 257, n: 0 },
      'skip-limit',
    ],
    ['suite', 'Header', 'suite = 2', { suite: 2 }, 'header'],
  ]
  for (const [name, flag, mutation, change, code] of cases) {
    const input = { frame: await reforge(frame, headerKey, change) }
    const text = `${mutation}; tag made again`
    await group.invalid(`insider-${name}`, text, flag, { from: 'next', mutation: text, input, code })
  }
  for (const bad of badKeys(hex(dh))) {
    const input = { frame: await reforge(frame, headerKey, { dh: unhex(bad.key) }) }
    const mutation = `dh = ${bad.mutation}; tag made again`
    const flags = ['DhKey', bad.flag]
    await group.invalid(`insider-dh-${bad.name}`, mutation, flags, { from: 'next', mutation, input, code: bad.code })
  }
}
