// Steps about capabilities, devices, and who is told of what.

import { Given, Then, When } from '@cucumber/cucumber'
import { CAPABILITIES, DEFAULT_CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { methods } from '@happy-remote/schemas/rpc/registry.ts'
import { deviceIdText } from '../peers/device.ts'
import type { FrameOf } from '../peers/endpoint.ts'
import { Failed } from '../shim/trouble.ts'
import { type Caller, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

const idOf = async (caller: Caller): Promise<string> => deviceIdText(await caller.controller.device.deviceId())
/** Of no device that there is. */
const NOBODY = 'a'.repeat(26)

Given('a controller that is paired with it and may also "admin"', async function (this: SuiteWorld) {
  await sceneOf(this).pair('controller', [...DEFAULT_CAPABILITIES, 'admin'])
})

Given(/^a third controller (?:that )?is paired with it$/, async function (this: SuiteWorld) {
  await sceneOf(this).pair('third controller')
})

// Capabilities.

const granted = (world: SuiteWorld): string[] => {
  const { controller } = sceneOf(world).caller('controller')
  const said = controller.heard.find(
    (heard): heard is FrameOf<'control'> => heard.kind === 'control' && heard.type === 'pair.complete',
  )
  return [...((said?.message.capabilities ?? []) as string[])]
}

Then('"pair.complete" grants neither "git.push" nor "admin"', async function (this: SuiteWorld) {
  const { capabilities } = await sceneOf(this).caller('controller').rpc.call('agent.info')
  for (const capability of ['git.push', 'admin'] as const) {
    if (granted(this).includes(capability)) throw new Failed(`"pair.complete" grants "${capability}"`)
    if (capabilities.includes(capability)) throw new Failed(`"agent.info" says that "${capability}" is granted`)
  }
})

const isNamed = (name: string, known: readonly string[]): boolean =>
  known.includes(name) || name.startsWith('unstable-')

Then(
  'the agent names no capability and no method that is neither of the specification nor "unstable-"',
  async function (this: SuiteWorld) {
    const info = await sceneOf(this).caller('controller').rpc.call('agent.info')
    const strange = [
      ...granted(this).filter((name) => !isNamed(name, CAPABILITIES)),
      ...info.methods.filter((name) => !isNamed(name, Object.keys(methods))),
    ]
    if (strange.length > 0) throw new Failed(`The agent names ${strange.join(', ')}`)
  },
)

Then('"pair.complete" has one capability that begins with "unstable-grease-"', function (this: SuiteWorld) {
  const greased = granted(this).filter((name) => name.startsWith('unstable-grease-'))
  if (greased.length !== 1) throw new Failed(`"pair.complete" has ${greased.length} such capabilities`)
})

When(
  '{caller} calls {string} and claims every capability',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    const claim = { capabilities: [...CAPABILITIES], admin: true }
    await caller.ask(method, claim, { members: claim })
  },
)

// Devices.

When('{caller} revokes itself', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('session.revoke', { deviceId: await idOf(caller) })
})

When('{caller} revokes {caller}', async function (this: SuiteWorld, caller: Caller, other: Caller) {
  await caller.ask('session.revoke', { deviceId: await idOf(other) })
})

When('{caller} revokes a device that there is not', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('session.revoke', { deviceId: NOBODY })
})

// Names and capabilities.

When('{caller} renames itself to {string}', async function (this: SuiteWorld, caller: Caller, name: string) {
  await caller.ask('device.rename', { deviceId: await idOf(caller), name })
})

When(
  '{caller} renames {caller} to {string}',
  async function (this: SuiteWorld, caller: Caller, other: Caller, name: string) {
    await caller.ask('device.rename', { deviceId: await idOf(other), name })
  },
)

When(
  '{caller} grants {caller} {string}',
  async function (this: SuiteWorld, caller: Caller, other: Caller, capabilities: string) {
    await caller.ask('device.grant', { deviceId: await idOf(other), capabilities: capabilities.split(', ') })
  },
)

When(
  '{caller} calls {string} for a device that there is not',
  async function (this: SuiteWorld, caller: Caller, method: string) {
    const what = method === 'device.rename' ? { name: 'nobody' } : { capabilities: ['observe'] }
    await caller.ask(method, { deviceId: NOBODY, ...what })
  },
)

Then('"device.list" calls {caller} {string}', async function (this: SuiteWorld, other: Caller, name: string) {
  const { devices } = await sceneOf(this).caller('controller').rpc.call('device.list')
  const id = await idOf(other)
  const found = devices.find(({ deviceId }) => deviceId === id)
  if (found?.name !== name) throw new Failed(`"device.list" calls it ${JSON.stringify(found?.name)}`)
})

Then(
  '{caller} is answered with a result, and only then told "pairing.revoked"',
  async function (this: SuiteWorld, caller: Caller) {
    await caller.result()
    await caller.controller.expectControl('pairing.revoked')
    const { heard } = caller.controller
    const response = heard.findIndex((each) => each.kind === 'rpc' && each.message.id === caller.last.id)
    const revoked = heard.findIndex((each) => each.kind === 'control' && each.type === 'pairing.revoked')
    if (response < 0 || response > revoked) throw new Failed('"pairing.revoked" comes before the response')
  },
)

Then('{caller} is told "pairing.revoked"', async function (this: SuiteWorld, { controller }: Caller) {
  await controller.expectControl('pairing.revoked')
})

Then(/^the agent knows (\d+) devices?$/, async function (this: SuiteWorld, count: string) {
  const { program } = this.stage
  let found = -1
  await program.until(async () => {
    found = (await program.agentState()).devices.length
    return found === Number(count)
  })
  if (found !== Number(count)) throw new Failed(`The agent knows ${found} devices, expected ${count}`)
})

Then(
  '{caller} is told {string} of {caller}',
  async function (this: SuiteWorld, caller: Caller, name: string, other: Caller) {
    const expected = await idOf(other)
    await caller.rpc.event(name, (params) => params.deviceId === expected)
  },
)

Then('{caller} is told nothing of devices and of the conversation', async function (this: SuiteWorld, caller: Caller) {
  await this.stage.settle()
  const told = caller.rpc.events().find(({ message }) => !message.method.startsWith('terminal.'))
  if (told) throw new Failed(`The ${caller.name} is told "${told.message.method}"`)
})

const online = async (world: SuiteWorld): Promise<string[]> => {
  const { devices } = await sceneOf(world).caller('controller').rpc.call('device.list')
  return devices.filter((device) => device.online).map(({ deviceId }) => deviceId)
}

Then('"device.list" tells that both are online', async function (this: SuiteWorld) {
  const found = await online(this)
  if (found.length !== 2) throw new Failed(`"device.list" tells that ${found.length} devices are online`)
})

When('{caller} leaves, and {int} s pass', async function (this: SuiteWorld, { controller }: Caller, seconds: number) {
  controller.cut()
  await this.stage.program.pass(seconds * 1_000)
})

Then('"device.list" tells that only {caller} is online', async function (this: SuiteWorld, caller: Caller) {
  const found = await online(this)
  if (found.join() !== (await idOf(caller)))
    throw new Failed(`"device.list" tells that ${found.length} devices are online`)
})
