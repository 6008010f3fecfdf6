// Steps about pausing and resuming.

import { randomUUID } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import type { Pause } from '@happy-remote/schemas/rpc/pause.ts'
import { deviceIdText } from '../peers/device.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { type Caller, paramsOf, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Of all pauses of the scenario, the newest last. */
const pauses = new WeakMap<SuiteWorld, string[]>()
const pausesOf = (world: SuiteWorld): string[] => pauses.get(world) ?? []

function pauseId(world: SuiteWorld): string {
  const id = pausesOf(world).at(-1)
  if (id === undefined) throw new SuiteError('No step has paused the agent')
  return id
}

async function expectFresh(world: SuiteWorld, caller: Caller): Promise<void> {
  const { pauseId: id } = await caller.result<{ pauseId: string }>()
  if (!UUID.test(id)) throw new Failed('The pauseId is no UUID')
  if (pausesOf(world).includes(id)) throw new Failed('The pauseId is that of another pause')
  pauses.set(world, [...pausesOf(world), id])
}

Then('{caller} is answered with a fresh pauseId', async function (this: SuiteWorld, caller: Caller) {
  await expectFresh(this, caller)
})

Given('{caller} has paused the agent with {string}', async function (this: SuiteWorld, caller: Caller, method: string) {
  await caller.ask(method)
  await expectFresh(this, caller)
})

Then('{caller} is answered with the same pauseId', async function (this: SuiteWorld, caller: Caller) {
  const { pauseId: id } = await caller.result<{ pauseId: string }>()
  if (id !== pauseId(this)) throw new Failed('The pauseId is not that of the pause that lasts')
})

When('{caller} calls {string} with that pauseId', async function (this: SuiteWorld, caller: Caller, method: string) {
  await caller.ask(method, { pauseId: pauseId(this) })
  await caller.answer()
})

When(
  '{caller} calls {string} with a pauseId that there is not',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    await caller.ask(method, { pauseId: randomUUID() })
  },
)

/** Leaves what the controller has asked last as it is. */
Then('the agent is resumed with {string}', async function (this: SuiteWorld, method: string) {
  const { rpc } = sceneOf(this).caller('controller')
  await rpc.call(method as 'session.resume', { pauseId: pauseId(this) })
})

// What is told of it.

const presentPause = async (world: SuiteWorld): Promise<Pause | undefined> =>
  (await sceneOf(world).caller('controller').rpc.call('claude.getStatus')).paused

async function expectBy(world: SuiteWorld, told: Partial<Pause> | undefined, caller: Caller): Promise<void> {
  if (told?.pauseId !== pauseId(world)) throw new Failed(`The pause is told as ${told?.pauseId}`)
  const by = deviceIdText(await caller.controller.device.deviceId())
  if (told.by !== by) throw new Failed(`The pause is told to be by ${told.by}, expected ${by}`)
}

Then('"claude.getStatus" tells that {caller} has paused it', async function (this: SuiteWorld, caller: Caller) {
  await expectBy(this, await presentPause(this), caller)
})

Then('"claude.getStatus" tells no pause', async function (this: SuiteWorld) {
  if ((await presentPause(this)) !== undefined) throw new Failed('"claude.getStatus" tells a pause that is over')
})

Then(
  'both controllers are told {string} by {caller}',
  async function (this: SuiteWorld, event: string, caller: Caller) {
    for (const name of ['controller', 'second controller']) {
      await expectBy(this, paramsOf(await sceneOf(this).caller(name).rpc.event(event)), caller)
    }
  },
)

Then('the assistant has heard no other prompt than {string}', async function (this: SuiteWorld, text: string) {
  const scene = sceneOf(this)
  await scene.stage.settle()
  const others = scene.heardPrompts().filter((each) => each !== text)
  if (others.length > 0) throw new Failed(`The assistant has heard ${others.length} other prompts`)
})
