// Steps about the queue of a controller under test: what the person gives while the scripted agent comes and goes.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Given, Then, When } from '@cucumber/cucumber'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Whole } from '../peers/rpc.ts'
import { Refused } from '../shim/driver.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { servedOf } from './controller-rpc.ts'
import type { SuiteWorld } from './world.ts'

const HOUR = 3_600_000
const PROMPT = 'claude.sendMessage'

/** By text: the id that the shim gave, which need not be that of the request. */
const given = new WeakMap<SuiteWorld, Map<string, string>>()

/** Ids of the prompts that a step has looked at. */
const seen = new WeakMap<SuiteWorld, Set<string>>()

const textOf = (params: object): unknown => (params as { prompt?: unknown }).prompt

function idOf(world: SuiteWorld, text: string): string {
  const id = given.get(world)?.get(text)
  if (id === undefined) throw new SuiteError(`No step has queued the prompt "${text}"`)
  return id
}

Given('a controller under test that has a queue, and is paired with an agent', async function (this: SuiteWorld) {
  const stage = this.useStage('controller')
  await stage.start({ keepState: true })
  stage.program.require('queue')
  given.set(this, new Map())
  seen.set(this, new Set())
  await stage.pairController()
})

// The agent.

When('the agent goes away', async function (this: SuiteWorld) {
  const served = servedOf(this)
  await served.stage.settle()
  await served.stage.cutOff(served.agent)
  await served.stage.settle()
  // What the controller has repeated by now is not what it will send.
  while (seen.get(this)?.size && served.repetitions.length > 0) await served.again()
})

When('the agent comes back', async function (this: SuiteWorld) {
  await servedOf(this).agent.comeBack()
})

When('the agent has another commandEpoch from now on', function (this: SuiteWorld) {
  servedOf(this).agent.commandEpoch = 'epoch 2'
})

When('the agent comes back, and asks for a new session before it says "hello"', async function (this: SuiteWorld) {
  const served = servedOf(this)
  const { agent } = served
  agent.duties.hello = false
  await agent.comeBack()
  await served.newSession()
  agent.duties.hello = true
  await agent.sendHello()
})

/** The next prompt under an id that no step has looked at: repetitions of others may come at any time. */
async function nextPrompt(world: SuiteWorld, text: string): Promise<Whole<Request>> {
  const whole = await servedOf(world).request(PROMPT, ({ message }) => !seen.get(world)?.has(message.id))
  assertText(whole, text)
  seen.get(world)?.add(whole.message.id)
  return whole
}

function assertText({ message }: Whole<Request>, text: string): void {
  const said = textOf(message.params)
  if (said !== text) throw new Failed(`The agent gets the prompt ${JSON.stringify(said)}, expected "${text}"`)
}

Then('the agent gets the prompt {string}', async function (this: SuiteWorld, text: string) {
  await nextPrompt(this, text)
})

Then('the agent gets the prompt {string} in that session', async function (this: SuiteWorld, text: string) {
  const { frame } = await nextPrompt(this, text)
  if (frame.session !== servedOf(this).agent.current) throw new Failed('The prompt comes in an older session')
})

Then('the agent gets the prompt {string} again, under the same id', async function (this: SuiteWorld, text: string) {
  const { id } = servedOf(this).last.message
  const again = await servedOf(this).request(
    PROMPT,
    ({ message }) => message.id === id || textOf(message.params) === text,
  )
  assertText(again, text)
  if (again.message.id !== id) throw new Failed('The prompt comes again under another id')
})

Then('the agent gets no other prompt', async function (this: SuiteWorld) {
  const { stage, rpc, last } = servedOf(this)
  // In steps in which everything is acknowledged: to a controller that counts it as away the agent would owe a `hello`.
  for (let passed = 0; passed < 12_000; passed += 4_000) {
    await stage.settle()
    await stage.program.pass(4_000)
  }
  await stage.settle()
  rpc.update()
  const { complete } = last
  const other = rpc.messages.find(
    ({ message, complete: at }) =>
      message.type === 'request' && message.method === PROMPT && message.id !== last.message.id && at > complete,
  )
  if (other) throw new Failed('The controller sends another prompt although the one before it has no answer')
})

// The person.

When('the person queues the prompt {string}', async function (this: SuiteWorld, text: string) {
  const { id } = await this.stage.program.ask('enqueue', { method: PROMPT, params: { prompt: text } })
  given.get(this)?.set(text, id)
})

Then(
  'the person cannot queue a prompt of {bytes} bytes, because it is {string}',
  async function (this: SuiteWorld, size: number, code: string) {
    const prompt = 'x'.repeat(size - '{"prompt":""}'.length)
    try {
      await this.stage.program.ask('enqueue', { method: PROMPT, params: { prompt } })
    } catch (error) {
      if (error instanceof Refused && error.code === code) return
      throw error
    }
    throw new Failed('The prompt is in the queue')
  },
)

When(
  'the person edits the prompt {string} to {string}',
  async function (this: SuiteWorld, text: string, other: string) {
    await this.stage.program.ask('arrange', { id: idOf(this, text), params: { prompt: other } })
  },
)

When(
  'the person moves the prompt {string} to the place {int}',
  async function (this: SuiteWorld, text: string, position: number) {
    await this.stage.program.ask('arrange', { id: idOf(this, text), position })
  },
)

When('the person cancels the prompt {string}', async function (this: SuiteWorld, text: string) {
  await this.stage.program.ask('arrange', { id: idOf(this, text), cancel: true })
})

Then('the person cannot edit the prompt {string}', async function (this: SuiteWorld, text: string) {
  try {
    await this.stage.program.ask('arrange', { id: idOf(this, text), params: { prompt: 'too late' } })
  } catch (error) {
    if (error instanceof Refused && error.code === 'conflict') return
    throw error
  }
  throw new Failed('What was sent can still be edited')
})

Then('the prompt {string} is {string}', async function (this: SuiteWorld, text: string, expected: string) {
  const { program } = this.stage
  const id = idOf(this, text)
  let state: string | undefined
  const isSo = await program.until(async () => {
    const { commands } = await program.ask('queue', {})
    state = commands.find((command) => command.id === id)?.state
    return state === expected
  })
  if (!isSo) throw new Failed(`The prompt "${text}" is ${state ?? 'not in the queue'}, expected "${expected}"`)
})

When('the clock of the controller is moved by {int} h', async function (this: SuiteWorld, hours: number) {
  await this.stage.settle()
  await this.stage.program.jump(hours * HOUR)
})

Then('the prompt {string} does not stand in what the program has stored', function (this: SuiteWorld, text: string) {
  const { folder } = this.stage.program
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  for (const path of files.filter((each) => statSync(each).isFile())) {
    if (readFileSync(path).includes(text)) throw new Failed('The prompt stands in clear in what the program has stored')
  }
})
