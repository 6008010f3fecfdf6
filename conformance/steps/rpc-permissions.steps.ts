// Steps about permission requests: asked, answered, and how they end.

import { createHash, randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { Given, Then, When } from '@cucumber/cucumber'
import type { PermissionRequest, PermissionResolution } from '@happy-remote/schemas/rpc/permission.ts'
import { INPUT, LONG_INPUT, STRANGE_INPUT } from '../assistants/suite-script.ts'
import { deviceIdText } from '../peers/device.ts'
import { Failed } from '../shim/trouble.ts'
import { type Caller, paramsOf, sceneOf } from './rpc-scene.ts'
import type { SuiteWorld } from './world.ts'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')
const NOBODYS = hashOf('{"tool":"Bash","input":{"command":"rm -rf /"}}')

/** Requests that this controller was told, oldest first. */
const asked = (caller: Caller): PermissionRequest[] =>
  caller.rpc.events('permission.requested').map((event) => paramsOf(event) as unknown as PermissionRequest)
const resolutions = (caller: Caller): PermissionResolution[] =>
  caller.rpc.events('permission.resolved').map((event) => paramsOf(event) as unknown as PermissionResolution)

/** The first request without an outcome that the controller knows of, once there is one. */
const open = (caller: Caller): Promise<PermissionRequest> =>
  caller.rpc.until('"permission.requested"', () => {
    const over = new Set(resolutions(caller).map(({ requestId }) => requestId))
    return asked(caller).find(({ requestId }) => !over.has(requestId))
  })

/** The request that the scenario is about. */
const about = new WeakMap<SuiteWorld, PermissionRequest>()

async function answer(world: SuiteWorld, caller: Caller, option: string, inputHash?: string): Promise<void> {
  const first = sceneOf(world).caller('controller')
  // Who answers late answers what was asked.
  const request = about.get(world) ?? (await open(first))
  const { requestId } = request
  about.set(world, request)
  await caller.ask('permission.answer', { requestId, option, inputHash: inputHash ?? hashOf(request.inputText) })
  await caller.answer()
}

/** How often the controller was told that the assistant wants something. */
const timesAsked = ({ rpc }: Caller): number =>
  rpc.events('permission.requested').length + rpc.events('question.requested').length

Then('nobody was asked', function (this: SuiteWorld) {
  if (timesAsked(sceneOf(this).caller('controller')) > 0) throw new Failed('The controller was asked')
})

Then('the controller was asked once', async function (this: SuiteWorld) {
  const caller = sceneOf(this).caller('controller')
  // A body that comes while other messages come.
  await caller.rpc.until('request that has room', () => (timesAsked(caller) > 0 ? true : undefined))
  if (timesAsked(caller) !== 1) throw new Failed(`The controller was asked ${timesAsked(caller)} times`)
})

Then(
  '{caller} is told in a message of the role "other" that something was refused',
  async function (this: SuiteWorld, caller: Caller) {
    await caller.rpc.event(
      'claude.message',
      ({ role, text }) => role === 'other' && text !== '',
      'message of the role "other"',
    )
  },
)

Given(/^the controller has been asked( twice)?$/, async function (this: SuiteWorld, twice: string | undefined) {
  const caller = sceneOf(this).caller('controller')
  if (twice) await caller.rpc.until('two permission requests', () => (asked(caller).length === 2 ? true : undefined))
  about.set(this, await open(caller))
})

When('{caller} answers {string}', async function (this: SuiteWorld, caller: Caller, option: string) {
  await answer(this, caller, option)
})

When('{caller} answers the first with {string}', async function (this: SuiteWorld, caller: Caller, option: string) {
  await answer(this, caller, option)
})

Given('{caller} has answered {string}', async function (this: SuiteWorld, caller: Caller, option: string) {
  await answer(this, caller, option)
  await caller.result()
  about.delete(this)
})

When(
  '{caller} answers {string} with the hash of another text',
  async function (this: SuiteWorld, caller: Caller, option: string) {
    await answer(this, caller, option, NOBODYS)
  },
)

When('{caller} answers a request that there is not', async function (this: SuiteWorld, caller: Caller) {
  await caller.ask('permission.answer', { requestId: randomUUID(), option: 'allow', inputHash: NOBODYS })
})

Then('both controllers are told "permission.requested"', async function (this: SuiteWorld) {
  for (const caller of sceneOf(this).callers) about.set(this, await open(caller))
})

Then('"claude.getStatus" lists the request as pending to each of them', async function (this: SuiteWorld) {
  const scene = sceneOf(this)
  const expected = about.get(this) ?? (await open(scene.caller('controller')))
  for (const { name, rpc } of scene.callers) {
    const { pending } = await rpc.call('claude.getStatus')
    const found = pending.find(({ requestId }) => requestId === expected.requestId)
    if (!found) throw new Failed(`"claude.getStatus" does not list the request as pending to the ${name}`)
    if (!isDeepStrictEqual(found, expected)) throw new Failed('"claude.getStatus" lists the request in another form')
  }
})

Then('"claude.getStatus" lists nothing as pending', async function (this: SuiteWorld) {
  const { pending } = await sceneOf(this).caller('controller').rpc.call('claude.getStatus')
  if (pending.length > 0) throw new Failed(`"claude.getStatus" lists ${pending.length} requests as pending`)
})

const inputs: Readonly<Record<string, unknown>> = {
  'ask with a strange input': STRANGE_INPUT,
  'ask with 100,000 characters of input': LONG_INPUT,
}

Then(
  'the inputText of the request holds its tool and the very input of the assistant',
  async function (this: SuiteWorld) {
    const scene = sceneOf(this)
    const { inputText, tool } = await open(scene.caller('controller'))
    const expected = { tool, input: inputs[scene.given().text] ?? INPUT }
    let said: unknown
    try {
      said = JSON.parse(inputText)
    } catch {
      throw new Failed('inputText is not JSON')
    }
    if (!isDeepStrictEqual(said, expected)) throw new Failed(`inputText says ${inputText.slice(0, 300)}`)
    if (Object.keys(said as object).join() !== 'tool,input')
      throw new Failed('inputText has its members in another order')
  },
)

Then('the inputHash of the request is the SHA-256 of its inputText', async function (this: SuiteWorld) {
  const { inputText, inputHash } = await open(sceneOf(this).caller('controller'))
  if (inputHash !== hashOf(inputText)) throw new Failed('inputHash is not the SHA-256 of inputText')
})

// Outcomes.

Then(
  '{caller} is answered with the error "conflict" and the right inputHash',
  async function (this: SuiteWorld, caller: Caller) {
    const { data } = await caller.refusal('conflict')
    const right = about.get(this)?.inputHash
    if ((data as { inputHash?: unknown } | undefined)?.inputHash !== right)
      throw new Failed('The error does not tell the right inputHash')
  },
)

Then(
  '{caller} is answered that the request is {string}',
  async function (this: SuiteWorld, caller: Caller, outcome: string) {
    const found = await caller.result<PermissionResolution>()
    if (found.outcome !== outcome) throw new Failed(`The request is "${found.outcome}", expected "${outcome}"`)
  },
)

const idOf = async (caller: Caller): Promise<string> => deviceIdText(await caller.controller.device.deviceId())

Then(
  '{caller} is answered with the error "conflict" and that {caller} has {string} it',
  async function (this: SuiteWorld, caller: Caller, by: Caller, outcome: string) {
    const { data } = await caller.refusal('conflict')
    const found = data as PermissionResolution | undefined
    if (found?.outcome !== outcome || found.by !== (await idOf(by))) {
      throw new Failed(`The error tells the resolution ${JSON.stringify(found)}`)
    }
  },
)

/** Waits until each of `callers` is told the outcome of the request. */
async function resolved(
  world: SuiteWorld,
  callers: readonly Caller[],
  by: string,
  outcome: string,
  option: string | null,
) {
  for (const caller of callers) {
    const last = about.get(world)?.requestId ?? asked(caller).at(-1)?.requestId
    const found = await caller.rpc.until(`"permission.resolved" with "${outcome}"`, () => {
      const requestId = last ?? asked(caller).at(-1)?.requestId
      return resolutions(caller).find((each) => each.requestId === requestId)
    })
    if (found.outcome !== outcome || found.by !== by || found.option !== option) {
      throw new Failed(`The ${caller.name} is told that "${found.by}" has "${found.outcome}" it with ${found.option}`)
    }
  }
  about.delete(world)
}

Then(
  '"permission.resolved" tells both controllers that {caller} has {string} it with {string}',
  async function (this: SuiteWorld, by: Caller, outcome: string, option: string) {
    await resolved(this, sceneOf(this).callers, await idOf(by), outcome, option)
  },
)

Then(
  '"permission.resolved" tells both controllers that {caller} has {string} it',
  async function (this: SuiteWorld, by: Caller, outcome: string) {
    await resolved(this, sceneOf(this).callers, await idOf(by), outcome, null)
  },
)

Then(
  '"permission.resolved" tells {caller} that "local" has {string} it',
  async function (this: SuiteWorld, caller: Caller, outcome: string) {
    await caller.rpc.until('"permission.requested"', () => asked(caller)[resolvedBefore.get(this) ?? 0])
    const request = asked(caller)[resolvedBefore.get(this) ?? 0]
    resolvedBefore.set(this, (resolvedBefore.get(this) ?? 0) + 1)
    const late = about.get(this)
    if (request) about.set(this, request)
    await resolved(this, [caller], 'local', outcome, null)
    if (late) about.set(this, late)
  },
)
/** Requests of which an earlier step has seen the outcome. */
const resolvedBefore = new WeakMap<SuiteWorld, number>()

When('the time of the request is over', async function (this: SuiteWorld) {
  const request = await open(sceneOf(this).caller('controller'))
  about.set(this, request)
  const { program } = this.stage
  if (request.expiresAt === undefined) throw new Failed('The request has no expiresAt')
  await program.pass(request.expiresAt - program.wall() + 1_000)
})

Given(
  '{caller} has given the prompt "crash", after which another conversation begins',
  async function (this: SuiteWorld, caller: Caller) {
    const before = (await caller.rpc.call('claude.getStatus')).conversationId
    const { messageId } = await caller.rpc.call('claude.sendMessage', { prompt: 'crash' })
    await caller.rpc.event(
      'claude.messageState',
      (params) => params.messageId === messageId && params.state === 'failed',
    )
    await caller.rpc.call('claude.sendMessage', { prompt: 'say hello' })
    await caller.rpc.until('"Hello" of the new assistant', () =>
      caller.rpc
        .events('claude.message')
        .map(paramsOf)
        .find((said) => said.text === 'Hello' && said.conversationId !== before),
    )
  },
)
