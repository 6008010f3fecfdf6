// Steps about RPC with a controller under test: a scripted agent answers what it asks.

import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { type BodyPlan, bodyFaults, bodyPieces, type Piece } from '../peers/body.ts'
import { random } from '../peers/device.ts'
import { base64url } from '../peers/route.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { resultOf, servedOf } from './controller-rpc.ts'
import type { SuiteWorld } from './world.ts'

// Calls.

When('the person asks for {string}', function (this: SuiteWorld, method: string) {
  servedOf(this).call(method)
})

When('the person asks {int} times for {string} at once', function (this: SuiteWorld, times: number, method: string) {
  for (let i = 0; i < times; i++) servedOf(this).call(method)
})

When('the agent answers each', async function (this: SuiteWorld) {
  const served = servedOf(this)
  for (const _ of served.calls) {
    await served.request('agent.info')
    await served.respond({ result: resultOf('agent.info') })
  }
})

Then('all of them have succeeded', async function (this: SuiteWorld) {
  const { calls, stage } = servedOf(this)
  await stage.program.until(async () => calls.every(({ state }) => state !== 'under way'))
  const bad = calls.filter(({ state }) => state !== 'succeeded')
  if (bad.length > 0) throw new Failed(`${bad.length} of ${calls.length} calls have not succeeded`)
})

When('the person gives a prompt of {bytes} bytes', function (this: SuiteWorld, size: number) {
  servedOf(this).call('claude.sendMessage', { prompt: 'x'.repeat(size - '{"prompt":""}'.length) })
})

When('the agent gets the request, and does not answer', async function (this: SuiteWorld) {
  await servedOf(this).take()
})

When('the agent answers it', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.take()
  await served.respond({ result: served.resultOfLast() })
})

When('the agent answers it with unknown members in the message and in its result', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.take()
  await served.respond({ result: { ...(served.resultOfLast() as object), mood: 'good' } }, { trace: { of: 'later' } })
})

When('the agent answers it with an error whose code is of a later version', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.take()
  await served.respond({ error: { code: 'of-a-later-version', message: 'who knows' } })
})

When('the agent answers it with the error {string}', async function (this: SuiteWorld, code: string) {
  const served = servedOf(this)
  await served.take()
  await served.respond({ error: { code, message: 'as the scenario says' } })
})

When(/^the agent answers it with the result (\S.*)$/, async function (this: SuiteWorld, json: string) {
  const served = servedOf(this)
  await served.take()
  await served.respond({ result: JSON.parse(json) as unknown })
})

Then('the agent got one prompt', function (this: SuiteWorld) {
  const { size } = servedOf(this).idsOf('claude.sendMessage')
  if (size !== 1) throw new Failed(`The agent got ${size} prompts`)
})

When('the agent answers it, and then again with an error', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.take()
  await served.respond({ result: served.resultOfLast() })
  await served.respond({ error: { code: 'internal', message: 'too late' } })
})

When('the agent answers it "interrupted"', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.take()
  await served.respond({ error: { code: 'interrupted', message: 'the body did not come whole' } })
})

/** The challenge of the newest `stale`, and when it was sent, by the clock of the program. */
const challenges = new WeakMap<SuiteWorld, { readonly challenge: Uint8Array; readonly at: number }>()
/** ms in which a busy machine does what it does at once; a repetition by time comes later. */
const SOON = 5_000

When('the agent answers it "stale" with a new challenge', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.take()
  const challenge = random(8)
  challenges.set(this, { challenge, at: served.agent.now() })
  served.agent.issued.push(challenge)
  await served.respond({ error: { code: 'stale', message: 'once more', data: { challenge: base64url(challenge) } } })
})

Then('the controller repeats the request at once, with that challenge', async function (this: SuiteWorld) {
  const served = servedOf(this)
  const first = served.last
  const { frame, message } = await served.again()
  if (!isDeepStrictEqual(message, first.message)) throw new Failed('The request that comes again is another one')
  const stale = challenges.get(this)
  if (!stale) throw new SuiteError('The agent has not answered "stale"')
  if (base64url(frame.fresh) !== base64url(stale.challenge)) {
    throw new Failed('The request comes again without the challenge of the error')
  }
  const after = frame.at - stale.at
  if (after > SOON) throw new Failed(`The request comes again only after ${(after / 1_000).toFixed(1)} s`)
})

Then('the controller repeats the request', async function (this: SuiteWorld) {
  const served = servedOf(this)
  const first = served.last
  const { message } = await served.again()
  if (!isDeepStrictEqual(message, first.message)) throw new Failed('The request that comes again is another one')
  // rpc.message.id: the person has asked so often, and each time is one id.
  const asked = served.calls.filter(({ method }) => method === message.method).length
  const ids = served.idsOf(message.method).size
  if (ids > asked) throw new Failed('The controller repeats the request under another id')
})

Then('the controller does not repeat the request', async function (this: SuiteWorld) {
  await this.stage.program.pass(15_000)
  await this.stage.settle()
  if (servedOf(this).repetitions.length > 0) throw new Failed('The controller sends the request again by itself')
})

Then('the call has succeeded', async function (this: SuiteWorld) {
  const { state, code } = await servedOf(this).ended()
  if (state !== 'succeeded') throw new Failed(`The call has failed${code ? ` with "${code}"` : ''}`)
})

Then('the call has failed', async function (this: SuiteWorld) {
  const { state } = await servedOf(this).ended()
  if (state !== 'failed') throw new Failed('The call has succeeded')
})

Then('the call has failed with {string}', async function (this: SuiteWorld, expected: string) {
  const { state, code } = await servedOf(this).ended()
  if (state !== 'failed' || code !== expected)
    throw new Failed(`The call has ${state}${code ? ` with "${code}"` : ''}, expected "${expected}"`)
})

Then('the call is still under way', function (this: SuiteWorld) {
  const asked = servedOf(this).calls.at(-1)
  if (asked?.state !== 'under way')
    throw new Failed(`The call has ${asked?.state}${asked?.code ? ` with "${asked.code}"` : ''}`)
})

Then('the person can still call the agent', async function (this: SuiteWorld) {
  const served = servedOf(this)
  served.call('device.list')
  await served.take()
  await served.respond({ result: resultOf('device.list') })
  const { state } = await served.ended()
  if (state !== 'succeeded') throw new Failed('A call after that fails')
})

When(
  'the person asks {int} times for {string}, each time after the last answer',
  async function (this: SuiteWorld, times: number, method: string) {
    const served = servedOf(this)
    let fastest = Number.POSITIVE_INFINITY
    for (let i = 0; i < times; i++) {
      const began = performance.now()
      served.call(method)
      await served.take()
      fastest = Math.min(fastest, performance.now() - began)
      await served.respond({ result: resultOf(method) })
      await served.ended()
    }
    this.found = fastest
  },
)

Then('the fastest request came in less than 50 ms', function (this: SuiteWorld) {
  const fastest = this.found as number
  this.note(`${fastest.toFixed(1)} ms`)
  if (fastest >= limits.batchDelay) throw new Failed(`The fastest request takes ${fastest.toFixed(0)} ms`)
})

// The connection, the session and the epoch.

When('the relay cuts the connection of the controller, which comes back', async function (this: SuiteWorld) {
  const { relay, program } = this.stage
  relay.cut('program')
  await program.pass(5_000, 1_000)
})

When('the agent says another commandEpoch', async function (this: SuiteWorld) {
  const { agent, stage } = servedOf(this)
  agent.commandEpoch = 'epoch 2'
  await agent.sendHello({ members: { commandEpoch: 'epoch 2' } })
  await stage.settle()
})

When('the agent asks for a new session, and the controller makes one', async function (this: SuiteWorld) {
  await servedOf(this).newSession()
})

Then('the controller calls "claude.getStatus" and "terminal.list" by itself', async function (this: SuiteWorld) {
  const served = servedOf(this)
  for (const method of ['claude.getStatus', 'terminal.list']) {
    await served.request(method, ({ frame }) => frame.session === served.agent.current)
    await served.respond({ result: resultOf(method) })
  }
})

// What the agent says unasked.

const event = (method: string, params: object): Message =>
  ({ id: randomUUID(), type: 'event', method, params }) as Message
const COUNTED = 'unstable-count'

When('the agent sends the events "one", "two" and "three" in one batch', async function (this: SuiteWorld) {
  await servedOf(this).agent.sendBatch(
    ['one', 'two', 'three'].map((number) => event(COUNTED, { number })),
    { isWrong: true },
  )
})

Then('the person is told "one", "two" and "three" in this order', async function (this: SuiteWorld) {
  const { program } = this.stage
  const told: unknown[] = []
  await program.until(async () => {
    told.push(...program.takeEvents(COUNTED).map(({ params }) => (params as { number?: unknown }).number))
    return told.length >= 3
  })
  if (told.join() !== 'one,two,three') throw new Failed(`The person is told ${told.join(', ') || 'nothing'}`)
})

When('the agent sends an event of a later version', async function (this: SuiteWorld) {
  await servedOf(this).agent.sendMessage(event('unstable-weather', { sky: 'blue' }), { isWrong: true })
})

When('the agent sends a "claude.state" whose state is of a later version', async function (this: SuiteWorld) {
  const params = { state: 'dreaming', conversationId: null }
  await servedOf(this).agent.sendMessage(event('claude.state', params), { isWrong: true })
})

When('the agent sends a response that nobody awaits', async function (this: SuiteWorld) {
  await servedOf(this).agent.sendMessage({ id: randomUUID(), type: 'response', result: {} })
})

When('the agent calls {string}', async function (this: SuiteWorld, method: string) {
  const id = randomUUID()
  this.found = id
  await servedOf(this).agent.sendMessage({ id, type: 'request', method, params: {} }, { isWrong: true })
})

Then('the agent is answered with the error {string}', async function (this: SuiteWorld, code: string) {
  const { rpc } = servedOf(this)
  const whole = await rpc.until('answer to its request', () => rpc.responsesTo(this.found as string)[0])
  const said = 'error' in whole.message ? whole.message.error.code : undefined
  if (said !== code) throw new Failed(`The request is answered with ${said ?? 'a result'}, expected "${code}"`)
})

Then('the agent is told no control "error"', async function (this: SuiteWorld) {
  await this.stage.settle()
  const { agent } = servedOf(this)
  const errors = agent.inbox.takeAll((heard) => heard.kind === 'control' && heard.type === 'error')
  if (errors.length > 0) throw new Failed('The controller answers with a control "error"')
})

Then('the person is told no event', async function (this: SuiteWorld) {
  await this.stage.settle()
  const told = ['claude.state', 'claude.message'].flatMap((name) => this.stage.program.takeEvents(name))
  if (told.length > 0) throw new Failed(`The person is told ${JSON.stringify(told[0]).slice(0, 200)}`)
})

Then('all that the controller has sent fits its schema', async function (this: SuiteWorld) {
  await this.stage.settle()
  const { agent, rpc } = servedOf(this)
  rpc.update()
  agent.assertWell()
})

// Bodies.

const said = (text: string): Message =>
  event('claude.message', { conversationId: 'c', messageId: randomUUID(), role: 'assistant', text })

/** The JSON text of the params, filled with white space up to `size` bytes. */
const filled = (message: Message, size: number): Uint8Array => {
  const text = JSON.stringify((message as { params: object }).params)
  return Buffer.from(`${text.slice(0, -1)}${' '.repeat(Math.max(0, size - text.length))}}`)
}

/** Pieces that were held back, for a later step. */
const heldBack = new WeakMap<SuiteWorld, Piece[]>()

async function sendBody(world: SuiteWorld, size: number, plan: BodyPlan = {}, text = 'a long story'): Promise<void> {
  const message = said(text)
  heldBack.set(world, await servedOf(world).sendBody(message, filled(message, size), plan))
}

for (const words of ['has another hash', 'overlaps with other bytes', 'lacks a piece'] as const) {
  When(`the agent sends a "claude.message" whose body ${words}`, async function (this: SuiteWorld) {
    await sendBody(this, 200_000, bodyFaults[words])
  })
}

When(
  'the agent sends a "claude.message" whose body has {bytes} bytes',
  async function (this: SuiteWorld, size: number) {
    await sendBody(this, size)
  },
)

When(
  'the agent sends a "claude.message" whose body of {bytes} bytes comes with the last piece first',
  async function (this: SuiteWorld, size: number) {
    await sendBody(this, size, bodyPieces['with the last piece first'])
  },
)

When('the agent sends the missing piece', async function (this: SuiteWorld) {
  const { agent } = servedOf(this)
  for (const { stream, offset, bytes } of heldBack.get(this) ?? []) await agent.sendChunk(stream, offset, bytes)
})

Then('the person is told that message', async function (this: SuiteWorld) {
  const { program } = this.stage
  let told: Readonly<Record<string, unknown>>[] = []
  await program.until(async () => {
    told = [...told, ...program.takeEvents('claude.message')]
    return told.length > 0
  })
  const [first] = told
  if ((first?.params as { text?: unknown } | undefined)?.text !== 'a long story')
    throw new Failed('The person is not told the message')
})

Then('the request comes with a reference, before its body, and the body is right', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.take()
  const { reference, message } = served.last
  if (!reference) throw new Failed('The request comes whole')
  if (served.rpc.unnamed.length > 0) throw new Failed('Chunks come before the message that names their stream')
  assertPrompt(message.params)
})

function assertPrompt(params: object): void {
  const { prompt } = params as { prompt?: unknown }
  if (typeof prompt !== 'string' || /[^x]/.test(prompt)) throw new Failed('The body is not the params of the call')
}

Then('the request comes again under another streamId, and the body is right', async function (this: SuiteWorld) {
  const served = servedOf(this)
  const first = served.last
  const { reference, message, frame } = await served.again()
  if (!reference) throw new Failed('The request comes again without a reference')
  if (reference.stream === first.reference?.stream && frame.session === first.frame.session) {
    throw new Failed('The request comes again under the same streamId')
  }
  assertPrompt(message.params)
})

Then('the request comes without a reference', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.take()
  if (served.last.reference) throw new Failed('The request comes with a reference, although it fits')
})
