// ratchet-reject: late, lost and too many messages, and new chains.

import { RatchetMessage } from '@happy-remote/schemas/session.ts'
import { imageOf } from '../operations/ratchet.ts'
import { hex } from '../protocol/bytes.ts'
import type { GroupBuilder, RejectCode } from './file.ts'
import { flip } from './forge.ts'
import { FILE, key, otherKey } from './ratchet-header.ts'
import { hear, reforge, say, type World } from './world.ts'

/** c3 arrives before c2. */
export async function lateness(group: GroupBuilder, world: World, c2: Uint8Array, c3: Uint8Array): Promise<void> {
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
export async function newChain(group: GroupBuilder, before: World): Promise<void> {
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
export async function skipping(group: GroupBuilder, before: World): Promise<void> {
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
export async function evicting(group: GroupBuilder, before: World): Promise<void> {
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
