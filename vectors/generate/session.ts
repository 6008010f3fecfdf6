// kdf, ratchet-init, htag, message, padding, plaintext-frame.

import { SUITES } from '@happy-remote/schemas/constants.ts'
import { RATCHET_TYPES, StreamChunk } from '@happy-remote/schemas/session.ts'
import { htag, kdf, message, padding, plaintextFrame, ratchetInit } from '../operations/session.ts'
import { ascii, hex, unhex } from '../protocol/bytes.ts'
import { encodeFrame } from '../protocol/frame.ts'
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

export const paddingFile: Construction = {
  construction: 'padding',
  header: ['P(length): 256 at least, Padmé above. `length` is 18 + len.'],
  flags: basic('session.frame.padding'),
  operations: padding,
  async build(group) {
    const { valid } = group('length')
    const lengths = new Set([18, 19, 100, 255, 256, 257, 300, 1000, 65_536 + 18, 100_000, 262_143, 262_144])
    for (let k = 9; k < 18; k++) for (const near of [-1, 0, 1]) lengths.add(2 ** k + near)
    for (const length of [...lengths].sort((a, b) => a - b)) {
      await valid(`length-${length}`, `${length} bytes`, 'Basic', { length })
    }
  },
}

const text = (value: string): string => hex(ascii(value))

export const plaintextFrameFile: Construction = {
  construction: 'plaintext-frame',
  header: [
    'Plaintext frames. encode pads to P(18 + len); decode takes any padded length up to 262 144 bytes.',
    'A frame that is refused was authentic: it is delivered to nobody, and the session goes on.',
    'stream-chunk is the content of type 3. freshness: `issued` are the challenges of this process to this pairing,',
    'oldest first, with the times of the monotonic and the wall clock in ms; the answer to a refused one is `stale`.',
  ],
  flags: {
    ...basic('session.frame.layout'),
    Longer: {
      kind: 'functional',
      description: 'Padded further than P.',
      requirement: 'session.frame.length-free',
    },
    Padding: {
      kind: 'payload',
      description: 'A padding byte is not zero, or len exceeds the frame.',
      requirement: 'session.frame.padding-check',
    },
    Unknown: {
      kind: 'payload',
      description: 'An unknown content type or a flag.',
      requirement: 'session.frame.content-type',
    },
    Stream: { kind: 'functional', description: 'A stream chunk.', requirement: 'session.stream.layout' },
    BadStream: { kind: 'payload', description: 'Not a stream chunk.', requirement: 'session.stream.layout' },
    Fresh: { kind: 'functional', description: 'A fresh challenge.', requirement: 'session.fresh.challenge' },
    UnknownChallenge: {
      kind: 'order',
      description: 'Not one of the last 8 challenges.',
      requirement: 'session.fresh.challenge',
    },
    OldChallenge: {
      kind: 'order',
      description: 'Too old by one clock, or from the future by the wall clock.',
      requirement: 'session.fresh.age',
    },
  },
  operations: plaintextFrame,
  async build(group) {
    const encode = group('encode')
    const decode = group('decode')
    const fresh = secret('plaintext-frame', 'challenge', 8)
    const plain = { contentType: 0, fresh: '00'.repeat(8), ack: 0, content: text('{"type":"ack"}') }
    const frames: [name: string, comment: string, input: typeof plain][] = [
      ['control', 'a control message, nothing received yet', plain],
      ['rpc', 'an RPC message', { ...plain, contentType: 1, fresh, ack: 7, content: text('{"id":"1","result":null}') }],
      ['batch', 'largest ack', { ...plain, contentType: 2, fresh, ack: 0xffff_ffff, content: text('[]') }],
      ['stream', 'a stream chunk', { ...plain, contentType: 3, fresh, content: `00000001${'00'.repeat(8)}ff` }],
      ['empty', 'no content', { ...plain, content: '' }],
      ['bucket', '238 bytes fill 256 exactly', { ...plain, content: secret('plaintext-frame', 'c', 238) }],
      ['over-bucket', '239 bytes', { ...plain, content: secret('plaintext-frame', 'c', 239) }],
      ['long', '5000 bytes', { ...plain, content: secret('plaintext-frame', 'c', 5000) }],
    ]
    for (const [name, comment, input] of frames) {
      const { frame } = (await encode.valid(`encode-${name}`, comment, 'Basic', input)) as { frame: string }
      await decode.valid(`decode-${name}`, comment, 'Basic', { frame })
    }
    const longer = encodeFrame({ ...plain, fresh: unhex(plain.fresh), content: unhex(plain.content) }, 700)
    await decode.valid('padded-further', '700 bytes', 'Longer', { frame: hex(longer) })
    const bare = encodeFrame({ ...plain, fresh: unhex(plain.fresh), content: unhex(plain.content) }, 32)
    await decode.valid('not-padded', '32 bytes: the receiver does not judge the length', 'Longer', { frame: hex(bare) })
    const from = 'decode-control'
    const frame = hex(encodeFrame({ ...plain, fresh: unhex(plain.fresh), content: unhex(plain.content) }))
    const refuse = (name: string, flag: string, mutation: string, changed: string, code: RejectCode) =>
      decode.invalid(name, mutation, flag, { from, mutation, input: { frame: changed }, code })
    const withLength = (length: string) => frame.slice(0, 28) + length + frame.slice(36)
    await refuse('padding-first', 'Padding', 'first padding byte = 1', flip(frame, 32), 'padding')
    await refuse('padding-last', 'Padding', 'last padding byte = 0x80', flip(frame, -1, 7), 'padding')
    await refuse('len-short', 'Padding', 'len one too small', withLength('0000000d'), 'padding')
    await refuse('len-over', 'Padding', 'len = 239, one beyond the frame', withLength('000000ef'), 'padding')
    await refuse('len-huge', 'Padding', 'len = 2^32 - 1', withLength('ffffffff'), 'padding')
    await refuse('cut-17', 'Padding', '17 bytes', frame.slice(0, 34), 'padding')
    await refuse('cut-0', 'Padding', '0 bytes', '', 'padding')
    await refuse('content-type-4', 'Unknown', 'contentType = 4', `04${frame.slice(2)}`, 'type')
    await refuse('content-type-255', 'Unknown', 'contentType = 255', `ff${frame.slice(2)}`, 'type')
    await refuse('flags-1', 'Unknown', 'flags = 1', `${frame.slice(0, 2)}01${frame.slice(4)}`, 'type')
    await refuse('flags-128', 'Unknown', 'flags = 128', `${frame.slice(0, 2)}80${frame.slice(4)}`, 'type')

    const stream = group('stream-chunk')
    const chunk = (streamId: number, offset: number, bytes: string) =>
      hex(StreamChunk.encode({ streamId, offset, bytes: unhex(bytes) }))
    await stream.valid('chunk', 'first chunk of a stream', 'Stream', { content: chunk(1, 0, text('hello')) })
    await stream.valid('chunk-late', 'an offset beyond 2^32', 'Stream', { content: chunk(0xffff_ffff, 2 ** 40, '00') })
    for (const [name, mutation, content] of [
      ['stream-0', 'streamId = 0', `00000000${'00'.repeat(8)}ff`],
      ['no-bytes', 'no bytes', `00000001${'00'.repeat(8)}`],
      ['cut', '11 bytes', `00000001${'00'.repeat(7)}`],
      ['too-long', '65 537 bytes', `00000001${'00'.repeat(8)}${'ab'.repeat(65_537)}`],
    ] as const) {
      await stream.invalid(`chunk-${name}`, mutation, 'BadStream', {
        from: 'chunk',
        mutation,
        input: { content },
        code: 'length',
      })
    }
    await freshness(group('freshness'))
  },
}

async function freshness(group: ReturnType<Parameters<Construction['build']>[0]>): Promise<void> {
  const wall = 1_800_000_000_000
  const at = (i: number) => ({
    challenge: secret('plaintext-frame', `challenge/${i}`, 8),
    monotonic: 1000 * i,
    wall: wall + 1000 * i,
  })
  const issued = [0, 1, 2].map(at)
  const last = at(2).challenge
  const now = (after: number, wallAfter = after) => ({ monotonic: 2000 + after, wall: wall + 2000 + wallAfter })
  await group.valid('fresh', 'the newest challenge, 5 s old', 'Fresh', { issued, now: now(5000), fresh: last })
  await group.valid('fresh-limit', 'exactly 120 s old', 'Fresh', { issued, now: now(120_000), fresh: last })
  await group.valid('fresh-older', 'an older challenge of the last 8', 'Fresh', {
    issued,
    now: now(5000),
    fresh: at(0).challenge,
  })
  const refuse = (name: string, flag: string, mutation: string, input: object) =>
    group.invalid(name, mutation, flag, { from: 'fresh', mutation, input: { ...input }, code: 'stale' })
  await refuse('fresh-unknown', 'UnknownChallenge', 'fresh = a challenge never issued', { fresh: at(9).challenge })
  await refuse('fresh-none', 'UnknownChallenge', 'fresh = zeros', { fresh: '00'.repeat(8) })
  const nine = [2, 3, 4, 5, 6, 7, 8, 9, 10].map(at)
  await refuse('fresh-ninth', 'UnknownChallenge', '8 newer ones were issued', { issued: nine })
  await refuse('fresh-monotonic', 'OldChallenge', '120 001 ms by the monotonic clock', { now: now(120_001, 0) })
  await refuse('fresh-wall', 'OldChallenge', '120 001 ms by the wall clock: the machine slept', {
    now: now(0, 120_001),
  })
  await refuse('fresh-future', 'OldChallenge', '1 ms before its issue by the wall clock', { now: now(5000, -1) })
}
