// kdf, ratchet-init, htag, message.

import { SUITES } from '@happy-remote/schemas/constants.ts'
import { RATCHET_TYPES } from '@happy-remote/schemas/session.ts'
import { htag, kdf, message, ratchetInit } from '../operations/session.ts'
import type { Construction, RejectCode } from './file.ts'
import { basic } from './flags.ts'
import { flip } from './forge.ts'
import { dhKeyOf } from './identity.ts'
import { secret } from './secret.ts'

export const kdfFile: Construction = {
  construction: 'kdf',
  header: ['KDF_RK and KDF_CK. `messageKeys` are those of `steps` successive chain steps, in order.'],
  flags: {
    Root: { kind: 'functional', description: 'KDF_RK.', requirement: 'session.kdf.root' },
    Chain: { kind: 'functional', description: 'KDF_CK.', requirement: 'session.kdf.chain' },
  },
  operations: kdf,
  async build(group) {
    const root = group('kdf-rk')
    for (let i = 0; i < 4; i++) {
      await root.valid(`rk-${i}`, 'any root key', 'Root', {
        rootKey: secret('kdf', `root/${i}`),
        dh: secret('kdf', `dh/${i}`),
      })
    }
    const chain = group('kdf-ck')
    for (const steps of [1, 2, 5, 256]) {
      const chainKey = secret('kdf', `chain/${steps}`)
      await chain.valid(`ck-${steps}`, `${steps} steps`, 'Chain', { chainKey, steps })
    }
  },
}

export const ratchetInitFile: Construction = {
  construction: 'ratchet-init',
  header: [
    'The first state of both sides of one session, as a state image of generation 0.',
    "The controller's newPrivate is the key of its first sending chain.",
  ],
  flags: {
    Agent: { kind: 'functional', description: 'The agent starts.', requirement: 'session.init.agent' },
    Controller: { kind: 'functional', description: 'The controller starts.', requirement: 'session.init.controller' },
  },
  operations: ratchetInit,
  async build(group) {
    const agent = group('agent')
    const controller = group('controller')
    for (const suite of SUITES) {
      const own = (name: string, size = 32) => secret('ratchet-init', `s${suite}/${name}`, size)
      const keys = { suite, rk0: own('rk0'), sid: own('sid', 16), htA: own('ht-a'), htC: own('ht-c'), th: own('th') }
      const ratchetPrivate = own('agent/ratchet0')
      const spkPrivate = own('controller/spk')
      await agent.valid(`agent-s${suite}`, `suite ${suite}`, 'Agent', {
        ...keys,
        ratchetPrivate,
        spk: dhKeyOf(spkPrivate),
      })
      await controller.valid(`controller-s${suite}`, `suite ${suite}`, 'Controller', {
        ...keys,
        spkPrivate,
        ratchetKey: dhKeyOf(ratchetPrivate),
        newPrivate: own('controller/ratchet1'),
      })
    }
  },
}

const directions = [
  ['agent', RATCHET_TYPES.agentToController],
  ['controller', RATCHET_TYPES.controllerToAgent],
] as const

const headerOf = (file: string, name: string, type: number, base = 0, n = 0) => ({
  type,
  suite: 1,
  dh: dhKeyOf(secret(file, `${name}/dh`)),
  base,
  n,
  nonce: secret(file, `${name}/nonce`, 12),
  headerKey: secret(file, `${name}/ht`),
})

export const htagFile: Construction = {
  construction: 'htag',
  header: ['Header tags. `covered` is what the MAC is taken of: bytes 0 to 3 and 12 to 63 of the message.'],
  flags: basic('session.header.tag'),
  operations: htag,
  async build(group) {
    const { valid } = group('tag')
    for (const [name, type] of directions) {
      await valid(`${name}-first`, `first message of the ${name}`, 'Basic', headerOf('htag', name, type))
      await valid(`${name}-later`, 'large counters', 'Basic', headerOf('htag', name, type, 70_000, 0x0102_0304))
    }
  },
}

export const messageFile: Construction = {
  construction: 'message',
  header: [
    'Ratchet messages under given keys, without a session. The plaintext is any bytes here; see plaintext-frame.',
    '`from` is the side that the receiver expects the message from.',
  ],
  flags: {
    ...basic('session.message.layout'),
    Truncated: { kind: 'structure', description: 'Below 80 bytes.', requirement: 'session.receive.length' },
    Version: { kind: 'structure', description: 'Another version.', requirement: 'session.receive.version' },
    Direction: { kind: 'structure', description: 'Not of the peer.', requirement: 'session.receive.direction' },
    Header: {
      kind: 'auth-bypass',
      description: 'The header tag fits no session.',
      requirement: 'session.receive.header',
    },
    Tag: { kind: 'auth-bypass', description: 'The AEAD tag does not verify.', requirement: 'session.receive.decrypt' },
    Aad: {
      kind: 'auth-bypass',
      description: 'Other associated data.',
      requirement: 'session.message.aad',
    },
  },
  operations: message,
  async build(group) {
    const seal = group('seal')
    const open = group('open')
    for (const [name, type] of directions) {
      const keys = { messageKey: secret('message', `${name}/mk`), ad: secret('message', 'ad') }
      for (const [size, base, n] of [
        [0, 0, 0],
        [1, 3, 4],
        [256, 70_000, 255],
        [1000, 0xffff_fff0, 15],
      ] as const) {
        const header = headerOf('message', name, type, base, n)
        const input = { ...header, ...keys, plaintext: secret('message', 'plaintext', size) }
        const { frame } = (await seal.valid(`seal-${name}-${size}`, `${size} bytes`, 'Basic', input)) as {
          frame: string
        }
        const { headerKey, suite } = header
        await open.valid(`open-${name}-${size}`, `${size} bytes`, 'Basic', {
          from: name,
          suite,
          headerKey,
          ...keys,
          frame,
        })
        if (size !== 256) continue
        const from = `open-${name}-${size}`
        const refuse = (what: string, flag: string, mutation: string, changed: object, code: RejectCode) =>
          open.invalid(`${from}-${what}`, mutation, flag, { from, mutation, input: { ...changed }, code })
        await refuse('version', 'Version', 'version = 0', { frame: `00${frame.slice(2)}` }, 'version')
        const other = name === 'agent' ? 'controller' : 'agent'
        await refuse('reflected', 'Direction', `from = ${other}`, { from: other }, 'direction')
        await refuse('suite', 'Header', 'flip suite[1] bit 1', { frame: flip(frame, 3, 1) }, 'header')
        await refuse('tag-flipped', 'Header', 'flip headerTag[0] bit 0', { frame: flip(frame, 4) }, 'header')
        await refuse('dh-flipped', 'Header', 'flip dh[0] bit 0', { frame: flip(frame, 12) }, 'header')
        await refuse('nonce-flipped', 'Header', 'flip nonce[11] bit 0', { frame: flip(frame, 63) }, 'header')
        await refuse(
          'other-session',
          'Header',
          'another headerKey',
          { headerKey: secret('message', 'other/ht') },
          'header',
        )
        await refuse('ciphertext', 'Tag', 'flip frame[64] bit 0', { frame: flip(frame, 64) }, 'decrypt')
        await refuse('last', 'Tag', 'flip frame[-1] bit 7', { frame: flip(frame, -1, 7) }, 'decrypt')
        await refuse('cut', 'Tag', 'the last byte is missing', { frame: frame.slice(0, -2) }, 'decrypt')
        await refuse('key', 'Tag', 'another messageKey', { messageKey: secret('message', 'other/mk') }, 'decrypt')
        await refuse('ad', 'Aad', 'flip ad[0] bit 0', { ad: flip(keys.ad, 0) }, 'decrypt')
        for (const length of [0, 11, 63, 79]) {
          await refuse(
            `truncated-${length}`,
            'Truncated',
            `${length} bytes`,
            { frame: frame.slice(0, 2 * length) },
            'truncated',
          )
        }
      }
    }
  },
}
