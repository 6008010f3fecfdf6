// What three real programs do with each other.

import { createHash } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import { Refused } from '../../shim/driver.ts'
import { Failed } from '../../shim/trouble.ts'
import { type ControllerInCell, eventually, PATIENCE } from './cell.ts'
import { interopScripts } from './scripts.ts'
import type { InteropWorld } from './world.ts'

/** One call, whose answer is the result. Rejects with Refused. */
async function call({ program }: ControllerInCell, method: string, params: object = {}): Promise<unknown> {
  return (await program.ask('call', { method, params }, PATIENCE)).result
}

const CONTROLLER = '(the controller|the second controller)'

async function pairedWith(world: InteropWorld, script?: unknown): Promise<void> {
  await world.cell.begin(script)
  await world.cell.pair(world.cell.controller('the controller'))
}

Given('the relay and the agent run', async function (this: InteropWorld) {
  await this.cell.begin()
})

Given('the agent and the controller are paired', async function (this: InteropWorld) {
  await pairedWith(this)
})

Given('the agent and the controller are paired, with an assistant', async function (this: InteropWorld) {
  await pairedWith(this, interopScripts.plain)
})

Given(
  'the agent and the controller are paired, with an assistant that sends an update of an unknown kind',
  async function (this: InteropWorld) {
    await pairedWith(this, interopScripts.unknownUpdate)
  },
)

Given(
  'the agent and the controller are paired, with an assistant that asks for permission',
  async function (this: InteropWorld) {
    await pairedWith(this, interopScripts.asking)
  },
)

Given(
  'the agent and the controller are paired, with an assistant that asks for a branch',
  async function (this: InteropWorld) {
    await pairedWith(this, interopScripts.wondering)
  },
)

Given('a second controller is paired', async function (this: InteropWorld) {
  await this.cell.pair(await this.cell.addController('the second controller', 'tablet'))
})

// Pairing

When('the agent shows a code and the controller scans it', async function (this: InteropWorld) {
  await this.cell.scan(this.cell.controller('the controller'))
})

When('the person types wrong digits at the agent', async function (this: InteropWorld) {
  const wrong = this.cell.digits.replace(/^./, (digit) => `${(Number(digit) + 1) % 10}`)
  await this.cell.agent.expectEvent('digits', () => true, PATIENCE)
  try {
    await this.cell.agent.ask('confirm', { digits: wrong })
  } catch (error) {
    if (error instanceof Refused && error.code === 'sas-mismatch') return
    throw error
  }
  throw new Failed('The agent takes wrong digits')
})

Then('the agent asks again, with {int} tries left', async function (this: InteropWorld, tries: number) {
  await this.cell.agent.expectEvent('digits', ({ triesLeft }) => triesLeft === tries)
})

When('the person types the digits that the controller shows', async function (this: InteropWorld) {
  await this.cell.agent.ask('confirm', { digits: this.cell.digits })
})

Then('both tell that they are paired', async function (this: InteropWorld) {
  await this.cell.agent.expectEvent('paired', () => true, PATIENCE)
  await this.cell.controller('the controller').program.expectEvent('paired', () => true, PATIENCE)
})

Then('the agent lists the controller and the controller lists the agent', async function (this: InteropWorld) {
  const { devices } = await this.cell.agent.agentState()
  const { agents } = await this.cell.controller('the controller').program.controllerState()
  if (devices.length !== 1) throw new Failed(`The agent lists ${devices.length} devices`)
  if (agents.length !== 1) throw new Failed(`The controller lists ${agents.length} agents`)
  if (agents[0]?.confirmed !== true) throw new Failed('The record of the controller is not confirmed')
})

When('the agent shows a code and {int} s pass at the agent', async function (this: InteropWorld, seconds: number) {
  this.cell.agent.require('clock')
  this.cell.uri = (await this.cell.agent.ask('offer', {})).uri
  await this.cell.agent.pass(seconds * 1_000)
})

Then('the agent tells that the code has expired', async function (this: InteropWorld) {
  await this.cell.agent.expectEvent('pairing-failed', ({ code }) => code === 'pair-expired', PATIENCE)
})

Then('the controller that scans the code shows no digits', async function (this: InteropWorld) {
  const { program } = this.cell.controller('the controller')
  try {
    await program.ask('pair', { uri: this.cell.uri })
  } catch (error) {
    if (error instanceof Refused) return
    throw error
  }
  throw new Failed('The controller shows digits for a code that has expired')
})

Then('a new code pairs the two', async function (this: InteropWorld) {
  await this.cell.pair(this.cell.controller('the controller'))
})

Then('the agent lists the controller by its name, and as online', async function (this: InteropWorld) {
  const { name } = this.cell.controller('the controller')
  await eventually(`The agent does not list ${name} as online`, async () => {
    const { devices } = await this.cell.agent.agentState()
    return devices.some((device) => device.name === name && device.online)
  })
})

Then(
  'the controller lists the agent by its name, with the capabilities that it was granted, and as online',
  async function (this: InteropWorld) {
    const { program } = this.cell.controller('the controller')
    const { devices } = await this.cell.agent.agentState()
    const granted = devices[0]?.capabilities.toSorted().join()
    await eventually(`The controller does not list ${this.cell.agentName} as online`, async () => {
      const { agents } = await program.controllerState()
      return agents.some(
        ({ name, online, capabilities }) =>
          name === this.cell.agentName && online && capabilities.toSorted().join() === granted,
      )
    })
  },
)

// Revocation

When('the agent revokes the second controller', async function (this: InteropWorld) {
  const { name } = this.cell.controller('the second controller')
  const named = async () => (await this.cell.agent.agentState()).devices.find((device) => device.name === name)
  await eventually(`The agent does not list ${name}`, async () => (await named()) !== undefined)
  await this.cell.agent.ask('revoke', { deviceId: (await named())?.deviceId ?? '' })
})

Then('the second controller tells that it is revoked, and lists no agent', async function (this: InteropWorld) {
  const { program } = this.cell.controller('the second controller')
  await program.expectEvent('revoked', () => true, PATIENCE)
  const { agents } = await program.controllerState()
  if (agents.length > 0) throw new Failed('It still lists the agent')
})

Then('the controller is told that a device is revoked', async function (this: InteropWorld) {
  const { program } = this.cell.controller('the controller')
  await program.expectRpcEvent('device.revoked', () => true, PATIENCE)
})

When('the controller revokes the pairing', async function (this: InteropWorld) {
  await this.cell.controller('the controller').program.ask('revoke', {}, PATIENCE)
})

Then('the agent lists no device', async function (this: InteropWorld) {
  await eventually(
    'The agent still lists a device',
    async () => (await this.cell.agent.agentState()).devices.length === 0,
  )
})

Then('the controller lists no agent', async function (this: InteropWorld) {
  const { agents } = await this.cell.controller('the controller').program.controllerState()
  if (agents.length > 0) throw new Failed('The controller still lists the agent')
})

// Requests

const nameOf = (result: unknown) => (result as { name?: unknown }).name

async function isAnswered(world: InteropWorld, params: object = {}): Promise<void> {
  const name = nameOf(await call(world.cell.controller('the controller'), 'agent.info', params))
  if (name !== world.cell.agentName) throw new Failed(`agent.info tells the name ${JSON.stringify(name)}`)
}

Then('the controller is answered', async function (this: InteropWorld) {
  await isAnswered(this)
})

Then('the controller is answered, though its params have an unknown member', async function (this: InteropWorld) {
  await isAnswered(this, { unknownMember: { of: ['a', 'later', 'version'] } })
})

When('the controller sends {int} requests at once', async function (this: InteropWorld, count: number) {
  const controller = this.cell.controller('the controller')
  const methods = ['agent.info', 'device.list', 'terminal.list', 'claude.getStatus']
  const asked = Array.from({ length: count }, (_, i) => methods[i % methods.length] as string)
  const results = await Promise.all(asked.map((method) => call(controller, method)))
  this.cell.found = asked.map((method, i) => [method, results[i]])
})

const PROOF: Readonly<Record<string, string>> = {
  'agent.info': 'workspace',
  'device.list': 'devices',
  'terminal.list': 'terminals',
  'claude.getStatus': 'pending',
}

Then('each is answered, and with its own answer', function (this: InteropWorld) {
  for (const [method, result] of this.cell.found as [string, object][]) {
    if (!((PROOF[method] ?? '') in result)) throw new Failed(`${method} is answered with ${JSON.stringify(result)}`)
  }
})

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
  } catch (error) {
    if (error instanceof Refused) return error.code
    throw error
  }
  return 'nothing'
}

When('the controller calls a method that nobody has', async function (this: InteropWorld) {
  this.cell.found = await refusalOf(call(this.cell.controller('the controller'), 'later.method', { one: 1 }))
})

Then(/^it is refused with "([a-z-]+)"$/, function (this: InteropWorld, code: string) {
  if (this.cell.found !== code) throw new Failed(`It is refused with "${this.cell.found}"`)
})

// The assistant

When(new RegExp(`^${CONTROLLER} prompts "([^"]+)"$`), async function (this: InteropWorld, who: string, prompt: string) {
  this.cell.found = await call(this.cell.controller(who), 'claude.sendMessage', { prompt })
})

/** Digits of a counter, so that a byte out of its place is seen. */
const longText = (size: number): string =>
  Array.from({ length: Math.ceil(size / 8) }, (_, i) => `${i}`.padStart(7, '0'))
    .join(' ')
    .slice(0, size)

When(/^the controller prompts with ([\d,]+) bytes$/, async function (this: InteropWorld, size: string) {
  const prompt = longText(Number(size.replaceAll(',', '')))
  const result = await call(this.cell.controller('the controller'), 'claude.sendMessage', { prompt })
  this.cell.found = { ...(result as object), prompt }
})

interface Message {
  readonly role: string
  readonly text: string
  readonly messageId: string
}

Then('the prompt comes back to the controller whole', async function (this: InteropWorld) {
  const { prompt } = this.cell.found as { prompt: string }
  const { program } = this.cell.controller('the controller')
  let text = ''
  // rpc.claude.long: what is too large for one message comes in several.
  while (text.length < prompt.length) {
    const told = await program.expectRpcEvent('claude.message', (each) => (each as Message).role === 'user', PATIENCE)
    text += (told as Message).text
  }
  if (text !== prompt) throw new Failed(`The prompt comes back with ${text.length} characters that are not those sent`)
})

Then('the prompt is completed', async function (this: InteropWorld) {
  const { messageId } = this.cell.found as { messageId: string }
  const { program } = this.cell.controller('the controller')
  await program.expectRpcEvent(
    'claude.messageState',
    (told) =>
      (told as { messageId: string; state: string }).messageId === messageId &&
      (told as { state: string }).state === 'completed',
    PATIENCE,
  )
})

Then(/^the assistant says "([^"]+)"$/, async function (this: InteropWorld, words: string) {
  const { program } = this.cell.controller('the controller')
  const isSaid = (told: unknown) => (told as Message).role === 'assistant' && (told as Message).text.includes(words)
  await program.expectRpcEvent('claude.message', isSaid, PATIENCE)
})

// Permissions

const asked = async ({ program }: ControllerInCell): Promise<PermissionRequest> =>
  (await program.expectRpcEvent('permission.requested', () => true, PATIENCE)) as PermissionRequest

/** The hash is of the text that the person was shown. */
async function answer(controller: ControllerInCell, request: PermissionRequest, kind: string): Promise<unknown> {
  const { requestId, inputText, options } = request
  const inputHash = createHash('sha256').update(inputText).digest('base64url')
  const option = options.find((each) => each.kind === kind)?.id ?? ''
  return call(controller, 'permission.answer', { requestId, inputHash, option })
}

const KINDS: Readonly<Record<string, string>> = { allows: 'allow_once', denies: 'reject_once' }

When(/^the controller is asked, and (allows|denies) it$/, async function (this: InteropWorld, does: string) {
  const controller = this.cell.controller('the controller')
  await answer(controller, await asked(controller), KINDS[does] as string)
})

When('the controller is asked for a branch, and says {string}', async function (this: InteropWorld, value: string) {
  const controller = this.cell.controller('the controller')
  const asked = await controller.program.expectRpcEvent('question.requested', () => true, PATIENCE)
  const { requestId, fields } = asked as QuestionRequest
  const [name = ''] = fields.map((field) => field.name)
  await call(controller, 'question.answer', { requestId, answers: [{ name, value }] })
})

Then('both controllers are asked', async function (this: InteropWorld) {
  const [first, second] = await Promise.all([
    asked(this.cell.controller('the controller')),
    asked(this.cell.controller('the second controller')),
  ])
  if (first.requestId !== second.requestId) throw new Failed('The two controllers are asked different things')
  this.cell.found = first
})

When(new RegExp(`^${CONTROLLER} (allows|denies) it$`), async function (this: InteropWorld, who: string, does: string) {
  const request = this.cell.found as PermissionRequest
  this.cell.refusal = await refusalOf(answer(this.cell.controller(who), request, KINDS[does] as string))
})

Then(/^the controller is refused with "([a-z-]+)"$/, function (this: InteropWorld, code: string) {
  if (this.cell.refusal !== code) throw new Failed(`It is refused with "${this.cell.refusal}"`)
})

Then('both controllers are told that it was allowed', async function (this: InteropWorld) {
  for (const who of ['the controller', 'the second controller']) {
    const told = await this.cell.controller(who).program.expectRpcEvent('permission.resolved', () => true, PATIENCE)
    const { outcome } = told as { outcome: string }
    if (outcome !== 'allowed') throw new Failed(`${who} is told that it was ${outcome}`)
  }
})
