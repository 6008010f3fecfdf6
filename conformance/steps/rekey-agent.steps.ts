// Steps about rekeys with an agent under test: a scripted controller begins them, right and wrong.

import { randomBytes } from 'node:crypto'
import { Then, When } from '@cucumber/cucumber'
import type { HandshakeErrorCode } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { RekeyAskBody } from '@happy-remote/schemas/pairing.ts'
import { equal } from '@happy-remote/vectors/protocol/bytes.ts'
import type { ControllerRun, M1Parts, M3Parts } from '../peers/controller-run.ts'
import { Device } from '../peers/device.ts'
import type { FrameOf } from '../peers/endpoint.ts'
import type { MessageFault } from '../peers/handshake-frame.ts'
import type { ScriptedSession } from '../peers/session.ts'
import { flipped } from '../peers/wrong-messages.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { makeCommand } from './freshness.steps.ts'
import { controllerOf, makeRekey } from './rekeys.ts'
import { type Running, runningOf } from './running.ts'
import { type SuiteWorld, words } from './world.ts'

/** What a step sent and a later one judges. */
interface Runs {
  frame?: Uint8Array
  runs: { run: ControllerRun; r2: FrameOf<'handshake'> }[]
}
const all = new WeakMap<SuiteWorld, Runs>()
const runsOf = (world: SuiteWorld): Runs => {
  const known = all.get(world) ?? { runs: [] }
  all.set(world, known)
  return known
}

/** The scripted controller, which does nothing about a rekey of its own accord. */
function byHand(running: Running) {
  const controller = controllerOf(running)
  controller.duties.rekey = false
  return controller
}

const otherDevice = new Device()
const wrongR1: Readonly<Record<string, (running: Running) => MessageFault<M1Parts>>> = {
  'of another identity': () => ({
    parts: async () => ({ cert: await otherDevice.cert(), signer: otherDevice.identitySeed }),
  }),
  'whose prekeys have a wrong signature': () => ({ parts: () => ({ signer: otherDevice.identitySeed }) }),
  'with a prekey of small order': () => ({
    parts: ({ prekeys }) => ({ prekeys: { ...prekeys, spk: new Uint8Array(32) } }),
  }),
  'that names another route': () => ({ parts: () => ({ routeId: new Uint8Array(randomBytes(16)) }) }),
}
words('wrongR1', wrongR1)

When('the controller sends R1 {wrongR1}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  await running.quiet()
  runsOf(this).frame = await byHand(running).sendR1(wrongR1[name]?.(running) ?? {})
})

When('the controller supports suite 1 alone, and sends R1', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  const controller = byHand(running)
  controller.suites = 1
  runsOf(this).frame = await controller.sendR1()
})

Then('the agent answers it with the HS_ERROR {string}', async function (this: SuiteWorld, code: HandshakeErrorCode) {
  const { frame } = runsOf(this)
  if (!frame) throw new SuiteError('No step has sent a handshake frame')
  await controllerOf(runningOf(this)).expectHsError(frame, code)
})

Then('a call is made and answered in the old session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { current } = running.peer
  await running.call()
  if (running.peer.current !== current) throw new Failed('The session has changed')
})

When("somebody else sends R1 to the agent's route", async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  const controller = byHand(running)
  const { record } = controller
  if (record) controller.record = { ...record, ppk: new Uint8Array(randomBytes(32)) }
  await controller.sendR1()
  controller.record = record
})

Then('the agent sends nothing about it', async function (this: SuiteWorld) {
  await runningOf(this).expectSilence()
})

// R1 again, and too soon.

When('the controller sends R1, and the relay delivers it twice', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  const controller = byHand(running)
  const frame = await controller.sendR1()
  controller.sendHandshake(frame)
})

Then('the agent answers both with the same R2', async function (this: SuiteWorld) {
  const controller = controllerOf(runningOf(this))
  const [first, second] = [await controller.expectHandshake('R2'), await controller.expectHandshake('R2')]
  if (!equal(first.frame, second.frame)) throw new Failed('The agent answers a repeated R1 with another R2')
})

When('the controller sends three different R1 at once', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  const controller = byHand(running)
  for (let i = 0; i < 3; i++) await controller.sendR1()
})

/** The R2 that have come since they were last asked for. */
async function answersOf(world: SuiteWorld): Promise<FrameOf<'handshake'>[]> {
  const running = runningOf(world)
  await running.stage.settle()
  const answers = running.peer.inbox.takeAll((heard) => heard.kind === 'handshake' && heard.type === 'R2')
  return answers as FrameOf<'handshake'>[]
}

Then('the agent answers the first one only', async function (this: SuiteWorld) {
  const { length } = await answersOf(this)
  if (length !== 1) throw new Failed(`The agent answers ${length} of three R1 that came at once`)
})

When('a second more has passed for the agent', async function (this: SuiteWorld) {
  await runningOf(this).program.pass(1_200, 1_200)
})

Then('the agent answers one more, and its R3 makes a session', async function (this: SuiteWorld) {
  const controller = controllerOf(runningOf(this))
  const [r2, ...more] = await answersOf(this)
  if (!r2 || more.length > 0) throw new Failed(`The agent then answers ${r2 ? 1 + more.length : 0} more`)
  // Of the last R1 the scripted controller has the keys: an R2 to another one does not open.
  await controller.answerR2(r2)
  const { session } = await controller.expectControl('hello')
  if (session !== controller.current) throw new Failed('The agent says "hello" in another session')
})

When('the controller sends a refused R1, and a right one at once', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  const controller = byHand(running)
  await controller.sendR1({ parts: () => ({ signer: otherDevice.identitySeed }) })
  await controller.sendR1()
})

Then('the agent answers the right one with R2', async function (this: SuiteWorld) {
  await controllerOf(runningOf(this)).expectHandshake('R2')
})

// Runs, and their R3.

async function beginRuns(world: SuiteWorld, count: number): Promise<void> {
  const running = runningOf(world)
  await running.quiet()
  const controller = byHand(running)
  for (let i = 0; i < count; i++) {
    await controller.sendR1()
    const r2 = await controller.expectHandshake('R2')
    if (!controller.rekeying) throw new SuiteError('The scripted controller has begun no rekey')
    runsOf(world).runs.push({ run: controller.rekeying, r2 })
    // pairing.rekey.rate
    await running.program.pass(1_200, 1_200)
  }
}

async function sendR3(world: SuiteWorld, number: number, fault: MessageFault<M3Parts> = {}): Promise<void> {
  const controller = controllerOf(runningOf(world))
  const { run, r2 } = runsOf(world).runs[number - 1] ?? {}
  if (!run || !r2) throw new SuiteError(`There is no run ${number}`)
  controller.rekeying = run
  runsOf(world).frame = await controller.answerR2(r2, fault)
}

const ordinal: Readonly<Record<string, number>> = { first: 1, second: 2 }

When(
  /^the controller begins (\d) runs, and sends the R3 of the (first|second)$/,
  async function (this: SuiteWorld, count: string, which: string) {
    await beginRuns(this, Number(count))
    await sendR3(this, ordinal[which] ?? 1)
  },
)

When(
  /^the controller begins 2 runs, and sends the R3 of the (first|second) and then that of the (first|second)$/,
  async function (this: SuiteWorld, first: string, second: string) {
    const running = runningOf(this)
    await beginRuns(this, 2)
    await sendR3(this, ordinal[first] ?? 1)
    await running.stage.settle()
    await sendR3(this, ordinal[second] ?? 1)
    await running.stage.settle()
  },
)

/** The scripted controller's session of a run whose R3 it has sent. */
function sessionOf(world: SuiteWorld, number: number): ScriptedSession {
  const { run } = runsOf(world).runs[number - 1] ?? {}
  const wanted = runningOf(world).peer.sessions.find(({ state }) =>
    equal(state.sessionId, run?.accepted?.state.sessionId ?? state.rootKey),
  )
  if (!wanted) throw new SuiteError('The session of that run is not there')
  return wanted
}

Then('the agent says "hello" in the session of the first run', async function (this: SuiteWorld) {
  const { session } = await runningOf(this).peer.expectControl('hello')
  if (session !== sessionOf(this, 1)) throw new Failed('The agent says "hello" in another session')
})

Then(
  /^a call is made and answered in the session of the (first|second)( run)?$/,
  async function (this: SuiteWorld, which: string, _run: string | null) {
    const running = runningOf(this)
    await running.stage.settle()
    const wanted = sessionOf(this, ordinal[which] ?? 1)
    running.peer.current = wanted
    await running.call()
    const newest = running.peer.heard.findLast((heard) => 'seq' in heard)
    if (newest && 'session' in newest && newest.session !== wanted) {
      throw new Failed('The agent answers in the session of another run')
    }
  },
)

When('the controller begins a run, and sends its R3 {int} s later', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  await beginRuns(this, 1)
  await running.program.pass(seconds * 1_000)
  await running.quiet()
  const { current } = running.peer
  await sendR3(this, 1)
  running.peer.current = current
})

const wrongR3: Readonly<Record<string, MessageFault<M3Parts>>> = {
  'whose signature has one bit changed': { parts: ({ signature }) => ({ signature: flipped(signature, 0) }) },
  'whose confirmation has one bit changed': { body: (right) => flipped(right, -1) },
  'that does not open its commitment': { parts: ({ sasNonce }) => ({ sasNonce: flipped(sasNonce, 0) }) },
}
words('wrongR3', wrongR3)

When('the controller begins a run, and sends an R3 {wrongR3}', async function (this: SuiteWorld, name: string) {
  const { peer } = runningOf(this)
  await beginRuns(this, 1)
  const { current } = peer
  await sendR3(this, 1, wrongR3[name] ?? {})
  peer.current = current
})

When('a rekey makes a new session, and the relay delivers its R3 again', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { relay } = running.stage
  await makeRekey(running)
  await running.quiet()
  const r3 = relay.passed.findLast(({ kind }) => kind === 'R3')
  if (!r3) throw new SuiteError('No R3 has passed')
  relay.repeat(r3)
})

Then('the agent answers it with another "hello" in the new session', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const { session } = await peer.expectControl('hello')
  if (session !== peer.current) throw new Failed('The agent says "hello" in another session')
})

When('the controller sends a request in the new session, and R3 only then', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await beginRuns(this, 1)
  const controller = controllerOf(running)
  const { run, r2 } = runsOf(this).runs[0] ?? {}
  if (!run || !r2) throw new SuiteError('There is no run')
  const sendHandshake = controller.sendHandshake.bind(controller)
  let r3: Uint8Array | undefined
  controller.sendHandshake = (frame) => {
    r3 = frame
  }
  await controller.answerR2(r2)
  controller.sendHandshake = sendHandshake
  const session = controller.waiting
  if (!session || !r3) throw new SuiteError('The new session is not there')
  const command = makeCommand()
  early.set(this, command.id)
  await controller.sendMessage(command, { session })
  await running.stage.settle()
  controller.sendHandshake(r3)
  await running.stage.settle()
})
const early = new WeakMap<SuiteWorld, string>()

Then('the agent does not execute that request', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const id = early.get(this)
  const done = running.rpc().some((message) => message.id === id && 'result' in message)
  if (done) throw new Failed('The agent executes a request of a session whose R3 has not verified')
})

When(
  'the relay holds a command back until the controller has spoken in a new session',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    const { peer } = running
    const command = makeCommand()
    early.set(this, command.id)
    const old = running.session
    const sealed = await peer.alone(() => old.seal('rpc', Buffer.from(JSON.stringify(command)), peer.challenge))
    await makeRekey(running)
    await running.call()
    peer.sendPayload(sealed, { ...command, late: true })
  },
)

Then('the agent answers the command "stale"', async function (this: SuiteWorld) {
  const id = early.get(this)
  const { message } = await runningOf(this).peer.expectMessage('answer to the command', (each) => each.id === id)
  if (!('error' in message) || message.error.code !== 'stale') throw new Failed('The agent executes a late command')
})

// Asking.

const HOUR = 3_600_000

/** A long time passes, with nothing under way that it would leave without an answer for so long. */
const grown = (hours: number) => async (running: Running) => {
  running.program.require('clock')
  await running.program.pass(hours * HOUR, hours * HOUR)
}

const triggers: Readonly<Record<string, (running: Running) => Promise<void>>> = {
  '8 messages in a row do not open': async (running) => {
    const fault = { messageKey: new Uint8Array(randomBytes(32)), keepState: true }
    for (let i = 0; i < 8; i++) await running.sendProbe(fault)
  },
  '257 messages are lost and the next one comes': async (running) => {
    for (let i = 0; i < 257; i++) await running.sealProbe()
    await running.sendProbe()
  },
  '31 days have passed': grown(31 * 24),
  '25 hours have passed': grown(25),
}
words('triggerAtAgent', triggers)

When('at the agent {triggerAtAgent}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  byHand(running)
  await running.quiet()
  await triggers[name]?.(running)
})

When('the controller sends a "hello" that names suites 1 and 2', async function (this: SuiteWorld) {
  const running = runningOf(this)
  byHand(running).suites = 3
  await running.quiet()
  await running.peer.sendHello()
})

Then('the agent asks for a rekey with the control message "rekey"', async function (this: SuiteWorld) {
  await runningOf(this).peer.expectControl('rekey')
})

When('the controller does not answer "rekey" for {int} s', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  await running.peer.expectControl('rekey')
  await running.program.pass(seconds * 1_000, 1_000)
})

const reasons: Readonly<Record<string, number>> = {
  'no session': 1,
  'skip limit': 2,
  'decrypt failures': 3,
  'age or count': 4,
}

/** ms, however busy the machine is: what comes later may be the repetition (pairing.rekey-ask.again). */
const BEFORE_REPETITION = limits.rekeyGap - 2_000

Then('the agent sends REKEY_ASK with the reason {string}', async function (this: SuiteWorld, reason: string) {
  const { body } = await runningOf(this).peer.expectHandshake('REKEY_ASK', BEFORE_REPETITION)
  if (!body) throw new Failed('The REKEY_ASK does not open under the key of the pairing')
  const said = RekeyAskBody.decode(body).reason
  if (said !== reasons[reason]) throw new Failed(`The REKEY_ASK has the reason ${said}`)
})

When(
  'the agent is killed and started again with its state, and the controller does not answer',
  async function (this: SuiteWorld) {
    byHand(runningOf(this))
    await this.stage.powerCut()
  },
)

Then('the agent sends REKEY_ASK every 10 s, each with a salt of its own', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.peer.expectHandshake('REKEY_ASK')
  await running.program.pass(33_000, 1_000)
  await running.stage.settle()
  const asks = running.peer.heard.filter((heard) => heard.kind === 'handshake' && heard.type === 'REKEY_ASK')
  const salts = new Set(
    asks.map((heard) => ('frame' in heard ? Buffer.from(heard.frame.subarray(4, 36)).toString('hex') : '')),
  )
  if (asks.length < 3) throw new Failed(`The agent asks ${asks.length} times in 33 s`)
  if (salts.size < asks.length) throw new Failed('Two REKEY_ASK have the same salt')
})

When(
  'the controller is away while the agent is killed and started again with its state',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    byHand(running)
    running.peer.cut()
    await this.stage.powerCut()
    await running.program.until(async () => this.stage.relay.socketsOf('program').some(({ routes }) => routes.size > 0))
    running.peer.inbox.takeAll()
    await running.peer.comeBack()
  },
)

When('the controller begins a run, answers R2 with HS_ERROR, and then with R3', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const controller = controllerOf(running)
  await beginRuns(this, 1)
  const { r2 } = runsOf(this).runs[0] ?? {}
  if (!r2 || !controller.record) throw new SuiteError('There is no run')
  await controller.sendHsError(controller.record.ppk, r2.frame, 'rejected')
  await running.stage.settle()
  await sendR3(this, 1)
  await running.stage.settle()
})

Then('the agent has no new session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.stage.settle()
  const said = running.said(['ack']).find((heard) => 'session' in heard && heard.session !== running.session)
  if (said) throw new Failed('The agent switches to a session whose run it has to have forgotten')
  await running.call()
})
