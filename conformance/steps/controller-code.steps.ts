// Steps about the codes that a controller under test scans, and about its M1.

import { Given, Then, When } from '@cucumber/cucumber'
import { equal } from '@happy-remote/vectors/protocol/bytes.ts'
import type { AgentRun } from '../peers/agent-run.ts'
import { random } from '../peers/device.ts'
import { hsError } from '../peers/handshake-frame.ts'
import type { HeardFrame } from '../peers/heard-frames.ts'
import { base64url } from '../peers/route.ts'
import type { ScriptedAgent } from '../peers/scripted-agent.ts'
import { rightSpellings, wrongCodes } from '../peers/wrong-codes.ts'
import { Refused } from '../shim/driver.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { assertCode, unasked } from './refusals.steps.ts'
import type { Stage } from './stage.ts'
import type { SuiteWorld } from './world.ts'

Given('a controller under test that keeps what it stores', async function (this: SuiteWorld) {
  await this.useStage('controller').start({ keepState: true })
})

When('the person scans a code {rightSpelling}', async function (this: SuiteWorld, name: string) {
  const { stage } = this
  const spell = rightSpellings[name] as (code: string) => string
  stage.scan(spell(await stage.agent().offer()))
})

When('the person scans a code {wrongCode}', async function (this: SuiteWorld, name: string) {
  const { stage } = this
  const { code: _code, ...fault } = wrongCodes[name] as (typeof wrongCodes)[string]
  stage.scan(await stage.agent().offer(fault))
})

When('the person scans a code with a slash behind it', async function (this: SuiteWorld) {
  const { stage } = this
  stage.scan(`${await stage.agent().offer()}/`)
})

Then('it is recorded whether the controller takes it', async function (this: SuiteWorld) {
  const { stage } = this
  const taken = stage
    .agent()
    .expectHandshake('M1')
    .then(
      () => true,
      () => false,
    )
  const isTaken = await Promise.race([taken, stage.shownDigits().then(Boolean, () => false)])
  this.note(isTaken ? 'a slash behind the code is taken' : 'a slash behind the code is refused')
})

When('the person scans a code that expired {int} s ago', async function (this: SuiteWorld, seconds: number) {
  const { stage } = this
  stage.scan(await stage.agent().offer({}, -seconds))
})

Then('the controller refuses the code with {string}', async function (this: SuiteWorld, code: string) {
  const { stage } = this
  const shown = await stage.shownDigits().catch((error: Error) => error)
  if (!(shown instanceof Error)) throw new Failed('The controller uses the code')
  if (!(shown instanceof Refused)) throw shown
  assertCode(this, shown.code, code, 'The controller refuses the code')
  await stage.settle()
  if (unasked(stage).length > 0) throw new Failed('The controller sends a handshake message all the same')
})

Given('the agent knows the suite 0x0001 only', function (this: SuiteWorld) {
  this.stage.agent().suites = 0b01
})

Given('the agent offers suites that nobody knows yet as well', function (this: SuiteWorld) {
  this.stage.agent().suites = 0b1010_0011
})

const runOf = (stage: Stage): AgentRun => {
  const { run } = stage.agent()
  if (!run) throw new SuiteError('The scripted agent has accepted no M1')
  return run
}

Then('M1 is of suite {word} and a frame of {int} bytes', function (this: SuiteWorld, suite: string, size: number) {
  const { setting, m1 } = runOf(this.stage)
  if (setting.suite !== Number(suite)) throw new Failed(`M1 is of suite ${setting.suite}`)
  if (m1.length !== size) throw new Failed(`M1 has ${m1.length} bytes`)
})

Then('the certificate in M1 has the epoch {int}', function (this: SuiteWorld, epoch: number) {
  const { cert } = runOf(this.stage).controller
  if (cert.epoch !== epoch) throw new Failed(`The certificate has the epoch ${cert.epoch}`)
})

When('the controller scans two codes, one after the other', async function (this: SuiteWorld) {
  const { stage } = this
  const runs: AgentRun[] = []
  for (const name of ['first agent', 'second agent']) {
    const agent = stage.agent(name)
    stage.scan(await agent.offer())
    runs.push(await agent.acceptM1())
    await agent.sendHsError(agent.secret, (runs.at(-1) as AgentRun).m1, 'rejected')
    await stage.shownDigits().catch(() => {})
  }
  stage.found = runs
})

When('the person scans nine codes, and the agents answer after the last one', async function (this: SuiteWorld) {
  const { stage } = this
  const agents: ScriptedAgent[] = []
  for (let number = 1; number <= 9; number++) {
    const agent = stage.agent(`agent ${number}`)
    stage.scan(await agent.offer())
    const isRefused = stage.shownDigits().then(
      () => false,
      () => true,
    )
    // A controller may refuse the ninth, or forget the first.
    const m1 = agent.acceptM1().then(() => true)
    if (await Promise.race([m1, isRefused.then((refused) => !refused)])) agents.push(agent)
  }
  for (const agent of agents) await agent.sendM2()
  stage.found = agents
})

Then('some of the M2 are answered with M3, but at most {int}', async function (this: SuiteWorld, most: number) {
  const { stage } = this
  await stage.settle()
  const agents = stage.found as ScriptedAgent[]
  const isM3 = (heard: HeardFrame) => heard.kind === 'handshake' && heard.type === 'M3'
  const answered = agents.filter(({ heard }) => heard.some(isM3))
  if (answered.length === 0) throw new Failed('The controller answers none of the M2')
  if (answered.length > most) throw new Failed(`The controller has kept ${answered.length} M1`)
})

Then('their M1 have different prekeys, commitments, ML-KEM keys, routes and salts', function (this: SuiteWorld) {
  const [first, second] = (this.stage.found as AgentRun[]).map(
    ({ controller, m1 }): Record<string, Uint8Array> => ({
      SPK: controller.prekeys.spk,
      OPK: controller.prekeys.opk,
      commitment: controller.sasCommit,
      'ML-KEM key': controller.kemKey,
      route: controller.routeId,
      salt: m1.slice(4, 36),
    }),
  )
  for (const [name, value] of Object.entries(first ?? {})) {
    if (equal(value, second?.[name] as Uint8Array)) throw new Failed(`Both M1 have the same ${name}`)
  }
})

type Handshake = Extract<HeardFrame, { kind: 'handshake' }>

/** ms by which a repetition may be early or late: timers tick, and the clock moves in steps. */
const EARLY = 600
const LATE = 1_500

/** Repetitions of `first` that have come since, as seconds after it. Throws Failed where one differs. */
function repetitions(stage: Stage, type: 'M1' | 'M3', first: Uint8Array, firstAt: number): number[] {
  const heard = stage
    .agent()
    .inbox.takeAll((each) => each.kind === 'handshake' && each.type === type)
    .map((each) => each as Handshake)
  for (const { frame } of heard) if (!equal(frame, first)) throw new Failed(`The controller sends another ${type}`)
  return heard.map(({ at }) => at - firstAt)
}

function assertTimes(found: readonly number[], expected: readonly number[], what: string): void {
  const shown = found.map((time) => (time / 1000).toFixed(1)).join(', ') || 'never'
  const fits = found.every((time, i) => {
    const wanted = (expected[i] ?? Number.NaN) * 1000
    return time > wanted - EARLY && time < wanted + LATE
  })
  if (found.length !== expected.length || !fits) {
    throw new Failed(`${what} comes again after ${shown} s, expected after ${expected.join(', ')} s`)
  }
}

Then('the same M1 has come again once, {int} s after the first', async function (this: SuiteWorld, seconds: number) {
  const { stage } = this
  await stage.settle()
  const { m1, m1At } = runOf(stage)
  assertTimes(repetitions(stage, 'M1', m1, m1At), [seconds], 'M1')
})

Then('the same M1 has come again', async function (this: SuiteWorld) {
  const { stage } = this
  const { frame } = await stage.agent().expectHandshake('M1')
  if (!equal(frame, runOf(stage).m1)) throw new Failed('The controller sends another M1')
})

Then('the same M3 has come again 2, 4, 8 and 16 s after the first', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.settle()
  const { m3, m3At } = runOf(stage)
  assertTimes(repetitions(stage, 'M3', m3 as Uint8Array, m3At), [2, 4, 8, 16], 'M3')
})

Then('the same M3 has come again', async function (this: SuiteWorld) {
  const { stage } = this
  const { frame } = await stage.agent().expectHandshake('M3')
  if (!equal(frame, runOf(stage).m3 as Uint8Array)) throw new Failed('The controller sends another M3')
})

Then('M3 has not come again', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.settle()
  const { m3, m3At } = runOf(stage)
  const times = repetitions(stage, 'M3', m3 as Uint8Array, m3At)
  if (times.length > 0) throw new Failed('The controller sends M3 again although the session was heard')
})

When("the controller's connection is cut, and made again", async function (this: SuiteWorld) {
  const { stage } = this
  const agent = stage.agent()
  const route = base64url(agent.peerRoute as Uint8Array)
  agent.inbox.takeAll()
  stage.relay.cut('program')
  await stage.routeIs(route, (only) => only === undefined)
  await stage.program.pass(3_000, 500)
  if (!(await stage.routeIs(route, (only) => only !== undefined))) throw new Failed('The controller does not come back')
})

Then('the controller still waits for M2', async function (this: SuiteWorld) {
  const { stage } = this
  await stage.settle()
  const isOver = await Promise.race([
    stage.shownDigits().then(Boolean, () => true),
    stage.program.ask('state', {}).then(() => false),
  ])
  if (isOver) throw new Failed('The attempt is over already')
})

Given('the agent has left', function (this: SuiteWorld) {
  this.stage.agent().cut()
})

When('the agent answers M1 with an HS_ERROR of the code 0x7F', async function (this: SuiteWorld) {
  const agent = this.stage.agent()
  agent.sendHandshake(await hsError(agent.secret, runOf(this.stage).m1, 0x7f))
})

When(
  'the agent sends an HS_ERROR "rejected" about a frame that the controller never sent',
  async function (this: SuiteWorld) {
    const agent = this.stage.agent()
    agent.sendHandshake(await hsError(agent.secret, runOf(this.stage).m1, 0x0d, { reference: random(15) }))
  },
)
