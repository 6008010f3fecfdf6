// Steps about rekeys, for an agent and for a controller under test alike.

import { randomBytes } from 'node:crypto'
import { Then, When } from '@cucumber/cucumber'
import { codesAt } from '@happy-remote/schemas/errors.ts'
import { concat } from '@happy-remote/vectors/protocol/bytes.ts'
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
    for (let i = 0; i < count; i++) {
      await makeRekey(running)
      // pairing.rekey.rate, of an agent; a controller leaves its gap by itself.
      if (!(running.peer instanceof ScriptedAgent)) await running.program.pass(1_500, 1_500)
    }
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
