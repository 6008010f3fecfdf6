// Steps about what a program sends: numbers, keys, nonces, padding, acknowledgements and challenges.

import { Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import { PLAINTEXT_HEADER } from '@happy-remote/schemas/session.ts'
import { equal, hex } from '@happy-remote/vectors/protocol/bytes.ts'
import { paddedLength } from '@happy-remote/vectors/protocol/frame.ts'
import { isReference } from '../peers/heard-frames.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import { Failed } from '../shim/trouble.ts'
import { bodyOf, giveMessages, giveToSay, streamed } from './bodies.ts'
import { highest, remember } from './received.steps.ts'
import { type Running, runningOf } from './running.ts'
import type { SuiteWorld } from './world.ts'

When('the program has {int} messages to send at once', async function (this: SuiteWorld, count: number) {
  await giveMessages(runningOf(this), count)
})

When(
  'the program sends messages of about {int}, {int}, {int} and {int} bytes',
  async function (this: SuiteWorld, a: number, b: number, c: number, d: number) {
    const running = runningOf(this)
    await giveToSay(running, [a, b, c, d])
    await running.stage.settle()
  },
)

Then('every message of the program has opened', async function (this: SuiteWorld) {
  const refused = runningOf(this)
    .since()
    .find((heard) => heard.kind === 'refused')
  if (refused) throw new Failed(`A message of the program is refused with "${refused.code}"`)
})

Then('its messages are numbered without a gap', function (this: SuiteWorld) {
  const numbers = runningOf(this)
    .opened()
    .map(({ seq }) => seq)
  const gap = numbers.findIndex((seq, index) => seq !== (numbers[0] ?? 0) + index)
  if (gap >= 0) throw new Failed(`After message ${numbers[gap - 1]} of the program comes message ${numbers[gap]}`)
})

Then('it has used at least {int} ratchet keys', function (this: SuiteWorld, least: number) {
  const keys = new Set(
    runningOf(this)
      .opened()
      .map(({ dh }) => hex(dh)),
  )
  if (keys.size < least) throw new Failed(`The program has used ${keys.size} ratchet keys`)
})

const assertAllDiffer = (names: readonly string[], what: string) => {
  if (new Set(names).size < names.length) throw new Failed(`Two messages of the program have the same ${what}`)
}

Then('no two messages of the program have the same nonce', function (this: SuiteWorld) {
  assertAllDiffer(
    runningOf(this)
      .opened()
      .map(({ nonce }) => hex(nonce)),
    'nonce',
  )
})

Then('no two messages of the program have the same ratchet key and number', function (this: SuiteWorld) {
  assertAllDiffer(
    runningOf(this)
      .opened()
      .map(({ dh, n }) => `${hex(dh)}/${n}`),
    'ratchet key and number',
  )
})

Then('the frames of the program are padded to the steps of the table, with zeros', function (this: SuiteWorld) {
  // That the padding is zeros was judged when the frame was read.
  for (const { content, padded } of runningOf(this).opened()) {
    const least = paddedLength(PLAINTEXT_HEADER + content.length)
    if (padded < least || padded > limits.plaintextMax) {
      throw new Failed(`A content of ${content.length} bytes is padded to ${padded}, expected ${least}`)
    }
  }
})

Then('no content of the program is larger than {int} bytes', function (this: SuiteWorld, most: number) {
  const large = runningOf(this)
    .opened()
    .find(({ contentType, content }) => contentType < 3 && content.length > most)
  if (large) throw new Failed(`The program sends a content of ${large.content.length} bytes`)
})

When('the program has {int} bytes to send in one message', async function (this: SuiteWorld, size: number) {
  await giveToSay(runningOf(this), [size])
})

Then('all of it arrives, in a stream', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { message } = await running.peer.expectMessage('message that names a stream', (each) =>
    isReference(bodyOf(each)),
  )
  const { stream, length } = bodyOf(message) as { stream: number; length: number }
  const bytes = () => streamed(running, stream)
  if (await running.program.until(async () => bytes() === length)) return
  throw new Failed(`${bytes()} of ${length} bytes of a body have arrived`)
})

// Acknowledgements and challenges.

When('the peer sends {int} messages', async function (this: SuiteWorld, count: number) {
  const running = runningOf(this)
  for (let i = 0; i < count; i++) {
    const probe = await running.sendProbe()
    remember(this, probe)
    await running.expectActed(probe)
  }
})

Then('the newest frame of the program acknowledges all of them', async function (this: SuiteWorld) {
  await expectAcknowledged(runningOf(this), highest(this))
})

/** Throws Failed where the program does not acknowledge the frame of this number in time, or takes that back. */
export async function expectAcknowledged(running: Running, seq: number): Promise<void> {
  await running.program.pass(limits.ackDelay, limits.ackDelay)
  const acked = () => running.opened().at(-1)?.ack ?? 0
  if (await running.program.until(async () => acked() > seq)) return
  throw new Failed(`The newest frame of the program has the ack ${acked()}, expected at least ${seq + 1}`)
}

/** Challenges of the peer that a step has named. */
const named = new WeakMap<SuiteWorld, Uint8Array>()
export const nameChallenge = (world: SuiteWorld, challenge: Uint8Array): void => void named.set(world, challenge)

When('the peer sends "hello" with a new challenge', async function (this: SuiteWorld) {
  const running = runningOf(this)
  nameChallenge(this, await running.peer.sendHello())
  await running.stage.settle()
})

When('the peer sends two "hello", and the relay delivers the second one first', async function (this: SuiteWorld) {
  const { peer, stage } = runningOf(this)
  const held: Uint8Array[] = []
  const sendPayload = peer.sendPayload.bind(peer)
  // Sealed one after the other, and sent by hand.
  peer.sendPayload = (payload) => void held.push(payload)
  await peer.sendHello()
  nameChallenge(this, await peer.sendHello())
  peer.sendPayload = sendPayload
  for (const message of held.toReversed()) peer.sendPayload(message, { type: 'hello', swapped: true })
  await stage.settle()
})

const newestFresh = (running: Running): Uint8Array | undefined => running.opened().at(-1)?.fresh

const assertCarries = (world: SuiteWorld, expected: boolean) => {
  const fresh = newestFresh(runningOf(world))
  const challenge = named.get(world)
  if (!fresh || !challenge) throw new Failed('The program has sent nothing')
  if (equal(fresh, challenge) !== expected) {
    throw new Failed(`The newest frame of the program ${expected ? 'does not carry' : 'carries'} that challenge`)
  }
}

Then('the frames of the program carry that challenge', function (this: SuiteWorld) {
  assertCarries(this, true)
})

Then('the frames of the program carry the challenge of the second "hello"', function (this: SuiteWorld) {
  assertCarries(this, true)
})

Then('the frames of the program do not carry the challenge of that "hello"', function (this: SuiteWorld) {
  assertCarries(this, false)
})

Then('the name that the program told has at most 64 bytes and no control characters', function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const [member, type] = peer instanceof ScriptedAgent ? ['deviceName', 'pair.ack'] : ['agentName', 'pair.complete']
  const told = peer.heard.find((heard) => heard.kind === 'control' && heard.type === type)
  const name = told?.kind === 'control' ? told.message[member] : undefined
  if (typeof name !== 'string') throw new Failed(`The program tells no ${member}`)
  if (Buffer.byteLength(name) > limits.nameMax || /\p{Cc}/u.test(name))
    throw new Failed(`The program tells a wrong name`)
})
