// ratchet-reject: one message against a given state.

import { RatchetMessage, STATE_FLAGS, StateImage } from '@happy-remote/schemas/session.ts'
import { x25519 } from '@noble/curves/ed25519.js'
import { imageOf, ratchetReject } from '../operations/ratchet.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { badKeys } from './bad-keys.ts'
import type { Construction, GroupBuilder, RejectCode } from './file.ts'
import { basic, keyFlags } from './flags.ts'
import { flip } from './forge.ts'
import { secret } from './secret.ts'
import { hear, newWorld, nextKey, reforge, say, type World } from './world.ts'

const FILE = 'ratchet-reject'
const key = (name: string): string => nextKey(FILE, name)

export const ratchetRejectFile: Construction = {
  construction: 'ratchet-reject',
  header: [
    'Each case gives the state images of the live sessions of one side and one message.',
    'After a refusal every state is bit-identical to what was given; after a success the generation is one higher.',
    '`late` says that the message was opened with a stored key. newPrivate is used only where a DH step is made.',
  ],
  flags: {
    ...basic('session.receive.step'),
    ...keyFlags,
    Late: { kind: 'functional', description: 'Opened with a stored key.', requirement: 'session.receive.late' },
    Session: {
      kind: 'functional',
      description: 'One of several sessions.',
      requirement: 'session.select.header',
    },
    SkipLimit: { kind: 'order', description: '256 may be skipped.', requirement: 'session.receive.skip-limit' },
    Evict: { kind: 'order', description: 'The oldest stored key goes.', requirement: 'session.receive.evict' },
    Truncated: { kind: 'structure', description: 'Below 80 bytes.', requirement: 'session.receive.length' },
    Version: { kind: 'structure', description: 'Another version.', requirement: 'session.receive.version' },
    Direction: {
      kind: 'structure',
      description: "Not of the peer's direction, as a reflected message.",
      requirement: 'session.receive.direction',
    },
    Header: {
      kind: 'auth-bypass',
      description: 'The header tag fits no live session.',
      requirement: 'session.receive.header',
    },
    DhKey: { kind: 'key-agreement', description: 'A bad dh under a right tag.', requirement: 'session.receive.dh-key' },
    Replay: { kind: 'order', description: 'Opened before, or given up.', requirement: 'session.receive.replay' },
    Counter: { kind: 'order', description: 'base contradicts the chains.', requirement: 'session.receive.counter' },
    FirstBase: { kind: 'order', description: 'The first base is not 0.', requirement: 'session.receive.first' },
    EmptyChain: {
      kind: 'order',
      description: 'Names DHr where there is no receiving chain.',
      requirement: 'session.receive.empty-chain',
    },
    Decrypt: {
      kind: 'auth-bypass',
      description: 'Passes the header and fails the AEAD: nothing changes.',
      requirement: 'session.receive.unchanged',
    },
    Exhausted: { kind: 'order', description: 'base + n beyond 2^32 - 1.', requirement: 'session.send.exhausted' },
  },
  operations: ratchetReject,
  async build(group) {
    const receive = group('receive')
    const world = await newWorld(FILE, 1, 'main')
    await beginning(receive, structuredClone(world))
    const { before, c2, c3, middle, a0 } = await middleOf(world)
    const held = { sessions: [imageOf(before.agent)], newPrivate: key('c2'), frame: hex(c2) }
    await receive.valid('next', 'the next message of the chain', 'Basic', held)
    await headerBytes(receive, hex(c2))
    await insider(receive, c2, before)
    await otherSessions(receive, before, hex(a0), hex(c2))
    await lateness(receive, middle, c2, c3)
    await newChain(receive, before)
    await skipping(receive, before)
    await evicting(receive, before)
    await sending(group('send'), before)
  },
}

/** First messages of both sides. */
async function beginning(group: GroupBuilder, world: World): Promise<void> {
  const first = { ...world }
  const c0 = await say(world, FILE, 'controller', 'first c0')
  const a0 = await say(world, FILE, 'agent', 'first a0')
  const agent = { sessions: [imageOf(first.agent)], newPrivate: key('first c0'), frame: hex(c0) }
  const controller = { sessions: [imageOf(world.controller)], newPrivate: key('first a0'), frame: hex(a0) }
  await group.valid('agent-first', "the controller's first message: a DH step", 'Basic', agent)
  await group.valid(
    'controller-first',
    "the agent's first message: no DH step; sent at the same time",
    'Basic',
    controller,
  )
  const headerKey = first.agent.headerReceive
  const refuse = async (name: string, flag: string, mutation: string, frame: string, code: RejectCode) =>
    group.invalid(name, mutation, flag, { from: 'agent-first', mutation, input: { frame }, code })
  await refuse('first-base', 'FirstBase', 'base = 1', await reforge(c0, headerKey, { base: 1 }), 'counter')
  const named = await reforge(c0, headerKey, { dh: first.agent.dhRemote })
  await refuse('empty-chain', 'EmptyChain', 'dh = DHr, without a receiving chain', named, 'decrypt')
  const based = await reforge(c0, headerKey, { dh: first.agent.dhRemote, base: 1 })
  await refuse('empty-chain-base', 'Counter', 'dh = DHr and base = 1', based, 'counter')
  const far = await reforge(c0, headerKey, { n: 257 })
  await refuse('first-skip', 'SkipLimit', 'n = 257', far, 'skip-limit')
  await refuse('first-dh', 'Decrypt', 'dh = another key', await reforge(c0, headerKey, { dh: otherKey() }), 'decrypt')
  for (const bad of badKeys(hex(RatchetMessage.decode(c0).dh))) {
    const frame = await reforge(c0, headerKey, { dh: unhex(bad.key) })
    await refuse(`first-dh-${bad.name}`, bad.flag, `dh = ${bad.mutation}`, frame, bad.code)
  }
}

const otherKey = (): Uint8Array => x25519.getPublicKey(unhex(secret(FILE, 'other/dh')))

/** After one round trip the agent has opened c1, the first message of the controller's second chain. */
async function middleOf(world: World) {
  await hear(world, FILE, 'agent', await say(world, FILE, 'controller', 'c0'), 'c0')
  const a0 = await say(world, FILE, 'agent', 'a0')
  await hear(world, FILE, 'controller', a0, 'a0')
  await hear(world, FILE, 'agent', await say(world, FILE, 'controller', 'c1'), 'c1')
  const before = { ...world }
  const c2 = await say(world, FILE, 'controller', 'c2')
  const c3 = await say(world, FILE, 'controller', 'c3')
  const middle = { ...world }
  return { before, c2, c3, middle, a0 }
}

/** Each byte of the header flipped by somebody without the header key; and each length below 80. */
async function headerBytes(group: GroupBuilder, frame: string): Promise<void> {
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
async function insider(group: GroupBuilder, frame: Uint8Array, world: World): Promise<void> {
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

async function otherSessions(group: GroupBuilder, world: World, own: string, frame: string): Promise<void> {
  const other = await newWorld(FILE, 1, 'other')
  const higher = await newWorld(FILE, 2, 'higher')
  const image = imageOf(world.agent)
  const refuse = (name: string, flag: string, mutation: string, input: object, code: RejectCode) =>
    group.invalid(name, mutation, flag, { from: 'next', mutation, input: { ...input }, code })
  await refuse('reflected', 'Direction', "frame = the agent's own message", { frame: own }, 'direction')
  const foreign = hex(await say(other, FILE, 'controller', 'foreign'))
  await refuse('other-session', 'Header', 'a message of another session', { frame: foreign }, 'header')
  const suite2 = hex(await say(higher, FILE, 'controller', 'higher'))
  await refuse('other-suite', 'Header', 'a message of a session in suite 2', { frame: suite2 }, 'header')
  await refuse('no-session', 'Header', 'sessions = []', { sessions: [] }, 'header')
  const mixed = { ...world.agent, associatedData: unhex(secret(FILE, 'other/ad')) }
  await refuse('other-ad', 'Decrypt', 'AD of another transcript', { sessions: [imageOf(mixed)] }, 'decrypt')
  await group.valid('second-session', 'the grace session takes it', 'Session', {
    sessions: [imageOf(higher.agent), imageOf(other.agent), image],
    newPrivate: key('c2'),
    frame,
  })
}

/** c3 arrives before c2. */
async function lateness(group: GroupBuilder, world: World, c2: Uint8Array, c3: Uint8Array): Promise<void> {
  const early = { sessions: [imageOf(world.agent)], newPrivate: key('c3'), frame: hex(c3) }
  await group.valid('over', 'one message is skipped', 'Basic', early)
  await hear(world, FILE, 'agent', c3, 'c3')
  const stored = { sessions: [imageOf(world.agent)], newPrivate: key('c2'), frame: hex(c2) }
  await group.valid('late', 'the skipped message arrives', 'Late', stored)
  const refuse = (name: string, from: string, flag: string, mutation: string, input: object, code: RejectCode) =>
    group.invalid(name, mutation, flag, { from, mutation, input: { ...input }, code })
  await refuse('late-damaged', 'late', 'Decrypt', 'flip frame[-1] bit 0', { frame: flip(hex(c2), -1) }, 'decrypt')
  await refuse('replay-head', 'over', 'Replay', 'the state after it', { sessions: stored.sessions }, 'replay')
  await hear(world, FILE, 'agent', c2, 'c2')
  const after = { sessions: [imageOf(world.agent)] }
  await refuse('replay-late', 'late', 'Replay', 'the state after it', after, 'replay')
}

/** Messages of a chain that the agent has not seen yet. */
async function newChain(group: GroupBuilder, before: World): Promise<void> {
  const world = { ...before }
  const old = await say({ ...before }, FILE, 'controller', 'old chain')
  await hear(world, FILE, 'controller', await say(world, FILE, 'agent', 'a1'), 'a1')
  const c4 = await say(world, FILE, 'controller', 'c4')
  const c5 = await say(world, FILE, 'controller', 'c5')
  const input = { sessions: [imageOf(world.agent)], newPrivate: key('c4'), frame: hex(c4) }
  await group.valid('new-chain', 'a DH step', 'Basic', input)
  await group.valid('new-chain-skip', 'a DH step over one message', 'Basic', {
    ...input,
    newPrivate: key('c5'),
    frame: hex(c5),
  })
  const headerKey = world.agent.headerReceive
  const { base } = RatchetMessage.decode(c4)
  const refuse = async (name: string, flag: string, mutation: string, frame: string, code: RejectCode) =>
    group.invalid(name, mutation, flag, { from: 'new-chain', mutation, input: { frame }, code })
  await refuse(
    'new-chain-dh',
    'Decrypt',
    'another dh; tag made again',
    await reforge(c4, headerKey, { dh: otherKey() }),
    'decrypt',
  )
  const low = await reforge(c4, headerKey, { base: base - 1, n: 1 })
  await refuse('new-chain-base-low', 'Counter', 'base - 1, n = 1; tag made again', low, 'counter')
  const lower = await reforge(c4, headerKey, { base: base - 1 })
  await refuse('new-chain-seq-low', 'Replay', 'base - 1; tag made again', lower, 'replay')
  const high = await reforge(c4, headerKey, { base: base + 1 })
  await refuse('new-chain-base-high', 'Decrypt', 'base + 1; tag made again: no DH step survives', high, 'decrypt')
  const edge = await reforge(c4, headerKey, { base: base + 256 })
  await refuse('new-chain-base-256', 'Decrypt', 'base + 256; tag made again', edge, 'decrypt')
  const far = await reforge(c4, headerKey, { base: base + 257 })
  await refuse('new-chain-base-257', 'SkipLimit', 'base + 257; tag made again', far, 'skip-limit')
  await hear(world, FILE, 'agent', c4, 'c4')
  const after = [imageOf(world.agent)]
  await group.valid('new-chain-next', 'the message after the step', 'Basic', {
    sessions: after,
    newPrivate: key('c5'),
    frame: hex(c5),
  })
  await group.invalid('replay-old-chain', 'a message of an older chain that was given up', 'Replay', {
    from: 'new-chain-next',
    mutation: 'frame = a message of an older chain',
    input: { frame: hex(old) },
    code: 'replay',
  })
}

/** 256 messages may be missing, 257 may not; also where they are spread over two chains. */
async function skipping(group: GroupBuilder, before: World): Promise<void> {
  const world = { ...before }
  const frames: Uint8Array[] = []
  for (let i = 0; i <= 257; i++) frames.push(await say(world, FILE, 'controller', `burst ${i}`))
  const input = { sessions: [imageOf(before.agent)], newPrivate: key('burst'), frame: hex(frames[256] as Uint8Array) }
  await group.valid('skip-256', 'seq = next + 256', 'SkipLimit', input)
  await group.invalid('skip-257', 'one more', 'SkipLimit', {
    from: 'skip-256',
    mutation: 'frame = the message after it',
    input: { frame: hex(frames[257] as Uint8Array) },
    code: 'skip-limit',
  })
  const two = { ...before }
  for (let i = 0; i < 200; i++) await say(two, FILE, 'controller', `first chain ${i}`)
  await hear(two, FILE, 'controller', await say(two, FILE, 'agent', 'turn'), 'turn')
  const second: Uint8Array[] = []
  for (let i = 0; i <= 57; i++) second.push(await say(two, FILE, 'controller', `second chain ${i}`))
  const spread = { sessions: [imageOf(two.agent)], newPrivate: key('spread'), frame: hex(second[56] as Uint8Array) }
  await group.valid('skip-256-two-chains', '200 of the old chain and 56 of the new', 'SkipLimit', spread)
  await group.invalid('skip-257-two-chains', 'one more', 'SkipLimit', {
    from: 'skip-256-two-chains',
    mutation: 'frame = the message after it',
    input: { frame: hex(second[57] as Uint8Array) },
    code: 'skip-limit',
  })
}

/** The 257th stored key pushes out the first. */
async function evicting(group: GroupBuilder, before: World): Promise<void> {
  const world = { ...before }
  const frames: Uint8Array[] = []
  for (let i = 0; i <= 258; i++) frames.push(await say(world, FILE, 'controller', `evict ${i}`))
  const at = (i: number): Uint8Array => frames[i] as Uint8Array
  await hear(world, FILE, 'agent', at(256), 'evict 256')
  await group.valid('evict', '256 keys are stored and one more message is skipped', 'Evict', {
    sessions: [imageOf(world.agent)],
    newPrivate: key('evict 258'),
    frame: hex(at(258)),
  })
  await hear(world, FILE, 'agent', at(258), 'evict 258')
  await group.valid('evict-second', 'the second oldest is still stored', 'Late', {
    sessions: [imageOf(world.agent)],
    newPrivate: key('evict 1'),
    frame: hex(at(1)),
  })
  await group.invalid('evict-first', 'the oldest is gone', 'Evict', {
    from: 'evict-second',
    mutation: 'frame = the oldest skipped message',
    input: { frame: hex(at(0)) },
    code: 'replay',
  })
}

async function sending(group: GroupBuilder, world: World): Promise<void> {
  const nonce = secret(FILE, 'send/nonce', 12)
  const plaintext = secret(FILE, 'send/plaintext', 256)
  const imageAt = (baseSend: number, sent: number): string => {
    const flags = world.agent.flags | STATE_FLAGS.cks
    return hex(StateImage.encode({ ...world.agent, flags, baseSend, sent }))
  }
  await group.valid('send', 'an ordinary message', 'Basic', { state: imageOf(world.agent), nonce, plaintext })
  const last = { state: imageAt(0xffff_ff00, 0xff), nonce, plaintext }
  await group.valid('send-last', 'seq = 2^32 - 1', 'Exhausted', last)
  await group.invalid('send-exhausted', 'one more', 'Exhausted', {
    from: 'send-last',
    mutation: 'Ns + 1',
    input: { state: imageAt(0xffff_ff00, 0x100) },
    code: 'chain-exhausted',
  })
}
