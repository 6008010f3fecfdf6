// The steps of a right pairing, one sentence for each message. A sentence is the same whoever is under
// test: what the scripted peer is said to do it does, and what the program is said to do it must have done.

import { Given, Then, When } from '@cucumber/cucumber'
import { deviceIdText } from '../peers/device.ts'
import { Failed } from '../shim/trouble.ts'
import type { SuiteWorld } from './world.ts'

Given('an agent under test', async function (this: SuiteWorld) {
  await this.useStage('agent').start()
})

Given('a controller under test', async function (this: SuiteWorld) {
  await this.useStage('controller').start()
})

Given('an agent under test that is paired with a controller', async function (this: SuiteWorld) {
  const stage = this.useStage('agent')
  await stage.start()
  await stage.pairAgent()
})

Given('a controller under test that is paired with an agent', async function (this: SuiteWorld) {
  const stage = this.useStage('controller')
  await stage.start()
  await stage.pairController()
})

Given('the agent shows a pairing code', async function (this: SuiteWorld) {
  const { stage } = this
  if (stage.role === 'agent') await stage.offer()
  else stage.uri = await stage.agent().offer()
})

When('the controller scans the code', async function (this: SuiteWorld) {
  const { stage } = this
  if (stage.role === 'controller') stage.scan()
  else stage.controller().scan(stage.uri)
})

When('the controller sends M1', async function (this: SuiteWorld) {
  const { stage } = this
  if (stage.role === 'controller') await stage.agent().acceptM1()
  else await stage.controller().sendM1()
})

When('the agent answers with M2', async function (this: SuiteWorld) {
  const { stage } = this
  if (stage.role === 'agent') await stage.controller().acceptM2()
  else await stage.agent().sendM2()
})

When('the controller sends M3', async function (this: SuiteWorld) {
  const { stage } = this
  if (stage.role === 'controller') await stage.agent().acceptM3()
  else await stage.controller().sendM3()
})

Then('the agent asks for the digits', async function (this: SuiteWorld) {
  await this.stage.program.expectEvent('digits')
})

Then('the controller shows the six digits of this pairing', async function (this: SuiteWorld) {
  const { stage } = this
  const shown = await stage.shownDigits()
  const expected = stage.agent().run?.digits
  if (shown !== expected) throw new Failed(`The controller shows ${shown}, expected ${expected}`)
})

When('the person types the digits that the controller shows', async function (this: SuiteWorld) {
  const { stage } = this
  if (stage.role === 'agent') await stage.program.ask('confirm', { digits: stage.controller().digits })
  else await stage.shownDigits()
})

When('the agent sends "pair.complete"', async function (this: SuiteWorld) {
  const { stage } = this
  if (stage.role === 'agent') await stage.controller().expectControl('pair.complete')
  else await stage.agent().complete()
})

Then('the controller answers with "pair.ack"', async function (this: SuiteWorld) {
  await this.stage.agent().expectControl('pair.ack')
})

Then('the agent is paired with the controller', async function (this: SuiteWorld) {
  const { program } = this.stage
  const expected = deviceIdText(await this.stage.controller().device.deviceId())
  const { deviceId } = await program.expectEvent('paired')
  if (deviceId !== expected) throw new Failed(`The agent is paired with ${deviceId}, expected ${expected}`)
  const { devices } = await program.agentState()
  if (!devices.some((device) => device.deviceId === expected)) throw new Failed('The agent does not list the device')
})

Then('the controller is paired with the agent', async function (this: SuiteWorld) {
  const { program } = this.stage
  const expected = deviceIdText(await this.stage.agent().device.deviceId())
  const { deviceId } = await program.expectEvent('paired')
  if (deviceId !== expected) throw new Failed(`The controller is paired with ${deviceId}, expected ${expected}`)
  const { agents } = await program.controllerState()
  if (!agents.some((agent) => agent.deviceId === expected && agent.confirmed)) {
    throw new Failed('The controller does not list the agent as confirmed')
  }
})
