// Steps about rekeys, for an agent and for a controller under test alike.

import { randomBytes } from 'node:crypto'
import { Then, When } from '@cucumber/cucumber'
import { codesAt } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { concat } from '@happy-remote/vectors/protocol/bytes.ts'
import type { Device } from '../peers/device.ts'
import { ScriptedAgent } from '../peers/scripted-agent.ts'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { newest, remember } from './received.steps.ts'
import { makeRekey } from './rekeys.ts'
import { runningOf } from './running.ts'
import type { SuiteWorld } from './world.ts'

const HANDSHAKE_TYPES_SENT = [1, 2, 3, 4, 5, 6, 7, 15]

When('the relay sends the program handshake frames of every type that do not open', async function (this: SuiteWorld) {
  const running = runningOf(this)
  await running.quiet()
  for (const type of HANDSHAKE_TYPES_SENT) {
    for (const size of [68, 180, 330]) {
      const frame = concat(Uint8Array.of(1, type, 0, 1), randomBytes(size))
      running.peer.sendPayload(frame, { type, wrong: 'does not open' })
    }
  }
})

When('the peer sends HS_ERROR of every kind about frames that wait for nothing', async function (this: SuiteWorld) {
  const { peer, stage } = runningOf(this)
  await runningOf(this).quiet()
  const ppk = peer.record?.ppk
  if (!ppk) throw new SuiteError('Nothing is paired')
  const passed = stage.relay.passed.filter(({ kind, isToProgram }) => kind !== 'message' && !isToProgram)
  const old = [...passed.map(({ bytes }) => bytes.slice(33)), new Uint8Array(randomBytes(180))]
  for (const code of codesAt('handshake')) {
    for (const frame of old) await peer.sendHsError(ppk, frame, code)
  }
})

When('a rekey makes a new session', async function (this: SuiteWorld) {
  await makeRekey(runningOf(this))
})

When('the peer learns suite 2, and a rekey makes a new session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  running.peer.suites = 3
  // pairing.rekey.triggers, pairing.rekey.ask: whoever hears of a higher suite wants it
  await makeRekey(running, () => running.peer.sendHello())
  if (running.session.state.suite !== 2) throw new SuiteError('The new session is not of suite 2')
})

/** Certificates of a peer before it made a new one. */
const before = new WeakMap<SuiteWorld, Device>()

When('the peer makes a new certificate, and a rekey makes a new session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const { device } = running.peer
  before.set(this, device.copy())
  device.rotate()
  await makeRekey(running)
})

When('the program is killed and started again with its state, while the peer waits', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  peer.duties.rekey = false
  await this.stage.powerCut()
  peer.inbox.takeAll()
})

Then('the program begins again in suite 2', async function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const { type, suite } = await peer.expectHandshake(peer instanceof ScriptedAgent ? 'R1' : 'REKEY_ASK')
  if (suite !== 2) throw new Failed(`The program sends ${type} of suite ${suite}`)
})

Then(
  'the program refuses a rekey with the certificate of before, and takes the new one',
  async function (this: SuiteWorld) {
    const running = runningOf(this)
    const { peer } = running
    const older = before.get(this)
    if (!older) throw new SuiteError('The peer has made no new certificate')
    const cert = await older.cert()
    if (peer instanceof ScriptedAgent) {
      const r1 = await peer.expectHandshake('R1')
      await peer.answerR1(r1, { parts: async ({ share }) => ({ cert, dhs: await share(older.dhPrivate) }) })
      await running.stage.settle()
      if (peer.inbox.waiting.some(({ kind }) => kind === 'handshake')) {
        throw new Failed('The controller answers an R2 with an older certificate')
      }
      await peer.answerR1(r1)
      await peer.expectHandshake('R3')
      return
    }
    await peer.expectHandshake('REKEY_ASK')
    await peer.expectHsError(await peer.sendR1({ parts: () => ({ cert }) }), 'epoch-rollback')
    await peer.sendR1()
    await peer.expectHandshake('R2')
  },
)

Then('a call is made and answered in the new session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const number = running.peer.sessions.length
  await running.call()
  if (running.opened().at(-1)?.sessionNumber !== number) throw new Failed('The program answers in another session')
})

Then('the first message of the program in the new session is "hello"', function (this: SuiteWorld) {
  const { peer } = runningOf(this)
  const number = peer.sessions.length
  const first = peer.heard.find((heard) => 'sessionNumber' in heard && heard.sessionNumber === number)
  if (first?.kind !== 'control' || first.type !== 'hello') {
    throw new Failed(`The program begins the new session with a frame (${first?.kind ?? 'none'})`)
  }
})

When('the relay holds a message of the peer back while a rekey makes a new session', async function (this: SuiteWorld) {
  const running = runningOf(this)
  const probe = await running.sealProbe()
  await makeRekey(running)
  await running.call()
  remember(this, probe)
})

When(
  'the relay holds a message of the peer back while {int} rekeys make new sessions, all within 30 s',
  async function (this: SuiteWorld, count: number) {
    const running = runningOf(this)
    const probe = await running.sealProbe()
    const began = running.program.now()
    for (let i = 0; i < count; i++) {
      await makeRekey(running)
      // pairing.rekey.rate, of an agent; a controller leaves its gap by itself.
      if (!(running.peer instanceof ScriptedAgent)) await running.program.pass(1_500, 1_500)
    }
    const time = running.program.now() - began
    if (time > limits.graceTime) throw new SuiteError(`${count} rekeys have taken ${Math.round(time / 1_000)} s`)
    remember(this, probe)
  },
)

Then('the held message opens at the program when it comes', async function (this: SuiteWorld) {
  const running = runningOf(this)
  running.deliver(newest(this), { late: true })
  await running.expectOpened(newest(this))
})

Then('the held message does not open at the program when it comes', async function (this: SuiteWorld) {
  const running = runningOf(this)
  running.deliver(newest(this), { late: true })
  await running.expectIgnored(newest(this), 'a message of a session that is gone')
})
