// Steps about a running session, for an agent and for a controller under test alike.

import { Before, Given, When } from '@cucumber/cucumber'
import { sayingScript } from './bodies.ts'
import type { StartOptions } from './program.ts'
import { beginRunning, type Running, runningOf } from './running.ts'
import type { SuiteWorld } from './world.ts'

/** Scenarios whose program is started again: it keeps what it stores. */
const isStartedAgain = new WeakSet<SuiteWorld>()
Before(function (this: SuiteWorld, { pickle }) {
  if (pickle.steps.some(({ text }) => /started|stopped|killed/.test(text))) isStartedAgain.add(this)
})
const ordinary = (world: SuiteWorld): StartOptions => (isStartedAgain.has(world) ? { keepState: true } : {})

Given('a running session', async function (this: SuiteWorld) {
  await beginRunning(this, ordinary(this))
})

Given('a running session of suite {int}', async function (this: SuiteWorld, suite: number) {
  await beginRunning(this, ordinary(this), suite === 1 ? 1 : 3)
})

Given('a running session of a program that can say what it is told', async function (this: SuiteWorld) {
  await beginRunning(this, this.parameters.endpoint === 'agent' ? { script: sayingScript } : {})
})

Given(
  'a running session of a program whose owner gave it a name of 100 bytes with a line break',
  async function (this: SuiteWorld) {
    await beginRunning(this, { name: `${'desk'.repeat(10)}\n${'ü'.repeat(30)}` })
  },
)

When(
  '{int} calls are made and answered, one after the other',
  { timeout: 60_000 },
  async function (this: SuiteWorld, count: number) {
    for (let i = 0; i < count; i++) await runningOf(this).call()
  },
)

When('a call is made and answered', async function (this: SuiteWorld) {
  await runningOf(this).call()
})

const STEP = 5_000

/** Time passes, and whatever is said in a step has been heard before the next one. */
async function letPass({ program, stage }: Running, time: number): Promise<void> {
  if (!program.has('clock')) return program.pass(time)
  for (let left = time; left > 0; left -= STEP) {
    await program.pass(Math.min(STEP, left))
    await stage.settle()
  }
}

When('{float} s pass by the clocks of the program', async function (this: SuiteWorld, seconds: number) {
  await letPass(runningOf(this), seconds * 1_000)
})

When('{float} s have passed by the clocks of the program', async function (this: SuiteWorld, seconds: number) {
  await letPass(runningOf(this), seconds * 1_000)
})

When('the peer loses its connection, and comes back', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  await running.stage.cutOff(running.peer)
  await running.peer.comeBack()
})

When('the program loses its connection, and comes back', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  await loseConnection(running)
})

/** Its socket is cut, it waits for its delay, and its route is bound again. */
export async function loseConnection(running: ReturnType<typeof runningOf>): Promise<void> {
  const { stage, program, peer } = running
  const before = stage.relay.socketsOf('program')
  stage.relay.cut('program')
  const isBack = async () => {
    const now = stage.relay.socketsOf('program').filter((socket) => !before.includes(socket))
    if (now.some(({ routes }) => routes.size > 0)) return true
    if (program.has('clock')) await program.pass(500, 500)
    return false
  }
  if (!(await program.until(isBack, 40_000))) throw new Error('The program does not come back')
  await peer.settle()
}
