// A session used from many places at once, and across a restart.

import assert from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import { CONTENT_TYPES, RATCHET_OVERHEAD } from '@happy-remote/schemas/session.ts'
import fc from 'fast-check'
import { toHex, utf8 } from '../crypto/bytes.ts'
import { agreeOn, ManualClock, newDevices, pair } from '../testing/devices.ts'
import { parseMessage } from './message.ts'
import { encrypt, startRatchet } from './ratchet.ts'
import { Session, type SessionOptions } from './session.ts'

const devices = await newDevices()
const agreed = await pair(devices)
const ZERO = new Uint8Array(8)
const control = (type: string) => ({
  contentType: 'control' as const,
  content: utf8(`{"type":"${type}"}`),
  fresh: ZERO,
})
const chunk = (size: number) => ({ contentType: 'stream' as const, content: new Uint8Array(size).fill(1), fresh: ZERO })

/** Every test has keys of its own, because a session overwrites what it has used. */
async function sessions(options: SessionOptions = {}) {
  const { agent, controller } = await agreeOn(agreed.agent.run, devices)
  return { agent: await Session.start(agent, options), controller: await Session.start(controller, options) }
}
const fromAgent = (frame: Uint8Array) => parseMessage(frame, 'agent')
const fromController = (frame: Uint8Array) => parseMessage(frame, 'controller')

Deno.test('send() gives 60 calls at the same time 60 different message numbers', async () => {
  const { agent, controller } = await sessions()
  const frames = await Promise.all(Array.from({ length: 60 }, () => agent.send(control('ack'))))
  const numbers = frames.map((frame) => [toHex(fromAgent(frame).dh), fromAgent(frame).n])
  assert.equal(new Set(numbers.map(String)).size, 60)
  assert.deepEqual(
    numbers.map(([, n]) => n),
    Array.from({ length: 60 }, (_, n) => n),
  )
  const opened = await Promise.all(frames.toReversed().map((frame) => controller.receive(fromAgent(frame))))
  assert.deepEqual(
    opened.map(({ seq, late }) => [seq, late]),
    Array.from({ length: 60 }, (_, i) => [59 - i, i > 0]),
  )
})

Deno.test('send() and receive() at the same time on both sides reuse no number over DH steps', async () => {
  const { agent, controller } = await sessions()
  const seen = new Set<string>()
  for (let round = 0; round < 10; round++) {
    const [toController, toAgent] = await Promise.all([
      Promise.all(Array.from({ length: 6 }, () => agent.send(control('ack')))),
      Promise.all(Array.from({ length: 6 }, () => controller.send(control('ack')))),
    ])
    for (const message of [...toController.map(fromAgent), ...toAgent.map(fromController)]) {
      const number = `${toHex(message.dh)} ${message.n}`
      assert.ok(!seen.has(number), number)
      seen.add(number)
    }
    await Promise.all([
      ...toController.map((frame) => controller.receive(fromAgent(frame))),
      ...toAgent.map((frame) => agent.receive(fromController(frame))),
      agent.send(control('ack')).then((frame) => controller.receive(fromAgent(frame))),
    ])
  }
})

Deno.test('send() lets 96 chunks, 128 messages and 192 control frames be outstanding', async () => {
  const { agent, controller } = await sessions()
  const frames: Uint8Array[] = []
  const rpc = { contentType: 'rpc' as const, content: utf8('{}'), fresh: ZERO }
  for (const [outgoing, count] of [
    [chunk(1), 96],
    [rpc, 128],
    [control('ack'), 192],
  ] as const) {
    while (frames.length < count) frames.push(await agent.send(outgoing))
    const image = await agent.export()
    await assert.rejects(agent.send(outgoing), { code: 'window' })
    assert.deepEqual(await agent.export(), image)
  }
  for (const frame of frames) await controller.receive(fromAgent(frame))
  await agent.receive(fromController(await controller.send(control('ack'))))
  assert.equal(agent.outstanding, 0)
  await agent.send(chunk(1))
})

Deno.test('send() counts the bytes of whole messages against 1 MiB, and control frames not', async () => {
  const { agent } = await sessions()
  const size = RATCHET_OVERHEAD + 65_536
  for (let i = 0; i < Math.floor(limits.windowBytes / size); i++) await agent.send(chunk(65_000))
  await assert.rejects(agent.send(chunk(65_000)), { code: 'window' })
  await agent.send(control('ack'))
})

Deno.test('receive() ignores an ack that runs backwards or ahead', async () => {
  const { agent, controller } = await sessions()
  const first = await agent.send(control('hello'))
  const early = await controller.send(control('hello'))
  await controller.receive(fromAgent(first))
  const later = await controller.send(control('ack'))
  await agent.receive(fromController(later))
  assert.equal(agent.outstanding, 0)
  await agent.send(control('hello'))
  assert.equal((await agent.receive(fromController(early))).late, true)
  assert.equal(agent.outstanding, 1)
})

Deno.test('receive() keeps the session but delivers nothing where the plaintext frame is bad', async () => {
  const { agent, controller } = await agreeOn(agreed.agent.run, devices)
  const receiver = await Session.start(agent)
  for (const [plaintext, code] of [
    [Uint8Array.of(9, ...new Uint8Array(255)), 'type'],
    [Uint8Array.of(0, 1, ...new Uint8Array(254)), 'type'],
    [new Uint8Array(256).fill(1, 255), 'padding'],
    [new Uint8Array(17), 'padding'],
  ] as const) {
    const state = await startRatchet(controller)
    const { frame } = await encrypt(state, plaintext)
    const opened = await (code === 'type' && plaintext[0] === 9 ? receiver : await Session.start(agent)).receive(
      fromController(frame),
    )
    assert.deepEqual([opened.frame, opened.refused?.code], [null, code])
    assert.notEqual(opened.session.ackDuty.due, undefined)
  }
})

Deno.test('ackDuty is due after 32 frames or 200 ms, and never for frames that only acknowledge', async () => {
  const clock = new ManualClock()
  const { agent, controller } = await sessions({ clock })
  const heard = async (type: string) => agent.receive(fromController(await controller.send(control(type))))
  await heard('ack')
  assert.equal(agent.ackDuty.due, undefined)
  await heard('hello')
  assert.equal(agent.ackDuty.due, clock.monotonic() + 200)
  for (let i = 1; i < 32; i++) await heard('hello')
  assert.equal(agent.ackDuty.due, 0)
  await agent.send(control('ack'))
  assert.equal(agent.ackDuty.due, undefined)
})

Deno.test('trigger() names the skip limit, the 8th decrypt failure in a row, and age', async () => {
  const clock = new ManualClock()
  const { agent, controller } = await sessions({ clock })
  const bad = async () => {
    const frame = await controller.send(control('hello'))
    frame[frame.length - 1] = (frame[frame.length - 1] as number) ^ 1
    await assert.rejects(agent.receive(fromController(frame)), { code: 'decrypt' })
  }
  for (let i = 0; i < 7; i++) await bad()
  await agent.receive(fromController(await controller.send(control('hello'))))
  for (let i = 0; i < 7; i++) await bad()
  assert.equal(agent.trigger(), null)
  await bad()
  assert.equal(agent.trigger(), 'decrypt-failures')
  assert.equal(controller.trigger(), null)
  clock.advance(limits.sessionAge)
  assert.equal(controller.trigger(), 'age-or-count')
})

Deno.test('load() goes on where export() stopped, with nothing outstanding', async () => {
  const { agent, controller } = await sessions()
  const late = await agent.send(control('hello'))
  await controller.receive(fromAgent(await agent.send(control('hello'))))
  const again = await Session.load(await controller.export())
  assert.deepEqual(await again.export(), await controller.export())
  assert.equal(again.outstanding, 0)
  assert.equal((await again.receive(fromAgent(late))).late, true)
  await agent.receive(fromController(await again.send(control('ack'))))
})

Deno.test('keepWith() has stored the state before a message leaves and before one is delivered', async () => {
  const images: Uint8Array[] = []
  const keep = async (image: Uint8Array) => {
    await Promise.resolve()
    images.push(image)
  }
  const { agent, controller } = await sessions()
  for (const session of [agent, controller]) session.keepWith(keep)
  const frame = await agent.send(control('hello'))
  assert.deepEqual(images.at(-1), await agent.export())
  await controller.receive(fromAgent(frame))
  assert.deepEqual(images.at(-1), await controller.export())
  assert.equal(images.length, 2)
})

Deno.test('erase() leaves a session that opens and sends nothing', async () => {
  const { agent, controller } = await sessions()
  const frame = await controller.send(control('hello'))
  await agent.erase()
  assert.equal(agent.matches(fromController(frame)), false)
  await assert.rejects(agent.send(control('hello')), { code: 'header' })
  await assert.rejects(agent.export(), { code: 'header' })
})

Deno.test('send() and receive() carry any content of any type', async () => {
  const { agent, controller } = await sessions()
  const types = Object.keys(CONTENT_TYPES) as (keyof typeof CONTENT_TYPES)[]
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...types), fc.uint8Array({ maxLength: 3_000 }), async (contentType, content) => {
      const opened = await controller.receive(fromAgent(await agent.send({ contentType, content, fresh: ZERO })))
      assert.equal(opened.frame?.contentType, contentType)
      assert.deepEqual(new Uint8Array(opened.frame?.content ?? []), new Uint8Array(content))
      await agent.receive(fromController(await controller.send(control('ack'))))
    }),
    { numRuns: 40 },
  )
})
