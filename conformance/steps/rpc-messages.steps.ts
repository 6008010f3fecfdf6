// Steps about messages and batches of either role: what is sent wrong, and how messages travel.

import { randomUUID } from 'node:crypto'
import { type DataTable, Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Endpoint } from '../peers/endpoint.ts'
import { NO_CHALLENGE } from '../peers/endpoint.ts'
import { wrongContents } from '../peers/wrong-rpc.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Caller, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

/** Sends what `name` says, which is wrong on purpose. */
async function sendWrong(peer: Endpoint, name: string): Promise<void> {
  const make = wrongContents[peer.role][name]
  if (!make) throw new SuiteError(`There is no wrong content "${name}" of a ${peer.role}`)
  const { contentType, content } = make()
  await peer.sendContent(contentType, content, { wrong: name }, { isWrong: true })
}

Then(
  'each of these is answered with the control "error" {string}',
  async function (this: SuiteWorld, code: string, table: DataTable) {
    const { peer } = this.stage
    for (const [name = ''] of table.raw()) {
      await sendWrong(peer, name)
      const heard = await peer.expectControl('error').catch((error: Error) => {
        throw error instanceof Failed ? new Failed(`For ${name}: ${error.message}`) : error
      })
      if (heard.message.code !== code)
        throw new Failed(`For ${name} the control "error" has the code "${heard.message.code}"`)
    }
  },
)

When(
  '{caller} sends a response, an error and the event "claude.state"',
  async function (this: SuiteWorld, { controller }: Caller) {
    const error = { code: 'internal', message: 'no reason' }
    const params = { state: 'idle', conversationId: null }
    for (const message of [
      { id: randomUUID(), type: 'response', result: {} },
      { id: randomUUID(), type: 'response', error },
      { id: randomUUID(), type: 'event', method: 'claude.state', params },
      { id: randomUUID(), type: 'event', method: 'unstable-event', params: {} },
    ]) {
      await controller.sendMessage(message as Message, { isWrong: true })
    }
  },
)

When(
  '{caller} sends a control "error" whose code is of a later version',
  async function (this: SuiteWorld, { controller }: Caller) {
    await controller.sendControl(
      { type: 'error', code: 'of-a-later-version', message: 'of a later version' },
      { isWrong: true },
    )
  },
)

Then(/^the agent sends nothing because of (?:it|them)$/, async function (this: SuiteWorld) {
  await this.stage.settle()
  const { controller, rpc } = sceneOf(this).caller('controller')
  rpc.update()
  const errors = controller.inbox.takeAll((heard) => heard.kind === 'control' && heard.type === 'error')
  if (errors.length > 0) throw new Failed('The agent answers with a control "error"')
  const said = rpc.messages.filter(({ message }) => message.type === 'response')
  if (said.length > 0) throw new Failed('The agent answers with a response')
})

When('{caller} does everything wrong that a controller can', async function (this: SuiteWorld, caller: Caller) {
  const { controller, rpc } = caller
  for (const name of Object.keys(wrongContents.controller)) await sendWrong(controller, name)
  const terminalId = randomUUID()
  const calls: [string, object][] = [
    ['no.such.method', {}],
    ['terminal.open', {}],
    ['terminal.open', { cols: 80, rows: 24, cwd: '..' }],
    ['terminal.open', { cols: 80, rows: 24, command: ['no-such-program'] }],
    ['terminal.attach', { terminalId }],
    ['terminal.write', { terminalId, offset: 0, data: '' }],
    ['terminal.resize', { terminalId, cols: 1, rows: 1 }],
    ['terminal.close', { terminalId }],
    ['stream.credit', { streamId: 99, upTo: 1 }],
    ['permission.answer', { requestId: terminalId, inputHash: 'A'.repeat(43), option: 'allow' }],
    ['question.answer', { requestId: terminalId, answers: [] }],
    ['session.revoke', { deviceId: 'a'.repeat(26) }],
    ['claude.sendMessage', { prompt: 'hello', conversationId: 'none' }],
  ]
  for (const [method, params] of calls) {
    await caller.ask(method, params)
    const { message } = await caller.answer()
    if (!('error' in message)) throw new Failed(`"${method}" is answered with a result`)
  }
  await caller.ask('agent.info', {}, { fresh: NO_CHALLENGE })
  await caller.refusal('stale')
  rpc.update()
})

Then('all that the agent has sent fits its schema', async function (this: SuiteWorld) {
  await this.stage.settle()
  // Whatever a scripted peer hears is held against the schemas there and then.
  for (const { controller, rpc } of sceneOf(this).callers) {
    rpc.update()
    controller.assertWell()
    if (rpc.messages.length === 0) throw new SuiteError('Nothing was heard')
  }
})

// Batches.

const batched = (caller: Caller, calls: readonly (readonly [string, object])[]): Promise<unknown> =>
  caller.controller.sendBatch(
    calls.map(([method, params]) => caller.rpc.request(method, params)),
    { isWrong: true },
  )

When(
  '{caller} calls {string}, {string} and {string} in one batch',
  async function (this: SuiteWorld, caller: Caller, first: string, second: string, third: string) {
    await batched(
      caller,
      [first, second, third].map((method) => [method, {}]),
    )
  },
)

Then(
  'the first and the third are answered with a result, and the second with {string}',
  async function (this: SuiteWorld, code: string) {
    const { rpc } = sceneOf(this).caller('controller')
    const expected = [undefined, code, undefined]
    for (const [i, request] of [...rpc.requests.values()].slice(-3).entries()) {
      const { message } = await rpc.answer(request)
      const said = 'error' in message ? message.error.code : undefined
      if (said !== expected[i]) throw new Failed(`"${request.method}" is answered with ${said ?? 'a result'}`)
    }
  },
)

Then('each batch of the agent has 2 to 10 messages and at most 65,536 bytes', async function (this: SuiteWorld) {
  const { controller } = sceneOf(this).caller('controller')
  controller.assertWell()
  const sizes = controller.heard.flatMap((heard) => (heard.kind === 'rpc' && heard.inBatch > 0 ? [heard.inBatch] : []))
  // The size and the number of each were judged as it came.
  this.note(`the largest batch had ${Math.max(0, ...sizes)} messages`)
})

/** Words that came in `claude.delta`, with the time of each. */
const deltas = (caller: Caller) =>
  caller.rpc.events('claude.delta').map(({ message, frame, complete }) => ({
    text: `${(message.params as { text?: string }).text}`.trim(),
    frame,
    complete,
  }))

/** What the assistant says at once, each word by itself. */
const FIVE_WORDS = 'one two 333 444 555'

Then('the five words come within {float} s of each other', async function (this: SuiteWorld, seconds: number) {
  const caller = sceneOf(this).caller('controller')
  const [first, last] = await caller.rpc.until('five words', () => {
    const words = deltas(caller).filter(({ text }) => text !== '')
    const said = words.map(({ text }) => text).join(' ')
    return said === FIVE_WORDS ? [words[0], words.at(-1)] : undefined
  })
  const between = (last?.frame.at ?? 0) - (first?.frame.at ?? 0)
  this.note(`${Math.round(between)} ms between the first and the last`)
  // 50 ms, and what a busy machine adds, which hands the words over one by one.
  if (between > seconds * 1_000) throw new Failed(`${Math.round(between)} ms lie between the first word and the last`)
})

Then('the controller is told the five words and only then "permission.requested"', async function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  const asked = await caller.rpc.event('permission.requested')
  const before = deltas(caller).filter(({ complete }) => complete < asked.complete)
  const said = before.map(({ text }) => text).join(' ')
  if (said !== FIVE_WORDS) throw new Failed(`Before "permission.requested" the controller is told "${said}"`)
})

Then('"permission.requested" is the last message of its frame', async function (this: SuiteWorld) {
  await this.stage.settle()
  const { controller, rpc } = sceneOf(this).caller('controller')
  const [asked] = rpc.events('permission.requested')
  const behind = controller.heard.slice((asked?.named ?? 0) + 1)
  if (behind.some((heard) => heard.kind === 'rpc' && heard.seq === asked?.frame.seq)) {
    throw new Failed('Other messages come behind "permission.requested" in the same batch')
  }
})

When(
  '{caller} calls {string} {int} times, each when the last was answered',
  async function (this: SuiteWorld, caller: Caller, method: 'agent.info', times: number) {
    let fastest = Number.POSITIVE_INFINITY
    for (let i = 0; i < times; i++) {
      const began = performance.now()
      await caller.rpc.call(method)
      fastest = Math.min(fastest, performance.now() - began)
    }
    this.found = fastest
  },
)

Then('the fastest answer took less than 50 ms', function (this: SuiteWorld) {
  const took = this.found as number
  this.note(`${took.toFixed(1)} ms`)
  if (took >= limits.batchDelay) throw new Failed(`The fastest of the calls takes ${took.toFixed(0)} ms`)
})
