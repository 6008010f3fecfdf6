// Steps about what happens between two steps of a pairing: the relay harms a frame, a connection is cut,
// a program is killed. The scripted peer is patient: it sends again what a right peer sends again.

import { randomUUID } from 'node:crypto'
import { Given, Then, When } from '@cucumber/cucumber'
import type { Fault } from '../peers/faulty-relay.ts'
import type { HeardFrame } from '../peers/heard-frames.ts'
import { Failed } from '../shim/trouble.ts'
import { isFrame } from './passing.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

/** Real time, in ms, after which a patient peer tries again, and how often. */
const PATIENCE = 1_500
const TRIES = 12

Given(
  /^a relay on which (.+) is (dropped|held back|duplicated|swapped with the next|delayed)$/,
  function (this: SuiteWorld, frame: string, fault: string) {
    const { stage } = this
    stage.relay.plan(fault as Fault, isFrame(stage, frame))
  },
)

Given("the {word}'s connection will be cut after {word}", function (this: SuiteWorld, _role: string, step: string) {
  this.stage.cutAfter = step
})

/** The step is done: what was to happen after it happens, and is over. */
async function reached(stage: Stage, step: string): Promise<void> {
  stage.found = step
  if (stage.cutAfter !== step) return
  stage.cutAfter = undefined
  const routes = stage.relay.socketsOf('program').flatMap((peer) => [...peer.routes])
  stage.relay.cut('program')
  for (const route of routes) await stage.routeIs(route, (only) => only === undefined)
  await stage.program.pass(3_000, 500)
  for (const route of routes) {
    if (!(await stage.routeIs(route, (only) => only !== undefined))) throw new Failed('The program does not come back')
  }
}

/** Does `again` until `found` gives something, and lets a little time pass each time. */
async function patiently<T>(
  stage: Stage,
  what: string,
  found: (time: number) => Promise<T | undefined>,
  again: () => unknown,
): Promise<T> {
  for (let i = 0; i < TRIES; i++) {
    const result = await found(PATIENCE)
    if (result !== undefined) return result
    await again()
    await stage.program.pass(2_000, 500)
  }
  throw new Failed(`There is no ${what}, however often the ${stage.peer.name} tries`)
}

const handshake = (stage: Stage, type: string) => async (time: number) => {
  const heard = await stage.peer.inbox.take((each) => each.kind === 'handshake' && each.type === type, time)
  stage.peer.assertWell()
  return heard as Extract<HeardFrame, { kind: 'handshake' }> | undefined
}

const control = (stage: Stage, type: string) => async (time: number) => {
  const heard = await stage.peer.inbox.take((each) => each.kind === 'control' && each.type === type, time)
  stage.peer.assertWell()
  return heard
}

/** A scripted controller pairs with the agent under test, up to `last`. */
async function pairWithAgent(stage: Stage, last: string): Promise<void> {
  const controller = stage.controller()
  controller.scan(await stage.offer())
  const m1 = await controller.sendM1()
  await reached(stage, 'M1')
  if (last === 'M1') return stage.settle()
  const m2 = await patiently(stage, 'M2', handshake(stage, 'M2'), () => controller.sendHandshake(m1))
  await controller.run?.acceptM2(m2.frame, controller.code?.deviceId ?? null, null)
  await reached(stage, 'M2')
  if (last === 'M2') return stage.settle()
  const m3 = await controller.sendM3()
  const digits = async () => {
    await stage.settle()
    return stage.program.takeEvents('digits')[0]
  }
  await patiently(stage, 'question for the digits', digits, () => controller.sendHandshake(m3))
  await reached(stage, 'M3')
  if (last === 'M3') return
  stage.found = 'commit'
  await stage.program.ask('confirm', { digits: controller.digits })
  if (stage.cutAfter === 'commit') await reached(stage, 'commit')
  await patiently(stage, '"pair.complete"', control(stage, 'pair.complete'), () => {})
}

/** The controller under test pairs with a scripted agent, up to `last`. */
async function pairWithController(stage: Stage, last: string): Promise<void> {
  const agent = stage.agent()
  stage.uri = await agent.offer()
  stage.scan()
  const first = await patiently(stage, 'M1', handshake(stage, 'M1'), () => {})
  agent.inbox.add(first)
  await agent.acceptM1()
  await reached(stage, 'M1')
  if (last === 'M1') return
  const m2 = await agent.sendM2()
  const repeatM2 = () => {
    if (agent.inbox.takeAll((each) => each.kind === 'handshake' && each.type === 'M1').length > 0)
      agent.sendHandshake(m2)
  }
  const m3 = await patiently(stage, 'M3', handshake(stage, 'M3'), repeatM2)
  agent.inbox.add(m3)
  await agent.acceptM3()
  await stage.shownDigits()
  await reached(stage, 'M3')
  if (last === 'M3') return
  stage.found = 'commit'
  await agent.complete()
  if (last === 'commit') return
  await reached(stage, 'commit')
  await patiently(stage, '"pair.ack"', control(stage, 'pair.ack'), () => agent.sendComplete())
}

When('a patient controller pairs with the agent', async function (this: SuiteWorld) {
  await pairWithAgent(this.stage, 'the end')
})

When('the controller pairs with a patient agent', async function (this: SuiteWorld) {
  await pairWithController(this.stage, 'the end')
})

When('a controller has come as far as {word}', async function (this: SuiteWorld, step: string) {
  await pairWithAgent(this.stage, step)
})

When('the agent has come as far as {word}', async function (this: SuiteWorld, step: string) {
  await pairWithController(this.stage, step)
})

Then('the controller lists the agent as confirmed in the end', async function (this: SuiteWorld) {
  const { program } = this.stage
  const isConfirmed = async () => (await program.controllerState()).agents.some(({ confirmed }) => confirmed)
  if (!(await program.until(isConfirmed, 15_000)))
    throw new Failed('The controller does not list the agent as confirmed')
})

Then('the session works', async function (this: SuiteWorld) {
  const { stage } = this
  // What was held back comes now, when nobody waits for it any more.
  stage.relay.releaseHeld()
  await stage.settle()
  if (stage.role === 'agent') {
    const id = randomUUID()
    const controller = stage.controller()
    await controller.sendMessage({ id, type: 'request', method: 'device.list', params: {} })
    await controller.expectMessage('answer to a request', (message) => message.id === id)
    return
  }
  const agent = stage.agent()
  const called = stage.program.ask('call', { method: 'device.list', params: {} })
  called.catch(() => {})
  // What a controller asks by itself to catch up needs no answer here.
  const { message } = await agent.expectMessage(
    'request for device.list',
    (each) => each.type === 'request' && each.method === 'device.list',
    15_000,
  )
  await agent.sendMessage({ id: message.id, type: 'response', result: { devices: [] } })
  await called
})
