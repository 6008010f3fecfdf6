// Steps about freshness at an agent: which commands it executes. And about what a controller calls live.

import { createHash, randomUUID } from 'node:crypto'
import { Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { random } from '../peers/device.ts'
import type { SendOptions } from '../peers/endpoint.ts'
import { fromBase64url } from '../peers/route.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { loseConnection } from './running.steps.ts'
import { isCall, type Running, runningOf } from './running.ts'
import { nameChallenge } from './sent.steps.ts'
import { type SuiteWorld, words } from './world.ts'

const NONE = new Uint8Array(8)

interface Kept {
  /** Of the command that a step sent last. */
  command?: Message
  /** A challenge that a step has kept. */
  challenge?: Uint8Array
}
const all = new WeakMap<SuiteWorld, Kept>()
const keptBy = (world: SuiteWorld): Kept => {
  const kept = all.get(world) ?? {}
  all.set(world, kept)
  return kept
}

/** A command whose execution all can see: it opens a terminal. */
export function makeCommand(argument = ''): Message {
  const command = ['cat', ...(argument === '' ? [] : [argument])]
  return { id: randomUUID(), type: 'request', method: 'terminal.open', params: { cols: 80, rows: 24, command } }
}

/** Terminals that the agent has opened since the session runs, by its own word. */
export const openedTerminals = (running: Running): number =>
  running.rpc().filter((message) => message.type === 'event' && message.method === 'terminal.opened').length

async function sendCommand(world: SuiteWorld, options: SendOptions, command = makeCommand()): Promise<void> {
  keptBy(world).command = command
  await runningOf(world).peer.sendMessage(command, options)
}

const answerTo = (world: SuiteWorld) => {
  const id = keptBy(world).command?.id
  return runningOf(world).peer.expectMessage('answer to the command', (message) => message.id === id)
}

const challenges: Readonly<Record<string, (running: Running) => Uint8Array>> = {
  'no challenge': () => NONE,
  'a challenge that the agent never issued': () => random(8),
  'a challenge that nobody issued': () => random(8),
  "the controller's own challenge": ({ peer }) => peer.issued.at(-1) ?? NONE,
  'the newest challenge': ({ peer }) => peer.challenge,
}
words('challenge', challenges)

When('the controller sends a command that carries {challenge}', async function (this: SuiteWorld, name: string) {
  const fresh = challenges[name]?.(runningOf(this)) ?? NONE
  await sendCommand(this, { fresh })
})

When('sends it again with the challenge of the answer', async function (this: SuiteWorld) {
  const { message } = await answerTo(this)
  const { error } = message as { error?: { data?: { challenge?: string } } }
  const challenge = error?.data?.challenge
  if (challenge === undefined) throw new Failed('The agent answers without a challenge')
  await sendCommand(this, { fresh: fromBase64url(challenge) }, keptBy(this).command)
})

When('the controller sends a command that carries that challenge', async function (this: SuiteWorld) {
  const { challenge } = keptBy(this)
  if (!challenge) throw new SuiteError('No step has kept a challenge')
  await sendCommand(this, { fresh: challenge })
})

When(
  '{int} s pass by the clocks of the agent, while the controller keeps its challenge',
  async function (this: SuiteWorld, seconds: number) {
    const running = runningOf(this)
    running.program.require('clock')
    keptBy(this).challenge = running.peer.challenge
    await running.program.pass(seconds * 1_000)
  },
)

When(
  'the agent loses its connection and comes back, while the controller keeps its challenge',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    keptBy(this).challenge = running.peer.challenge
    await loseConnection(running)
    await running.stage.settle()
  },
)

When(
  /^the wall clock of the agent is set (\d+) s (forward|back)$/,
  async function (this: SuiteWorld, text: string, way) {
    const running = runningOf(this)
    await running.quiet()
    keptBy(this).challenge = running.peer.challenge
    await running.program.jump(Number(text) * 1_000 * (way === 'back' ? -1 : 1))
  },
)

When('the relay holds a command back until the agent was killed and started again', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { peer, program } = running
  program.require('state')
  const command = makeCommand()
  keptBy(this).command = command
  const old = running.session
  const content = Buffer.from(JSON.stringify(command))
  const sealed = await peer.alone(() => old.seal('rpc', content, peer.challenge))
  await program.kill()
  peer.inbox.takeAll()
  // What the controller said after the command would make it late, which is another reason to refuse it.
  const duties = { ...peer.duties }
  Object.assign(peer.duties, { ack: false, hello: false, pairAck: false })
  await program.startAgain()
  await peer.expectFrame('"presence" of the agent', ({ kind }) => kind === 'online')
  peer.sendPayload(sealed, { ...command, late: true })
  await running.stage.settle()
  Object.assign(peer.duties, duties)
  await running.callInTheEnd()
})

Then('the agent answers it "stale", with a new challenge', async function (this: SuiteWorld) {
  const { message } = await answerTo(this)
  const { error } = message as { error?: { code: string; data?: { challenge?: unknown } } }
  if (error?.code !== 'stale') throw new Failed(`The agent answers ${JSON.stringify(error ?? 'with a result')}`)
  const challenge = error.data?.challenge
  if (typeof challenge !== 'string' || fromBase64url(challenge).length !== 8) {
    throw new Failed('"stale" tells no challenge of 8 bytes')
  }
})

Then('it has sent "hello" before', function (this: SuiteWorld) {
  const { heard } = runningOf(this).peer
  const id = keptBy(this).command?.id
  const answer = heard.findIndex((each) => each.kind === 'rpc' && each.message.id === id)
  const hello = heard.findLastIndex((each, index) => index < answer && each.kind === 'control' && each.type === 'hello')
  const last = heard.findLastIndex((each, index) => index < answer && each.kind === 'rpc')
  if (hello < 0 || hello < last) throw new Failed('The agent says no "hello" before it looks at what it received')
})

Then('it has not executed it', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.stage.settle()
  if (openedTerminals(running) > 0) throw new Failed('The agent has executed the command')
})

Then('the agent executes it', async function (this: SuiteWorld) {
  const { message } = await answerTo(this)
  if (!('result' in message)) throw new Failed(`The agent answers ${JSON.stringify(message)}`)
})

When('the agent has issued {int} challenges', async function (this: SuiteWorld, count: number) {
  const running = runningOf(this)
  const known = () => running.hellos().map(({ message }) => fromBase64url(message.challenge as string))
  const before = known().length
  for (let i = 0; known().length < before + count && i < 2 * count; i++) {
    running.peer.cut()
    await running.peer.comeBack()
    await running.stage.settle()
  }
  keptBy(this).challenge = known().at(-count) ?? NONE
  const second = known().at(1 - count)
  if (second) nameChallenge(this, second)
  oldest.set(this, known().slice(-count))
})
const oldest = new WeakMap<SuiteWorld, Uint8Array[]>()

Then('a command that carries the second oldest of them is executed', async function (this: SuiteWorld) {
  await sendCommand(this, { fresh: oldest.get(this)?.[1] ?? NONE })
  const { message } = await answerTo(this)
  if (!('result' in message)) throw new Failed(`The agent answers ${JSON.stringify(message)}`)
})

Then('a command that carries the oldest of them is answered "stale"', async function (this: SuiteWorld) {
  await sendCommand(this, { fresh: oldest.get(this)?.[0] ?? NONE })
  const { message } = await answerTo(this)
  const { error } = message as { error?: { code: string } }
  if (error?.code !== 'stale') throw new Failed(`The agent answers ${JSON.stringify(message)}`)
})

When('the controller sends "hello" in a frame without a challenge', async function (this: SuiteWorld) {
  const { peer, stage } = runningOf(this)
  nameChallenge(this, await peer.sendHello({ fresh: NONE }))
  await stage.settle()
})

When('the controller sends a large command whose chunks carry no challenge', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const command = makeCommand('x'.repeat(70_000))
  const body = Buffer.from(JSON.stringify('params' in command ? command.params : {}))
  const sha256 = createHash('sha256').update(body).digest('base64url')
  const streamId = 1
  await sendCommand(this, {}, { ...command, params: { stream: streamId, length: body.length, sha256 } } as Message)
  for (let at = 0; at < body.length; at += limits.chunkMax) {
    await peer.sendChunk(streamId, at, body.subarray(at, at + limits.chunkMax), { fresh: NONE })
  }
})

// What a controller calls live.

const EVENT = 'unstable-news'
const news = (): Message => ({ id: randomUUID(), type: 'event', method: EVENT, params: {} })

When('the agent sends an event whose frame carries {challenge}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  await running.peer.sendMessage(news(), { fresh: challenges[name]?.(running) ?? NONE })
})

When('the relay holds an event of the agent back for {int} s', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  running.program.require('clock')
  const content = Buffer.from(JSON.stringify(news()))
  const sealed = await running.peer.alone(() => running.session.seal('rpc', content, running.peer.challenge))
  await running.program.pass(seconds * 1_000)
  running.peer.sendPayload(sealed, { held: true })
})

Then(/^the controller shows it as (live|not live)$/, async function (this: SuiteWorld, how: string) {
  const { program } = runningOf(this)
  const told: Readonly<Record<string, unknown>>[] = []
  await program.until(async () => told.push(...program.takeEvents(EVENT)) > 0)
  if (told.length === 0) throw new Failed('The controller does not show the event')
  if (told[0]?.live !== (how === 'live'))
    throw new Failed(`The controller shows the event as ${told[0]?.live ? '' : 'not '}live`)
})

When(
  'the agent loses its connection, the controller has a call to make, and the agent comes back',
  async function (this: SuiteWorld) {
    const { peer, program, stage } = runningOf(this)
    await stage.cutOff(peer)
    program.ask('call', { method: 'agent.info', params: {} }, 60_000).catch(() => {})
    await program.ask('state', {})
    await peer.comeBack()
  },
)

Then('the request carries the newest challenge of the agent', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const { fresh } = await peer.expectMessage('request', isCall)
  if (Buffer.compare(fresh, peer.issued.at(-1) ?? NONE) !== 0) {
    throw new Failed('The request was sealed before the agent came back')
  }
})
