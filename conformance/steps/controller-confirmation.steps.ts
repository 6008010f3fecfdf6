// Steps about a controller under test from its M3 on: what it has stored, and what confirms it.

import { randomUUID } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import { errorEntry, type HandshakeErrorCode } from '@happy-remote/schemas/errors.ts'
import { deviceIdText, random } from '../peers/device.ts'
import { hsError } from '../peers/handshake-frame.ts'
import type { HeardFrame } from '../peers/heard-frames.ts'
import { atOnce } from '../peers/patience.ts'
import type { ControllerState } from '../shim/lines.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

Given('the controller has sent M3 and shows the digits', async function (this: SuiteWorld) {
  const { stage } = this
  const agent = stage.agent()
  stage.uri = await agent.offer()
  stage.scan()
  await agent.acceptM1()
  await agent.sendM2()
  await agent.acceptM3()
  await stage.shownDigits()
})

Given('the controller is paired with an agent', async function (this: SuiteWorld) {
  await this.stage.pairController()
})

/** What the controller lists of the scripted agent. */
async function listed(stage: Stage): Promise<ControllerState['agents'][number] | undefined> {
  const id = deviceIdText(await stage.agent().device.deviceId())
  return (await stage.program.controllerState()).agents.find(({ deviceId }) => deviceId === id)
}

Then('the controller lists the agent as {word}', async function (this: SuiteWorld, state: string) {
  const { stage } = this
  await stage.settle()
  const found = await listed(stage)
  if (!found) throw new Failed('The controller does not list the agent')
  if (found.confirmed !== (state === 'confirmed'))
    throw new Failed(`The controller lists the agent, and not as ${state}`)
})

Then('the controller has forgotten the agent', async function (this: SuiteWorld) {
  const { program } = this.stage
  const isGone = await program.until(async () => (await program.controllerState()).agents.length === 0)
  if (!isGone) throw new Failed('The controller still lists the agent')
})

Then('the controller binds no route', async function (this: SuiteWorld) {
  await this.stage.settle()
  const routes = this.stage.relay.socketsOf('program').flatMap((peer) => [...peer.routes])
  if (routes.length > 0) throw new Failed(`The controller binds ${routes.length} routes`)
})

Then('the controller sends R1', async function (this: SuiteWorld) {
  const { body } = await this.stage.agent().expectHandshake('R1', 2 * atOnce())
  if (!body) throw new Failed('The R1 does not open under the PPK of the pairing')
})

When('the agent sends "hello" in the session', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.agent().sendHello()
  await stage.settle()
  stage.agent().inbox.takeAll()
})

Then('the controller sends "hello"', async function (this: SuiteWorld) {
  await this.stage.agent().expectControl('hello')
})

When(
  'the agent sends "pair.complete" with the capabilities {string}, {string} and {string}',
  async function (this: SuiteWorld, first: string, second: string, third: string) {
    const agent = this.stage.agent()
    agent.capabilities = [first, second, third]
    await agent.complete()
  },
)

Then(
  'the controller lists the agent with the capability {string} alone',
  async function (this: SuiteWorld, capability: string) {
    const { stage } = this
    await stage.settle()
    const found = await listed(stage)
    if (found?.capabilities.join() !== capability) {
      throw new Failed(`The controller lists the agent with the capabilities ${found?.capabilities.join(', ')}`)
    }
  },
)

When('the agent sends "pair.complete" once more', async function (this: SuiteWorld) {
  await this.stage.agent().sendComplete()
})

Given('the agent has stored the pairing, and "pair.complete" is lost', function (this: SuiteWorld) {
  this.stage.agent().store()
})

When('the agent sends an event in the session', async function (this: SuiteWorld) {
  const { stage } = this
  const params = { deviceId: deviceIdText(random(16)) }
  await stage.agent().sendMessage({ id: randomUUID(), type: 'event', method: 'device.revoked', params })
})

Then('the controller tells no event', async function (this: SuiteWorld) {
  await this.stage.settle()
  if (this.stage.program.takeEvents('device.revoked').length > 0) throw new Failed('The controller tells the event')
})

When('the agent sends a request in the session', async function (this: SuiteWorld) {
  const { stage } = this
  const id = randomUUID()
  stage.found = id
  const request = { id, type: 'request', method: 'agent.info', params: {} } as const
  await stage.agent().sendMessage(request, { isWrong: true })
})

Then('the request of the agent is not answered', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.settle()
  const isAnswer = (heard: HeardFrame) => heard.kind === 'rpc' && heard.message.id === stage.found
  if (stage.agent().inbox.waiting.some(isAnswer)) throw new Failed('The controller answers the request')
})

When('the agent sends "pairing.revoked" in the session', async function (this: SuiteWorld) {
  await this.stage.agent().sendControl({ type: 'pairing.revoked' })
})

Then('the controller tells that the pairing was revoked', async function (this: SuiteWorld) {
  await this.stage.program.expectEvent('revoked')
})

When(
  'the agent sends an HS_ERROR {string} under the PPK of the pairing',
  async function (this: SuiteWorld, code: HandshakeErrorCode) {
    const agent = this.stage.agent()
    if (!agent.record || !agent.run?.m3) throw new SuiteError('The scripted agent is not paired')
    agent.sendHandshake(await hsError(agent.record.ppk, agent.run.m3, errorEntry(code).handshake as number))
  },
)

// M2

When('the agent answers the same M1 with another M2', async function (this: SuiteWorld) {
  const { run } = this.stage.agent()
  if (!run) throw new SuiteError('The scripted agent has accepted no M1')
  this.stage.agent().inbox.takeAll()
  this.stage.agent().sendHandshake(await run.makeOtherM2())
})

Then('the session of the first M2 is the one that counts', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.agent().complete()
  await stage.agent().expectControl('pair.ack')
})
