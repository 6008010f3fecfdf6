// Steps about commands: repeated, in conflict, kept and interrupted.

import { Given, Then, When } from '@cucumber/cucumber'
import type { Response } from '@happy-remote/schemas/rpc/envelope.ts'
import type { FrameOf } from '../peers/endpoint.ts'
import { type Fault, kindOf } from '../peers/faulty-relay.ts'
import { Failed, NotApplicable } from '../shim/trouble.ts'
import { type Caller, overtaken, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

/** For a prompt through a relay that behaves again. */
const TRIES = 5

const isStale = (response: Response): boolean => 'error' in response && response.error.code === 'stale'

/** The same hostile relay each time: a linear congruential generator. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

Given('a relay that drops, duplicates, reorders and delays', function (this: SuiteWorld) {
  const { relay } = sceneOf(this).stage
  const roll = dice(7)
  const faults: readonly Fault[] = ['dropped', 'duplicated', 'swapped with the next', 'delayed']
  // A rule is asked only where those before it have let the frame pass.
  for (const fault of faults) {
    relay.plan(fault, (frame) => kindOf(frame.bytes.subarray(33)) === 'message' && roll() < 0.2, 1_000, 50)
  }
})

When('{caller} sends the same prompt {int} times', async function (this: SuiteWorld, caller: Caller, times: number) {
  const prompt = await sceneOf(this).prompt(caller, 'say hello')
  for (let i = 1; i < times; i++) {
    await caller.rpc.ask(prompt.request.method, prompt.request.params, { id: prompt.request.id })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
})

When('the relay behaves again, and {caller} sends it once more', async function (this: SuiteWorld, caller: Caller) {
  const scene = sceneOf(this)
  scene.stage.relay.clearPlan()
  await scene.stage.settle()
  // An answer "stale" that the relay had held back may come first; a controller sends again then.
  for (let tries = 0; tries < TRIES; tries++) {
    await caller.send(caller.last)
    if (!isStale((await caller.answer()).message)) return
  }
})

Then('every other answer to it was the same, or "stale"', async function (this: SuiteWorld) {
  const { rpc, last } = sceneOf(this).caller('controller')
  const answers = rpc.responsesTo(last.id).map(({ message }) => message)
  // A late one may be answered "stale" behind the last one's answer.
  const told = answers.filter((each) => !isStale(each)).map((each) => JSON.stringify(each))
  const others = told.filter((each) => each !== told.at(-1))
  this.note(`${answers.length} answers came`)
  if (others.length > 0) throw new Failed(`Another answer was ${others[0]?.slice(0, 200)}`)
})

Then('the assistant has heard {int} prompt(s)', async function (this: SuiteWorld, expected: number) {
  const scene = sceneOf(this)
  // One more, whose end tells that nothing is on its way any more.
  scene.letStart()
  const { rpc } = scene.caller('controller')
  const probe = await rpc.ask('claude.sendMessage', { prompt: 'say hello' })
  let { message } = await rpc.answer(probe)
  // A relay may have lost every challenge that is not used yet; then the answer brings one.
  for (let tries = 2; isStale(message) && tries <= TRIES; tries++) {
    await rpc.ask(probe.method, probe.params, { id: probe.id })
    message = (await rpc.answer(probe, tries)).message
  }
  if (!('result' in message)) throw new Failed(`A prompt is answered with the error "${message.error.code}"`)
  const { messageId: asked } = message.result as { messageId: string }
  await rpc.event('claude.messageState', ({ messageId, state }) => messageId === asked && state === 'completed')
  const heard = scene.heardPrompts().length - 1
  if (heard !== expected) throw new Failed(`The assistant has heard ${heard} prompts, expected ${expected}`)
})

Then('both are answered with the same result', async function (this: SuiteWorld) {
  const { rpc, last } = sceneOf(this).caller('controller')
  const [one, two] = [await rpc.answer(last, 1), await rpc.answer(last, 2)]
  if (JSON.stringify(one.message) !== JSON.stringify(two.message)) throw new Failed('The two answers differ')
  if ('error' in one.message) throw new Failed(`Both are answered with the error "${one.message.error.code}"`)
})

Given('the assistant takes long to start', function (this: SuiteWorld) {
  sceneOf(this).holdStart()
})

When('the assistant has started', function (this: SuiteWorld) {
  sceneOf(this).letStart()
})

Given(
  '{caller} has given the prompt {string}, which is not answered yet',
  async function (this: SuiteWorld, caller: Caller, text: string) {
    const scene = sceneOf(this)
    const { request } = await scene.prompt(caller, text)
    await scene.stage.settle()
    if (caller.rpc.responsesTo(request.id).length > 0) {
      throw new NotApplicable('the agent accepts prompts before its assistant runs')
    }
  },
)

When('{int} hours pass', async function (this: SuiteWorld, hours: number) {
  const scene = sceneOf(this)
  const { program } = scene.stage
  program.require('clock')
  await program.pass(hours * 3_600_000, hours * 3_600_000)
  // So long a silence ends the connection of the agent.
  const { rpc } = scene.caller('controller')
  await scene.answersAgain(rpc)
})

// The epoch.

const epochs = (caller: Caller): unknown[] =>
  caller.controller.heard
    .filter((heard): heard is FrameOf<'control'> => heard.kind === 'control' && heard.type === 'hello')
    .map(({ message }) => message.commandEpoch)

Given('the "hello" of the agent has carried a commandEpoch', function (this: SuiteWorld) {
  const [epoch] = epochs(sceneOf(this).caller('controller'))
  if (typeof epoch !== 'string') throw new Failed('The "hello" of the agent carries no commandEpoch')
})

const isSameEpoch = (caller: Caller): boolean => new Set(epochs(caller)).size === 1

Then('the commandEpoch is the same', function (this: SuiteWorld) {
  if (!isSameEpoch(sceneOf(this).caller('controller')))
    throw new Failed('The agent says another commandEpoch after a restart')
})

Given('the agent keeps the ids of commands on disk', function (this: SuiteWorld) {
  if (!isSameEpoch(sceneOf(this).caller('controller'))) throw new NotApplicable('the agent keeps the ids in memory')
})

Then(
  '{caller} is answered with the recorded response, or the commandEpoch is another one',
  async function (this: SuiteWorld, caller: Caller) {
    const { message } = await caller.answer()
    const isRecorded = JSON.stringify(message) === JSON.stringify(caller.recorded.get(caller.last.id))
    this.note(isSameEpoch(caller) ? 'the ids were kept' : 'the ids were lost')
    if (!isRecorded && isSameEpoch(caller)) throw new Failed('The ids were lost, and the commandEpoch is the same')
  },
)

Given(
  '{caller} has called "terminal.open" for the folder {string}, which is not there',
  async function (this: SuiteWorld, caller: Caller, cwd: string) {
    await caller.ask('terminal.open', { cols: 80, rows: 24, cwd, command: ['cat'] })
    await caller.refusal('not-found')
  },
)

When('{caller} is paired with the agent anew', async function (this: SuiteWorld, caller: Caller) {
  await sceneOf(this).pair(caller.name)
})

When(
  '{caller} opens a terminal, and the relay lets a later request overtake it',
  async function (this: SuiteWorld, caller: Caller) {
    const params = { cols: 80, rows: 24, command: ['cat'] }
    await overtaken(sceneOf(this), caller, () => caller.ask('terminal.open', params))
  },
)

// command.status

async function expectState(caller: Caller, id: string, expected: readonly string[]): Promise<void> {
  const { state } = await caller.rpc.call('command.status', { id })
  if (!expected.includes(String(state)))
    throw new Failed(`The command is "${state}", expected "${expected.join('" or "')}"`)
}

/** Of the last command of the first controller, whoever asks. */
const lastId = (world: SuiteWorld): string => sceneOf(world).caller('controller').last.id

Then(
  '"command.status" tells {caller} that it is {string}',
  async function (this: SuiteWorld, caller: Caller, expected: string) {
    await expectState(caller, lastId(this), [expected])
  },
)

Then(
  '"command.status" tells {caller} that it is {string}, or {string} where the commandEpoch is another one',
  async function (this: SuiteWorld, caller: Caller, same: string, other: string) {
    await expectState(caller, lastId(this), [isSameEpoch(caller) ? same : other])
  },
)

Then(
  '"command.status" tells {caller} that an id of no command is {string}',
  async function (this: SuiteWorld, caller: Caller, expected: string) {
    await expectState(caller, crypto.randomUUID(), [expected])
  },
)
