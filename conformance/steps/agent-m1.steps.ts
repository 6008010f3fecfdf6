// Steps about who takes a code, how often, and until when.

import { Given, Then, When } from '@cucumber/cucumber'
import type { HandshakeErrorCode } from '@happy-remote/schemas/errors.ts'
import { equal } from '@happy-remote/vectors/protocol/bytes.ts'
import { type Device, deviceIdText } from '../peers/device.ts'
import { wrongWraps } from '../peers/wrong-wraps.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { unasked } from './refusals.steps.ts'
import type { SuiteWorld } from './world.ts'

const SECOND = 'second controller'
const SEALED_UNDER_ANOTHER = 'sealed under another secret'

Given('the controller knows the suite 0x0001 only', function (this: SuiteWorld) {
  this.stage.controller().suites = 0b01
})

Given('the controller supports suites that nobody knows yet as well', function (this: SuiteWorld) {
  this.stage.controller().suites = 0b1010_0000_0000_0011
})

Given('the agent is paired, so that the controller knows its certificate', async function (this: SuiteWorld) {
  const controller = this.stage.controller('earlier controller')
  await this.stage.pairAgent(controller)
})

When("the controller scans a new code and shows the agent's certificate in its M1", async function (this: SuiteWorld) {
  const { stage } = this
  const cert = stage.controller('earlier controller').record?.agent
  if (!cert) throw new SuiteError('No controller has paired before')
  stage.controller().scan(await stage.offer())
  await stage.controller().sendM1({ parts: () => ({ cert }) })
})

Given('the controller has paired with a certificate of epoch 2', async function (this: SuiteWorld) {
  const controller = this.stage.controller('earlier controller')
  controller.device.rotate()
  await this.stage.pairAgent(controller)
})

When('the controller scans a new code and comes back with {}', async function (this: SuiteWorld, which: string) {
  const { stage } = this
  const earlier = stage.controller('earlier controller').device
  const older = which === 'an older certificate'
  const controller = stage.controller()
  Object.assign(controller.device, { identitySeed: earlier.identitySeed, epoch: older ? 1 : earlier.epoch })
  controller.scan(await stage.offer())
  await controller.sendM1()
})

When('a second controller that has seen the code sends M1', async function (this: SuiteWorld) {
  const second = this.stage.controller(SECOND)
  second.scan(this.stage.uri)
  // As it comes before the agent has bound its route for the first one, or over a relay that does not care.
  this.stage.relay.isLenient = true
  await second.sendM1()
})

Then('the second controller is told HS_ERROR {string}', async function (this: SuiteWorld, code: HandshakeErrorCode) {
  const second = this.stage.controller(SECOND)
  await second.expectHsError(second.run?.m1 as Uint8Array, code)
})

Then('the second controller gets no M2', async function (this: SuiteWorld) {
  await this.stage.settle()
  const { waiting } = this.stage.controller(SECOND).inbox
  if (waiting.some((heard) => heard.kind === 'handshake' && heard.type === 'M2')) {
    throw new Failed('The agent answers another M1 with M2')
  }
})

Then('the agent shows that another device used the code', async function (this: SuiteWorld) {
  await this.stage.program.expectEvent('other-device')
})

When('the controller sends the same M1 again', async function (this: SuiteWorld) {
  const controller = this.stage.controller()
  controller.sendHandshake(controller.run?.m1 as Uint8Array)
})

Then('the agent answers with the same M2', async function (this: SuiteWorld) {
  const { stage } = this
  const controller = stage.controller()
  const { frame } = await controller.expectHandshake('M2')
  const first = controller.run?.m2 as Uint8Array
  if (!equal(frame, first)) throw new Failed('The agent answers the repetition with another M2')
})

When('the controller sends {int} frame(s) that do(es) not open', async function (this: SuiteWorld, count: number) {
  const { stage } = this
  for (let i = 0; i < count; i++) await stage.controller().sendM1(wrongWraps[SEALED_UNDER_ANOTHER])
  await stage.settle()
})

Then('the agent still shows the code', async function (this: SuiteWorld) {
  if (this.stage.program.takeEvents('pairing-failed').length > 0) throw new Failed('The agent has given the code up')
})

Then('the agent has given the code up', async function (this: SuiteWorld) {
  await this.stage.program.expectEvent('pairing-failed')
  if (unasked(this.stage).length > 0) throw new Failed('The agent answers frames that it cannot open')
})

When('the controller has connected, and {int} s have passed', async function (this: SuiteWorld, seconds: number) {
  const { stage } = this
  await stage.controller().bind(stage.controller().code?.routeId ?? null)
  await stage.program.pass(seconds * 1000)
})

/** What the agent lists of the device of a scripted controller. */
export async function listed(world: SuiteWorld, device: Device) {
  const id = deviceIdText(await device.deviceId())
  return (await world.stage.program.agentState()).devices.filter(({ deviceId }) => deviceId === id)
}
