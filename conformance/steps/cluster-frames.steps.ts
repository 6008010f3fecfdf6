// Steps about frames between nodes, and what becomes of them.

import { randomBytes } from 'node:crypto'
import { Then, When } from '@cucumber/cucumber'
import { ROUTED_HEADER, RoutedFrame } from '@happy-remote/schemas/relay.ts'
import type { Client } from '../peers/client.ts'
import { atOnce } from '../peers/patience.ts'
import type { EnvelopeOf } from '../peers/scripted-node.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { isSame, pause, scripted, until } from './cluster.ts'
import { JITTER } from './frames.steps.ts'
import type { SuiteWorld } from './world.ts'

const SCRIPTED = 'scripted node'

/** Publishes a routed frame whose payload begins with its number, and remembers it. */
async function publishFrame(world: SuiteWorld, from: Client, to: Client, number: number, size: number): Promise<void> {
  const payload = randomBytes(size - ROUTED_HEADER)
  payload.writeUInt32BE(number)
  const bytes = RoutedFrame.encode({ from: from.route.id, to: to.route.id, payload } as RoutedFrame)
  world.sent.set(SCRIPTED, [...(world.sent.get(SCRIPTED) ?? []), { from: from.route.id, to: to.route.id, bytes }])
  await (await scripted(world)).publish(to.route.id, bytes)
}

When(
  'the scripted node publishes a frame from {client} to {client}',
  async function (this: SuiteWorld, from: Client, to: Client) {
    await publishFrame(this, from, to, 0, 100)
  },
)

When(
  'the scripted node publishes a frame of {int} bytes from {client} to {client}',
  async function (this: SuiteWorld, size: number, from: Client, to: Client) {
    await publishFrame(this, from, to, 0, size)
  },
)

When(
  'the scripted node publishes {int} numbered frames from {client} to {client}',
  async function (this: SuiteWorld, count: number, from: Client, to: Client) {
    for (let i = 0; i < count; i++) await publishFrame(this, from, to, i, 100)
  },
)

When(
  '{client} stops reading, and the scripted node publishes {int} MiB from {client} to it',
  async function (this: SuiteWorld, to: Client, size: number, from: Client) {
    to.connection.pause()
    for (let i = 0; i < size * 4; i++) await publishFrame(this, from, to, i, 262_144)
  },
)

Then('the scripted node gets the very bytes of the frame', async function (this: SuiteWorld) {
  const sent = [...this.sent.values()].flat().at(-1)
  if (!sent) throw new SuiteError('No step has sent a frame')
  const { route, bytes } = await (await scripted(this)).expect('frame')
  if (!isSame(route, sent.to)) throw new Failed('The frame is published on another channel than that of its recipient')
  if (!isSame(bytes, sent.bytes)) throw new Failed('The frame is published changed')
})

Then(
  'the scripted node gets all frames of {client}, once each and in their order',
  async function (this: SuiteWorld, client: Client) {
    const node = await scripted(this)
    for (const [i, { bytes }] of (this.sent.get(client.name) ?? []).entries()) {
      const frame = await node.expect('frame')
      if (!isSame(frame.bytes, bytes)) throw new Failed(`Where frame ${i} was due, another one is published`)
    }
    await this.settle()
    const more = node.inbox.takeAll(({ kind }) => kind === 'frame').length
    if (more > 0) throw new Failed(`${more} frames are published twice`)
  },
)

Then(
  'the scripted node gets some of the frames of {client} to {client}, once each and in their order',
  async function (this: SuiteWorld, from: Client, to: Client) {
    const node = await scripted(this)
    const sent = this.sent.get(from.name) ?? []
    const before = sent.length
    // A small frame that arrives tells that whatever comes at all has come.
    const got: EnvelopeOf<'frame'>[] = []
    const isLate = () => {
      got.push(...(node.inbox.takeAll(({ kind }) => kind === 'frame') as EnvelopeOf<'frame'>[]))
      const last = got.at(-1)
      return last !== undefined && sent.slice(before).some(({ bytes }) => isSame(bytes, last.bytes))
    }
    const sendAndLook = async () => {
      this.sendFrame(from, to.route.id, randomBytes(64))
      await pause(200)
      return isLate()
    }
    await until(sendAndLook, 2 * atOnce(), 'No frame comes through any more')
    const old = got.filter(({ bytes }) => sent.slice(0, before).some((frame) => isSame(frame.bytes, bytes)))
    this.note(`${old.length} of ${before} frames are published`)
    if (old.length === before) throw new Failed('All frames are published: whatever Redis does not take is kept')
    let next = 0
    for (const { bytes } of got) {
      const at = sent.findIndex((frame, i) => i >= next && isSame(frame.bytes, bytes))
      if (at < 0) throw new Failed('A frame is published twice, changed, or out of order')
      next = at + 1
    }
  },
)

Then('the scripted node gets no frame', async function (this: SuiteWorld) {
  await this.settle()
  const { length } = (await scripted(this)).inbox.takeAll(({ kind }) => kind === 'frame')
  if (length > 0) throw new Failed(`${length} frames are published that should not`)
})

const nacked =
  (from: Client, to: Client) =>
  ({ route, content }: EnvelopeOf<'nack'>) =>
    isSame(route, from.route.id) && isSame(content.from, from.route.id) && isSame(content.to, to.route.id)

Then(
  'the node publishes a nack for {client} and {client}',
  async function (this: SuiteWorld, from: Client, to: Client) {
    await (await scripted(this)).expect('nack', nacked(from, to))
  },
)

Then(
  'the node publishes nacks for {client} and {client}, with a second or more between two',
  async function (this: SuiteWorld, from: Client, to: Client) {
    const node = await scripted(this)
    const { at: first } = await node.expect('nack', nacked(from, to))
    await this.settle()
    let last = first
    for (const { at } of node.inbox.takeAll(({ kind }) => kind === 'nack')) {
      if (at - last < 1_000 - JITTER)
        throw new Failed(`Two nacks for one pair of routes come ${Math.round(at - last)} ms apart`)
      last = at
    }
  },
)

When(
  'the scripted node publishes a nack for {client} and {client}',
  async function (this: SuiteWorld, from: Client, to: Client) {
    await (await scripted(this)).nack(from.route.id, to.route.id)
  },
)

When(
  'the scripted node publishes {int} nacks for {client} and {client}',
  async function (this: SuiteWorld, count: number, from: Client, to: Client) {
    for (let i = 0; i < count; i++) await (await scripted(this)).nack(from.route.id, to.route.id)
  },
)

Then(
  '{client} is told within {int} s that a frame was not delivered',
  async function (this: SuiteWorld, client: Client, seconds: number) {
    await client.connection.expect('delivery-failed', () => true, seconds * 1_000)
  },
)
