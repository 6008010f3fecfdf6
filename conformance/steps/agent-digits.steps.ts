// Steps about the digits at an agent, the commit, and what follows from it.

import { randomUUID } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import type { HandshakeErrorCode } from '@happy-remote/schemas/errors.ts'
import { random } from '../peers/device.ts'
import { hsError } from '../peers/handshake-frame.ts'
import type { HeardFrame } from '../peers/heard-frames.ts'
import { base64url } from '../peers/route.ts'
import { Refused } from '../shim/driver.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { listed } from './agent-m1.steps.ts'
import { assertSilent, unasked } from './refusals.steps.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

const AGAIN = 'controller again'

Given('the agent asks for the digits of a controller', async function (this: SuiteWorld) {
  await this.stage.untilDigits()
})

Then('the agent still waits', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.settle()
  if (stage.program.takeEvents('pairing-failed').length > 0) throw new Failed('The agent has ended the attempt already')
  if (unasked(stage).includes('HS_ERROR')) throw new Failed('The agent has sent HS_ERROR already')
})

/** The agent under test is expected to have refused `message`, a scripted one refuses it. */
async function refuses(stage: Stage, message: Uint8Array | undefined, code: HandshakeErrorCode): Promise<void> {
  if (!message) throw new SuiteError('There is no such message yet')
  if (stage.role === 'agent') await stage.controller().expectHsError(message, code)
  else await stage.agent().sendHsError(stage.agent().secret, message, code)
}

Then('the agent answers M1 with HS_ERROR {string}', async function (this: SuiteWorld, code: HandshakeErrorCode) {
  await refuses(this.stage, this.stage.peer.run?.m1, code)
})

Then('the agent answers M3 with HS_ERROR {string}', async function (this: SuiteWorld, code: HandshakeErrorCode) {
  await refuses(this.stage, this.stage.peer.run?.m3, code)
})

When('the controller sends the same M3 again', function (this: SuiteWorld) {
  const controller = this.stage.controller()
  controller.sendHandshake(controller.run?.m3 as Uint8Array)
})

Then('the digits that the controller shows are still good', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.program.ask('confirm', { digits: stage.controller().digits })
  await stage.program.expectEvent('paired')
})

When('the controller answers M2 with HS_ERROR {string}', async function (this: SuiteWorld, code: HandshakeErrorCode) {
  const controller = this.stage.controller()
  await controller.sendHsError(controller.secret, controller.run?.m2 as Uint8Array, code)
})

When('the controller answers M2 with an HS_ERROR of the code 0x7F', async function (this: SuiteWorld) {
  const controller = this.stage.controller()
  controller.sendHandshake(await hsError(controller.secret, controller.run?.m2 as Uint8Array, 0x7f))
})

When(
  'the controller sends an HS_ERROR "rejected" about a frame that the agent never sent',
  async function (this: SuiteWorld) {
    const controller = this.stage.controller()
    const m2 = controller.run?.m2 as Uint8Array
    controller.sendHandshake(await hsError(controller.secret, m2, 0x0d, { reference: random(15) }))
  },
)

Then('the agent lists no device', async function (this: SuiteWorld) {
  const { devices } = await this.stage.program.agentState()
  if (devices.length > 0) throw new Failed(`The agent lists ${devices.length} devices`)
})

Then('the agent lists the controller', async function (this: SuiteWorld) {
  if ((await listed(this, this.stage.controller().device)).length !== 1)
    throw new Failed('The agent does not list the device')
})

async function typeWrongDigits(stage: Stage): Promise<void> {
  const answer = await stage.program.ask('confirm', { digits: stage.controller().wrongDigits }).catch((error) => error)
  if (!(answer instanceof Refused)) {
    if (answer instanceof Error) throw answer
    throw new Failed('The agent takes wrong digits')
  }
}

When('the person types wrong digits', async function (this: SuiteWorld) {
  await typeWrongDigits(this.stage)
})

When('the person types wrong digits {int} times', async function (this: SuiteWorld, times: number) {
  for (let i = 0; i < times; i++) await typeWrongDigits(this.stage)
})

Then('the agent asks again, with {int} tries left', async function (this: SuiteWorld, left: number) {
  const { triesLeft } = await this.stage.program.expectEvent('digits')
  if (triesLeft !== left) throw new Failed(`The agent says that ${triesLeft} tries are left`)
})

Then('neither its log nor what it tells contains the digits', async function (this: SuiteWorld) {
  const { stage } = this
  await assertSilent(stage)
  const { digits } = stage.controller()
  const told = stage.program.takeEvents('digits').map((data) => JSON.stringify(data))
  const state = JSON.stringify(await stage.program.ask('state', {}))
  const shape = new RegExp(`(?<![0-9])${digits.slice(0, 3)}[ -]?${digits.slice(3)}(?![0-9])`)
  if ([stage.program.log, state, ...told].some((text) => shape.test(text)))
    throw new Failed('The agent tells the digits')
})

When('the {word} loses power and is started again', async function (this: SuiteWorld, _role: string) {
  await this.stage.powerCut()
})

When('the same device pairs again, up to the digits', async function (this: SuiteWorld) {
  const { stage } = this
  const { identitySeed, dhPrivate, epoch } = stage.controller().device
  const again = stage.controller(AGAIN)
  Object.assign(again.device, { identitySeed, dhPrivate, epoch })
  stage.program.takeEvents('digits')
  await stage.untilDigits(again)
})

When('the person types the new digits', async function (this: SuiteWorld) {
  const { stage } = this
  stage.program.takeEvents('paired')
  await stage.program.ask('confirm', { digits: stage.controller(AGAIN).digits })
  await stage.program.expectEvent('paired')
})

/** Whether a request of the controller is answered. */
async function answers(stage: Stage, name: string): Promise<boolean> {
  const controller = stage.controller(name)
  const id = randomUUID()
  await controller.sendMessage({ id, type: 'request', method: 'device.list', params: {} })
  await stage.settle()
  return controller.inbox.waiting.some((heard) => heard.kind === 'rpc' && heard.message.id === id)
}

Then('the older pairing is still there', async function (this: SuiteWorld) {
  if (!(await answers(this.stage, 'controller'))) throw new Failed('The older pairing does not answer any more')
})

Then('the new pairing has taken the place of the older one', async function (this: SuiteWorld) {
  const { stage } = this
  const count = (await listed(this, stage.controller().device)).length
  if (count !== 1) throw new Failed(`The agent lists the device ${count} times`)
  const old = base64url(stage.controller().peerRoute as Uint8Array)
  if (!(await stage.routeIs(old, (only) => only === undefined))) throw new Failed('The older route is still bound')
  if (!(await answers(stage, AGAIN))) throw new Failed('The new pairing does not answer')
})

// The commit.

Then('the agent asks for a rekey with REKEY_ASK', async function (this: SuiteWorld) {
  const { body } = await this.stage.controller().expectHandshake('REKEY_ASK')
  if (!body) throw new Failed('The REKEY_ASK does not open under the PPK of the pairing')
})

When('the controller sends a request before the digits were typed', async function (this: SuiteWorld) {
  const { stage } = this
  const id = randomUUID()
  stage.found = id
  await stage.controller().sendMessage({ id, type: 'request', method: 'agent.info', params: {} })
})

Then('the request is not answered', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.settle()
  const isAnswer = (heard: HeardFrame) => heard.kind === 'rpc' && heard.message.id === stage.found
  if (stage.controller().inbox.waiting.some(isAnswer)) throw new Failed('The agent answers the request')
})

Given('the controller answers no "pair.complete"', function (this: SuiteWorld) {
  this.stage.controller().duties.pairAck = false
})

When('{int} s have passed, half a second at a time', async function (this: SuiteWorld, seconds: number) {
  await this.stage.settle()
  await this.stage.program.pass(seconds * 1000, 500)
})

type Control = Extract<HeardFrame, { kind: 'control' }>
const completes = (stage: Stage): Control[] =>
  stage
    .controller()
    .inbox.takeAll((heard) => heard.kind === 'control' && heard.type === 'pair.complete')
    .map((heard) => heard as Control)

/** ms by which a repetition may be early or late: timers tick, and the clock moves in steps. */
const EARLY = 600
const LATE = 1_500

Then('"pair.complete" has come every 2 s, for 10 s, each time as a new message', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.settle()
  const heard = completes(stage)
  const times = heard.map(({ at }) => at - (heard[0]?.at ?? 0))
  const shown = times.map((time) => (time / 1000).toFixed(1)).join(', ')
  const steps = times.slice(1).map((time, i) => time - (times[i] as number))
  if (steps.length < 3 || steps.some((step) => step < 2_000 - EARLY || step > 2_000 + LATE)) {
    throw new Failed(`"pair.complete" comes at ${shown} s`)
  }
  if ((times.at(-1) as number) > 10_000 + LATE) throw new Failed(`"pair.complete" still comes at ${shown} s`)
  if (new Set(heard.map(({ seq }) => seq)).size !== heard.length) throw new SuiteError('A message opened twice')
})

Then('"pair.complete" has not come again', async function (this: SuiteWorld) {
  await this.stage.settle()
  if (completes(this.stage).length > 0) throw new Failed('The agent sends "pair.complete" although it was answered')
})

When("the agent's connection is cut, and made again", async function (this: SuiteWorld) {
  const { stage } = this
  const controller = stage.controller()
  controller.inbox.takeAll()
  stage.relay.cut('program')
  await controller.expectFrame('news that the agent left', ({ kind }) => kind === 'offline')
  await stage.program.pass(3_000, 500)
  await controller.expectFrame('news that the agent is back', ({ kind }) => kind === 'online', 15_000)
})

// Revocation.

When('the owner revokes the device', async function (this: SuiteWorld) {
  await this.stage.program.ask('revoke', {})
})

Then('the agent sends "pairing.revoked"', async function (this: SuiteWorld) {
  await this.stage.controller().expectControl('pairing.revoked')
})

Given('the controller is not connected', async function (this: SuiteWorld) {
  const { stage } = this
  const { client } = stage.controller()
  stage.controller().cut()
  if (!(await stage.routeIs(client.route.name, (only) => only === undefined))) {
    throw new SuiteError('The relay does not notice that the controller left')
  }
})

When('the controller comes back and begins a rekey', async function (this: SuiteWorld) {
  const controller = this.stage.controller()
  controller.inbox.takeAll()
  await controller.comeBack()
  await controller.sendR1()
})
