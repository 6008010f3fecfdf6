// Steps about peers, relays and programs that go away together, or without a word.

import { setTimeout as delay } from 'node:timers/promises'
import { Then, When } from '@cucumber/cucumber'
import { Failed } from '../shim/trouble.ts'
import { type Running, runningOf } from './running.ts'
import type { SuiteWorld } from './world.ts'

When(
  'the relay and the program are killed at the same moment, and are back after {int} s',
  async function (this: SuiteWorld, seconds: number) {
    const { program, stage, peer } = runningOf(this)
    await Promise.all([stage.relay.crash(), program.kill()])
    await delay(seconds * 1_000)
    await stage.relay.listen()
    await Promise.all([program.startAgain(), peer.comeBack()])
  },
)

When(
  'the relay and the peer go away at the same moment, and are back after {int} s',
  async function (this: SuiteWorld, seconds: number) {
    const { program, stage, peer } = runningOf(this)
    peer.cut()
    await stage.relay.crash()
    await program.pass(seconds * 1_000)
    await stage.relay.listen()
    await peer.comeBack()
  },
)

When('the peer falls silent for {int} s, while nothing is closed', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  await running.quiet()
  Object.assign(running.peer.duties, { ack: false, hello: false, rekey: false })
  await running.program.pass(seconds * 1_000)
})

When('the peer speaks again', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  Object.assign(peer.duties, { ack: true, hello: true, rekey: true })
  await peer.sendHello()
})

async function isShown({ program, stage }: Running): Promise<boolean> {
  if (stage.role === 'agent') return (await program.agentState()).devices.some(({ online }) => online)
  return (await program.controllerState()).agents.some(({ online }) => online)
}

Then('the program reports the peer as online', async function (this: SuiteWorld) {
  const running = runningOf(this)
  if (!(await running.program.until(() => isShown(running)))) throw new Failed('The program does not show its peer')
})
