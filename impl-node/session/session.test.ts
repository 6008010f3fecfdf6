import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { RATCHET_OVERHEAD } from '@happy-remote/schemas/session.ts'
import { ascii, flipped, secretOf } from '../vectors/deterministic.ts'
import { encodeFrame } from './frame.ts'
import { Session } from './session.ts'
import { pairUp, stateHash } from './testing/pair-up.ts'
import { assertRefused } from './testing/refusal.ts'

const NOW = 1_800_000_000_000
const FRESH = secretOf('session/fresh', 8)
const HELLO = ascii('{}')

function sessions() {
  const { agent, controller } = pairUp({ name: 'session' })
  return { agent: new Session(agent, NOW), controller: new Session(controller, NOW) }
}
const send = (session: Session, content = HELLO) => session.seal('rpc', content, FRESH)

test('a session delivers content, type, freshness, seq and ack', () => {
  const { agent, controller } = sessions()
  const first = controller.open(agent.seal('stream', ascii('one'), FRESH), NOW)
  assert.deepEqual(
    { ...first },
    { contentType: 'stream', fresh: FRESH, ack: 0, content: ascii('one'), seq: 0, late: false },
  )
  assert.equal(agent.open(send(controller), NOW).ack, 1)
  assert.equal(controller.open(send(agent), NOW).seq, 1)
  assert.equal(agent.suite, 1)
  assert.equal(agent.startedAt, NOW)
})

test('ack is the newest frame opened, also where an older one arrives after it', () => {
  const { agent, controller } = sessions()
  const [first, second, third] = [send(agent), send(agent), send(agent)] as const
  controller.open(third, NOW)
  const late = controller.open(first, NOW)
  assert.ok(late.late)
  assert.equal(agent.open(send(controller), NOW).ack, 3)
  assert.ok(controller.open(second, NOW).late)
  assert.equal(agent.open(send(controller), NOW).ack, 3)
})

test('stream chunks stop at 96 outstanding frames, messages at 128, control 64 later', () => {
  const { agent } = sessions()
  for (let i = 0; i < limits.windowStream; i++) agent.seal('stream', HELLO, FRESH)
  assertRefused('window', () => agent.seal('stream', HELLO, FRESH))
  for (let i = limits.windowStream; i < limits.window; i++) agent.seal('rpc', HELLO, FRESH)
  assertRefused('window', () => agent.seal('rpc', HELLO, FRESH))
  assertRefused('window', () => agent.seal('batch', HELLO, FRESH))
  for (let i = 0; i < limits.windowControl; i++) agent.seal('control', HELLO, FRESH)
  assertRefused('window', () => agent.seal('control', HELLO, FRESH))
  assert.equal(agent.outstanding, limits.window + limits.windowControl)
})

test('a refused frame takes no number and changes no key', () => {
  const { agent, controller } = sessions()
  while (agent.hasRoom('message', HELLO.length)) controller.open(send(agent), NOW)
  const before = stateHash(agent.ratchet)
  assertRefused('window', () => send(agent))
  assertRefused('too-large', () => send(agent, new Uint8Array(limits.plaintextMax)))
  assert.equal(stateHash(agent.ratchet), before)
  agent.open(send(controller), NOW)
  assert.equal(controller.open(send(agent), NOW).seq, limits.window)
})

test('the window of 1 MiB counts whole messages with their padding, and control may exceed it', () => {
  const { agent } = sessions()
  const largest = new Uint8Array(limits.messageMax)
  const messageSize =
    encodeFrame({ contentType: 'rpc', fresh: FRESH, ack: 0, content: largest }).length + RATCHET_OVERHEAD
  const fitting = Math.floor(limits.windowBytes / messageSize)
  for (let i = 0; i < fitting; i++) assert.equal(send(agent, largest).length, messageSize)
  assert.ok(!agent.hasRoom('message', limits.messageMax))
  assertRefused('window', () => send(agent, largest))
  const rest = limits.windowBytes - fitting * messageSize
  assert.ok(rest > 4_096 && agent.hasRoom('stream', 1_000))
  assert.ok(agent.hasRoom('control', limits.messageMax))
})

test('content that no frame can hold is too-large, however much room there is', () => {
  const { agent } = sessions()
  assertRefused('too-large', () => send(agent, new Uint8Array(limits.plaintextMax - 17)))
  assertRefused('too-large', () => send(agent, new Uint8Array(2 * limits.windowBytes)))
  assert.equal(agent.outstanding, 0)
})

test('an acknowledgement makes room for as many frames and bytes as it settles', () => {
  const { agent, controller } = sessions()
  const messages = Array.from({ length: 10 }, () => send(agent))
  for (const message of messages.slice(0, 4)) controller.open(message, NOW)
  agent.open(send(controller), NOW)
  assert.equal(agent.outstanding, 6)
  assert.equal(agent.acknowledged, 4)
  for (const message of messages.slice(4)) controller.open(message, NOW)
  agent.open(send(controller), NOW)
  assert.equal(agent.outstanding, 0)
  assert.equal(agent.acknowledged, 10)
})

test('an acknowledgement settles what was lost before it', () => {
  const { agent, controller } = sessions()
  send(agent)
  send(agent)
  controller.open(send(agent), NOW)
  agent.open(send(controller), NOW)
  assert.equal(agent.outstanding, 0)
})

/** A frame of the controller with an `ack` of one's choice. */
const acknowledging = (session: Session, ack: number) =>
  session.ratchet.encrypt(encodeFrame({ contentType: 'control', fresh: FRESH, ack, content: HELLO }))

test('an acknowledgement of what was never sent moves nothing', () => {
  const { agent, controller } = sessions()
  for (let i = 0; i < 3; i++) send(agent)
  for (const ack of [4, 1_000, 0xffff_ffff]) {
    agent.open(acknowledging(controller, ack), NOW)
    assert.equal(agent.outstanding, 3)
    assert.equal(agent.acknowledged, 0)
  }
  agent.open(acknowledging(controller, 3), NOW)
  assert.equal(agent.outstanding, 0)
})

test('an older acknowledgement moves nothing back', () => {
  const { agent, controller } = sessions()
  for (let i = 0; i < 3; i++) send(agent)
  agent.open(acknowledging(controller, 2), NOW)
  agent.open(acknowledging(controller, 1), NOW)
  agent.open(acknowledging(controller, 0), NOW)
  assert.equal(agent.acknowledged, 2)
  assert.equal(agent.outstanding, 1)
})

test('decryptFailures counts consecutive decrypt failures, and any opened frame resets it', () => {
  const { agent, controller } = sessions()
  const message = send(agent)
  for (let i = 1; i <= limits.decryptFailures; i++) {
    assertRefused('decrypt', () => controller.open(flipped(message, -i), NOW))
    assert.equal(controller.decryptFailures, i)
  }
  controller.open(message, NOW)
  assert.equal(controller.decryptFailures, 0)
})

test('decryptFailures does not count replays and other refusals', () => {
  const { agent, controller } = sessions()
  const message = send(agent)
  assertRefused('decrypt', () => controller.open(flipped(message, -1), NOW))
  const opened = send(agent)
  assert.equal(controller.open(opened, NOW).seq, 1)
  assertRefused('replay', () => controller.open(opened, NOW))
  assertRefused('truncated', () => controller.open(new Uint8Array(10), NOW))
  assertRefused('direction', () => controller.open(send(controller), NOW))
  assert.equal(controller.decryptFailures, 0)
})

test('a frame that is no frame is delivered to nobody, acknowledged, and does not break the session', () => {
  const { agent, controller } = sessions()
  const good = encodeFrame({ contentType: 'rpc', fresh: FRESH, ack: 0, content: HELLO })
  assertRefused('padding', () => controller.open(agent.ratchet.encrypt(flipped(good, -1)), NOW))
  assertRefused('type', () => controller.open(agent.ratchet.encrypt(flipped(good, 1)), NOW))
  assertRefused('type', () => controller.open(agent.ratchet.encrypt(flipped(good, 0, 7)), NOW))
  assertRefused('padding', () => controller.open(agent.ratchet.encrypt(new Uint8Array(0)), NOW))
  assert.equal(controller.decryptFailures, 0)
  assert.equal(agent.open(send(controller), NOW).ack, 4)
  assert.deepEqual(controller.open(agent.ratchet.encrypt(good), NOW).content, HELLO)
})

test('two sessions that keep answering never fill their windows', () => {
  const { agent, controller } = sessions()
  for (let i = 0; i < 300; i++) {
    controller.open(send(agent), NOW)
    agent.open(send(controller), NOW)
  }
  assert.equal(agent.acknowledged, 300)
  assert.ok(agent.outstanding <= 1 && controller.outstanding <= 1)
})
