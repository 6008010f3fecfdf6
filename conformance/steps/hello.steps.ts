// Steps about "hello": when it goes out, and what it says.

import { Then, When } from '@cucumber/cucumber'
import { limits } from '@happy-remote/schemas/limits.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import { Failed } from '../shim/trouble.ts'
import { runningOf } from './running.ts'
import type { SuiteWorld } from './world.ts'

/** ms by which a program may be late: it looks at its clock every now and then, and the suite moves it by steps. */
const TOLERANCE = 6_000
const DAY = 86_400_000

Then('the program sends "hello"', async function (this: SuiteWorld) {
  await runningOf(this).peer.expectControl('hello')
})

Then('the program has sent "hello" every 30 s', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.stage.settle()
  const times = running.hellos().map(({ at }) => at)
  const gaps = [...times, running.peer.now()].map((at, index) => at - (times[index - 1] ?? at))
  const longest = Math.max(...gaps)
  if (longest > limits.helloEvery + TOLERANCE) {
    throw new Failed(`Between two "hello" of the program lie ${Math.round(longest / 1_000)} s`)
  }
  if (times.length > 8) throw new Failed(`The program sends "hello" ${times.length} times`)
})

When(/^the wall clock of the program jumps a day (forward|back)$/, async function (this: SuiteWorld, way: string) {
  await runningOf(this).program.jump(way === 'forward' ? DAY : -DAY)
})

When('the peer loses its connection for good', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  running.peer.cut()
})

Then('in the next {int} s the program sends nothing', async function (this: SuiteWorld, seconds: number) {
  const { stage, program } = runningOf(this)
  const before = stage.relay.frames.length
  await program.pass(seconds * 1_000)
  const after = stage.relay.frames.length
  if (after > before) throw new Failed(`The program sends ${after - before} frames to a peer that is gone`)
})

Then('each "hello" of the program has another challenge', function (this: SuiteWorld) {
  const challenges = runningOf(this)
    .hellos()
    .map(({ message }) => message.challenge)
  if (challenges.length < 4) throw new Failed(`The program has sent "hello" ${challenges.length} times`)
  if (new Set(challenges).size < challenges.length) throw new Failed('Two "hello" of the program have one challenge')
})

Then('the "hello" of the program names the suites that it named at pairing', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const { message } = await peer.expectControl('hello')
  const named = peer instanceof ScriptedAgent ? peer.run?.controller.supported : peer.code?.suites
  if (message.suites !== named) throw new Failed(`The "hello" names the suites ${message.suites}, expected ${named}`)
})
