import { StreamChunk } from '@happy-remote/schemas/session.ts'
import { padding, plaintextFrame } from '../operations/session.ts'
import { ascii, hex, unhex } from '../protocol/bytes.ts'
import { encodeFrame } from '../protocol/frame.ts'
import type { Construction, RejectCode } from './file.ts'
import { basic } from './flags.ts'
import { flip } from './forge.ts'
import { secret } from './secret.ts'

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
