// Steps about rekeys with a controller under test: a scripted agent asks for them and answers, right and wrong.

import { randomBytes } from 'node:crypto'
import { Then, When } from '@cucumber/cucumber'
import { errorEntry, type HandshakeErrorCode } from '@happy-remote/schemas/errors.ts'
import { equal } from '@happy-remote/vectors/protocol/bytes.ts'
import type { AgentRun, M2Parts } from '../peers/agent-run.ts'
import { Device } from '../peers/device.ts'
import type { FrameOf } from '../peers/endpoint.ts'
import { hsError, type MessageFault, rekeyAsk } from '../peers/handshake-frame.ts'
import { ScriptedSession } from '../peers/session.ts'
import { flipped } from '../peers/wrong-messages.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { agentOf, isR1 } from './rekeys.ts'
import { type Running, runningOf } from './running.ts'
import { type SuiteWorld, words } from './world.ts'

interface Kept {
  r1?: FrameOf<'handshake'>
  r3?: FrameOf<'handshake'>
  run?: AgentRun
  /** ms by the clock of the program: when its newest R1 began. */
  startedAt?: number
  ask?: Uint8Array
}
const all = new WeakMap<SuiteWorld, Kept>()
const keptBy = (world: SuiteWorld): Kept => {
  const kept = all.get(world) ?? {}
  all.set(world, kept)
  return kept
}

/** The scripted agent, which does nothing about a rekey of its own accord. */
function byHand(running: Running) {
  const agent = agentOf(running)
  agent.duties.rekey = false
  return agent
}

const SECOND = 1_000
const HOUR = 3_600 * SECOND

/** The next R1, while the clock of the controller runs for `time` ms at most. */
async function nextR1(running: Running, time: number): Promise<FrameOf<'handshake'> | undefined> {
  const { peer, program } = running
  for (const until = program.now() + time; ; ) {
    const heard = await peer.inbox.take(isR1, 60)
    if (heard?.kind === 'handshake') return heard
    if (program.now() >= until) return undefined
    await program.pass(500, 500)
  }
}

Then(/^the controller starts a rekey(?: of suite (\d))?$/, async function (this: SuiteWorld, suite: string | null) {
  const r1 = await nextR1(runningOf(this), 12 * SECOND)
  if (!r1) throw new Failed('The controller sends no R1')
  if (suite && r1.suite !== Number(suite)) throw new Failed(`The controller sends R1 of suite ${r1.suite}`)
})

Then('the controller starts no rekey', async function (this: SuiteWorld) {
  if (await nextR1(runningOf(this), 2 * SECOND)) throw new Failed('The controller sends R1')
})

// Triggers.

When('the controller is stopped and started again with its state', async function (this: SuiteWorld) {
  const running = runningOf(this)
  byHand(running)
  await running.program.stop()
  running.peer.inbox.takeAll()
  await running.program.startAgain()
})

When('the agent sends the control message "rekey"', async function (this: SuiteWorld) {
  const running = runningOf(this)
  byHand(running)
  running.peer.inbox.takeAll()
  await running.peer.sendControl({ type: 'rekey' })
})

When('the relay loses 257 messages of the agent, and the next one arrives', async function (this: SuiteWorld) {
  const running = runningOf(this)
  byHand(running)
  await running.quiet()
  for (let i = 0; i < 257; i++) await running.sealProbe()
  await running.sendProbe()
})

async function sendUnopened(running: Running, count: number): Promise<void> {
  const fault = { messageKey: new Uint8Array(randomBytes(32)), keepState: true }
  for (let i = 0; i < count; i++) await running.sendProbe(fault)
}

When('the agent sends 8 messages sealed under another key', async function (this: SuiteWorld) {
  const running = runningOf(this)
  byHand(running)
  await running.quiet()
  await sendUnopened(running, 8)
})

When('the agent sends 7 messages sealed under another key, a good one, and 7 more', async function (this: SuiteWorld) {
  const running = runningOf(this)
  byHand(running)
  await running.quiet()
  await sendUnopened(running, 7)
  await running.expectAlive()
  await sendUnopened(running, 7)
  await running.stage.settle()
})

When('the agent sends a "hello" that names suites 1 and 2', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const agent = byHand(running)
  agent.suites = 3
  running.peer.inbox.takeAll()
  await agent.sendHello({ members: { suites: 3, commandEpoch: agent.commandEpoch } })
})

When(
  /^(\d+) (days|hours) pass by the clocks of the controller$/,
  async function (this: SuiteWorld, count: string, unit: string) {
    const running = runningOf(this)
    running.program.require('clock')
    byHand(running)
    // Nothing is under way that the step would leave without an answer for so long.
    await running.quiet()
    const time = Number(count) * (unit === 'days' ? 24 * HOUR : HOUR)
    await running.program.pass(time, time)
  },
)

When('{int} s pass by the clocks of the controller', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  byHand(running)
  running.peer.inbox.takeAll()
  await running.program.pass(seconds * SECOND, SECOND)
})

// The gap.

Then(
  'the controller sends R1 not before {int} s after the last one, and then it does',
  async function (this: SuiteWorld, seconds: number) {
    const running = runningOf(this)
    const last = running.peer.heard.findLast(isR1)
    const began = keptBy(this).startedAt ?? last?.at ?? 0
    const r1 = await nextR1(running, (seconds + 15) * SECOND)
    if (!r1) throw new Failed('The controller sends no R1')
    if (r1.at - began < seconds * SECOND - 100) {
      throw new Failed(`The controller sends R1 ${Math.round((r1.at - began) / 100) / 10} s after the last one`)
    }
  },
)

/** Waits for the R1 that the control message "rekey" brings. */
async function askAndTakeR1(world: SuiteWorld): Promise<FrameOf<'handshake'>> {
  const running = runningOf(world)
  const agent = byHand(running)
  await running.quiet()
  await agent.sendControl({ type: 'rekey' })
  const r1 = await nextR1(running, 15 * SECOND)
  if (!r1) throw new Failed('The controller sends no R1')
  keptBy(world).r1 = r1
  keptBy(world).startedAt = r1.at
  return r1
}

When('a rekey fails because no R2 comes for 30 s', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await askAndTakeR1(this)
  await running.program.pass(31 * SECOND, SECOND)
  // What was sent again in the meantime.
  const again = running.peer.inbox.takeAll(isR1)
  const own = again.find(
    (heard) => heard.kind === 'handshake' && !equal(heard.frame, keptBy(this).r1?.frame ?? new Uint8Array()),
  )
  if (own) keptBy(this).startedAt = own.at
})

// R2, wrong and right.

const other = new Device()
const wrongR2: Readonly<Record<string, MessageFault<M2Parts>>> = {
  'whose signature has one bit changed': {
    parts: ({ sign }) => ({ sign: async (th) => flipped(await sign(th), 0) }),
  },
  'whose confirmation has one bit changed': { parts: () => ({ confirm: (mac) => flipped(mac, 0) }) },
  'of another identity': { parts: async () => ({ cert: await other.cert() }) },
  'with a ratchet key of small order': { parts: () => ({ ratchetKey: new Uint8Array(32) }) },
  'for another prekey': { parts: ({ opkId }) => ({ opkId: (opkId ^ 1) >>> 0 }) },
}
words('wrongR2', wrongR2)

When('the agent asks for a rekey and answers R1 with an R2 {wrongR2}', async function (this: SuiteWorld, name: string) {
  const running = runningOf(this)
  const r1 = await askAndTakeR1(this)
  await running.quiet()
  await agentOf(running).answerR1(r1, wrongR2[name] ?? {})
})

Then('the controller sends nothing about it', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.stage.settle()
  // R1 may be sent again while its run waits.
  const said = running.said(['ack', 'hello']).find((heard) => heard.kind !== 'rpc' && !isR1(heard))
  if (said?.kind === 'handshake') throw new Failed(`The controller answers a refused R2 with ${said.type}`)
})

async function answerRightly(world: SuiteWorld): Promise<AgentRun> {
  const { r1 } = keptBy(world)
  if (!r1) throw new SuiteError('No step has taken an R1')
  const agent = agentOf(runningOf(world))
  agent.runs.length = 0
  const run = await agent.answerR1(r1)
  keptBy(world).run = run
  return run
}

Then('the right R2 is still answered with R3', async function (this: SuiteWorld) {
  await answerRightly(this)
  await agentOf(runningOf(this)).expectHandshake('R3')
})

Then('the right R2 is not answered with R3 any more', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await answerRightly(this)
  await running.stage.settle()
  if (running.peer.inbox.waiting.some((heard) => heard.kind === 'handshake' && heard.type === 'R3')) {
    throw new Failed('The controller answers an R2 of a run that has failed')
  }
})

// R3.

When('a rekey has come as far as R3', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await askAndTakeR1(this)
  const run = await answerRightly(this)
  keptBy(this).r3 = await agentOf(running).expectHandshake('R3')
  await run.acceptM3(keptBy(this).r3?.frame ?? new Uint8Array())
})

/** The agent speaks in the new session. */
async function speak(world: SuiteWorld): Promise<void> {
  const running = runningOf(world)
  const { run, r3 } = keptBy(world)
  if (!run || !r3) throw new SuiteError('No rekey has come as far as R3')
  await agentOf(running).acceptR3(run, r3.frame)
  await agentOf(running).sendHello({ members: { commandEpoch: agentOf(running).commandEpoch } })
}

Then('the calls of the controller go out in the old session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.call()
  const newest = running.opened().at(-1)
  if (newest?.session !== running.session) throw new Failed('The controller sends in a session that has not spoken yet')
  if (running.since().some(({ kind }) => kind === 'refused')) {
    throw new Failed('The controller sends in a session that has not spoken yet')
  }
})

Then('after the first message of the new session they go out in the new one', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await speak(this)
  await running.stage.settle()
  await running.call()
  if (running.opened().at(-1)?.session !== running.session) throw new Failed('The controller stays in the old session')
})

Then('the controller sends the same R3 again 1, 2, 4 and 8 s after the first time', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { r3 } = keptBy(this)
  await running.program.pass(12 * SECOND, 500)
  await running.stage.settle()
  const again = running.peer.inbox.takeAll((heard) => heard.kind === 'handshake' && heard.type === 'R3')
  const times = again.map(({ at }) => (at - (r3?.at ?? 0)) / SECOND)
  const isRight = [1, 2, 4, 8].every((wanted) => times.some((time) => Math.abs(time - wanted) < 1))
  if (!isRight || times.length > 5)
    throw new Failed(`The controller sends R3 again after ${times.map((t) => t.toFixed(1)).join(', ')} s`)
  if (again.some((heard) => heard.kind === 'handshake' && !equal(heard.frame, r3?.frame ?? new Uint8Array()))) {
    throw new Failed('The controller sends another R3')
  }
})

When('the agent says nothing in the new session for {int} s', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  running.peer.inbox.takeAll(isR1)
  for (let i = 0; i < seconds; i++) await running.program.pass(SECOND, SECOND)
})

async function sendError(world: SuiteWorld, answered: Uint8Array, code: number, reference?: Uint8Array): Promise<void> {
  const agent = agentOf(runningOf(world))
  if (!agent.record) throw new SuiteError('Nothing is paired')
  agent.sendHandshake(await hsError(agent.record.ppk, answered, code, reference ? { reference } : {}))
  await runningOf(world).stage.settle()
}

const byteOf = (code: HandshakeErrorCode): number => errorEntry(code).handshake as number

When('the agent answers R3 with HS_ERROR', async function (this: SuiteWorld) {
  await sendError(this, keptBy(this).r3?.frame ?? new Uint8Array(), byteOf('rejected'))
})

When('the agent answers R1 with HS_ERROR', async function (this: SuiteWorld) {
  await sendError(this, keptBy(this).r1?.frame ?? new Uint8Array(), byteOf('rejected'))
})

Then('a message of the new session does not open at the controller any more', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { run } = keptBy(this)
  if (!run?.state) throw new SuiteError('No rekey has come as far as R3')
  const probe = await running.sealProbe({}, new ScriptedSession(run.state))
  running.deliver(probe, { session: 'dropped' })
  await running.expectIgnored(probe, 'a message of a session that it has to drop')
})

Then('the controller sends R1 as soon as the gap allows', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { r1 } = keptBy(this)
  const isNew = () =>
    running.peer.heard.some(
      (heard) =>
        heard.kind === 'handshake' && heard.type === 'R1' && !equal(heard.frame, r1?.frame ?? new Uint8Array()),
    )
  for (let i = 0; i < 30 && !isNew(); i++) await running.program.pass(SECOND, SECOND)
  await running.stage.settle()
  if (!isNew()) throw new Failed('The controller does not try again')
})

/** All R1, each once however often it came. */
const differentR1 = ({ peer }: Running): number =>
  new Set(peer.heard.filter(isR1).map((heard) => ('frame' in heard ? Buffer.from(heard.frame).toString('hex') : '')))
    .size

Then('it sends another R1 when that one has had no R2 for 30 s', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const before = differentR1(running)
  // 30 s of waiting, and the longest gap after two failures.
  for (let i = 0; i < 75 && differentR1(running) === before; i++) await running.program.pass(SECOND, SECOND)
  if (differentR1(running) === before) throw new Failed('The controller gives up after the second failure')
})

Then('after the first message of the new session a call is made and answered in it', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await speak(this)
  await running.stage.settle()
  await running.call()
})

// HS_ERROR about R1.

When(
  /^the agent asks for a rekey and answers R1 with the HS_ERROR (?:"([a-z-]+)"|(\d+), which nobody knows)$/,
  async function (this: SuiteWorld, code: HandshakeErrorCode | null, number: string | null) {
    const r1 = await askAndTakeR1(this)
    await sendError(this, r1.frame, code === null ? Number(number) : byteOf(code))
  },
)

When(
  'the agent asks for a rekey and answers R1 with an HS_ERROR that names another frame',
  async function (this: SuiteWorld) {
    const r1 = await askAndTakeR1(this)
    await sendError(this, r1.frame, byteOf('rejected'), new Uint8Array(randomBytes(15)))
  },
)

Then('the controller sends R1 of suite 2 at once', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const r1 = await peer.inbox.take(
    (heard) => heard.kind === 'handshake' && heard.type === 'R1' && heard.suite === 2,
    3_000,
  )
  if (!r1) throw new Failed('The controller does not try the next higher suite at once')
})

// REKEY_ASK.

async function sendAsk(world: SuiteWorld, reason: number, fault: (frame: Uint8Array) => Uint8Array = (frame) => frame) {
  const agent = byHand(runningOf(world))
  if (!agent.record) throw new SuiteError('Nothing is paired')
  const frame = fault(await rekeyAsk(agent.record.ppk, agent.record.suite, reason))
  keptBy(world).ask = frame
  agent.inbox.takeAll()
  agent.sendHandshake(frame)
}

When(
  /^the agent sends a message, and (\d+) s later (?:the relay sends )?REKEY_ASK( with the unknown reason 99| with its last bit changed)?$/,
  async function (this: SuiteWorld, seconds: string, how: string | null) {
    const running = runningOf(this)
    byHand(running)
    await running.expectAlive()
    await running.quiet()
    running.peer.duties.ack = false
    await running.program.pass(Number(seconds) * SECOND, SECOND)
    await sendAsk(this, how?.includes('99') ? 99 : 1, how?.includes('bit') ? (frame) => flipped(frame, -1) : undefined)
  },
)

When(
  'the agent sends a message, loses its connection, comes back and sends REKEY_ASK',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    const agent = byHand(running)
    await running.expectAlive()
    await running.quiet()
    // It has no session.
    Object.assign(agent.duties, { ack: false, hello: false })
    await running.stage.cutOff(agent)
    await agent.comeBack()
    await sendAsk(this, 1)
  },
)

When('a REKEY_ASK leads to a new session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const agent = agentOf(running)
  await running.quiet()
  agent.duties.ack = false
  await running.program.pass(11 * SECOND, SECOND)
  const before = agent.current
  await sendAsk(this, 1)
  agent.duties.rekey = true
  await running.program.until(async () => agent.current !== before)
  await running.stage.settle()
})

When('{int} s later the relay delivers the same REKEY_ASK again', async function (this: SuiteWorld, seconds: number) {
  const running = runningOf(this)
  const agent = byHand(running)
  await running.program.pass(seconds * SECOND, SECOND)
  agent.inbox.takeAll()
  agent.sendHandshake(keptBy(this).ask ?? new Uint8Array())
})
