// ratchet-reject: one message against a given state.

import { RatchetMessage, STATE_FLAGS, StateImage } from '@happy-remote/schemas/session.ts'
import { imageOf, ratchetReject } from '../operations/ratchet.ts'
import { hex, unhex } from '../protocol/bytes.ts'
import { badKeys } from './bad-keys.ts'
import type { Construction, GroupBuilder, RejectCode } from './file.ts'
import { basic, keyFlags } from './flags.ts'
import { FILE, headerBytes, insider, key, otherKey } from './ratchet-header.ts'
import { evicting, lateness, newChain, skipping } from './ratchet-order.ts'
import { secret } from './secret.ts'
import { hear, newWorld, reforge, say, type World } from './world.ts'

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
