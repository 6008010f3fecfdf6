import assert from 'node:assert/strict'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import { random } from '../crypto/primitives.ts'
import { ManualClock, newCode, newDevices } from '../testing/devices.ts'
import { type AttemptStep, PairingAttempt } from './attempt.ts'
import { acceptAnswer, startHandshake } from './handshake-controller.ts'
import { readHsError, sealHsError } from './hs-error.ts'
import { pairingRun } from './run.ts'
import { openHandshake } from './wrap.ts'

const devices = await newDevices()

async function scene() {
  const clock = new ManualClock()
  const code = newCode(devices.agent, clock.wall() / 1_000)
  const attempt = new PairingAttempt({ ...code, identity: devices.agent, known: () => null }, clock)
  const run = pairingRun(code.payload, code.pairingSecret)
  const { routeId, controller: identity } = devices
  const begin = () => startHandshake(run, { suite: 2, supported: 3, routeId, identity })
  const started = await begin()
  const send = (frame: Uint8Array) => attempt.receive(frame, routeId)
  const finish = async (step: AttemptStep) => {
    assert.ok(step.kind === 'answered')
    const answer = await openHandshake(step.reply, run.secret, [HANDSHAKE_TYPES.M2])
    return acceptAnswer(started, answer, { deviceId: devices.agent.deviceId, known: null })
  }
  /** What an HS_ERROR says about `answered`. */
  const heard = async (reply: Uint8Array | null, answered: Uint8Array) =>
    reply && readHsError(await openHandshake(reply, run.secret, [HANDSHAKE_TYPES.HS_ERROR]), [answered])?.code
  return { attempt, begin, clock, code, finish, heard, run, send, started }
}

const refusal = (step: AttemptStep) => (step.kind === 'refused' ? step.error.code : step.kind)

Deno.test('an attempt ends with the right digits, spaces or not', async () => {
  const { attempt, finish, send, started } = await scene()
  const { finish: m3, established } = await finish(await send(started.request))
  assert.equal((await send(m3)).kind, 'verified')
  const { digits } = established
  assert.deepEqual(await attempt.typed(`${digits?.slice(0, 3)} ${digits?.slice(3)}`), { right: true, reply: null })
})

Deno.test('of 4 M1 at the same time one takes the code, whatever is wrong with it, and the others hear pair-busy', async () => {
  const { begin, heard, send } = await scene()
  const requests = await Promise.all(Array.from({ length: 4 }, async () => (await begin()).request))
  const steps = await Promise.all(requests.map(send))
  assert.deepEqual(steps.map(refusal), ['answered', 'pair-busy', 'pair-busy', 'pair-busy'])
  const last = steps[3] as Extract<AttemptStep, { kind: 'refused' }>
  assert.equal(await heard(last.reply, requests[3] as Uint8Array), 'pair-busy')
})

Deno.test('an M1 from another route ends the attempt with rejected', async () => {
  const { attempt, heard, send, started } = await scene()
  const step = await attempt.receive(started.request, random(16))
  assert.equal(refusal(step), 'route-mismatch')
  assert.equal(await heard(step.kind === 'refused' ? step.reply : null, started.request), 'rejected')
  assert.equal(attempt.state, 'over')
  assert.deepEqual(
    [refusal(await send(started.request)), (await send(started.request)).kind],
    ['pair-expired', 'refused'],
  )
})

Deno.test('a code is given up after 20 frames that do not open, and not before', async () => {
  const { attempt, send, started } = await scene()
  const garbage = started.request.with(40, (started.request[40] as number) ^ 1)
  for (let i = 0; i < 19; i++) assert.equal(refusal(await send(garbage)), 'decrypt')
  assert.equal(attempt.state, 'shown')
  await send(new Uint8Array(3))
  assert.equal(attempt.state, 'over')
})

Deno.test('the expiry of a code ends its showing, and no attempt that has begun', async () => {
  const late = await scene()
  late.clock.advance(120_001)
  const step = await late.send(late.started.request)
  assert.deepEqual([refusal(step), step.kind === 'refused' && step.reply], ['pair-expired', null])

  const begun = await scene()
  const first = await begun.send(begun.started.request)
  begun.clock.advance(120_001)
  const again = await begun.send(begun.started.request)
  assert.ok(first.kind === 'answered' && again.kind === 'answered')
  assert.deepEqual([again.repeated, again.reply], [true, first.reply])
})

Deno.test('the third wrong try ends the attempt with sas-mismatch, in answer to M3', async () => {
  const { attempt, finish, heard, send, started } = await scene()
  const { finish: m3, established } = await finish(await send(started.request))
  await send(m3)
  const wrong = established.digits === '000000' ? '000001' : '000000'
  for (let i = 0; i < 2; i++) assert.deepEqual(await attempt.typed(wrong), { right: false, reply: null })
  const { reply } = await attempt.typed(wrong)
  assert.equal(await heard(reply, m3), 'sas-mismatch')
  assert.equal((await attempt.typed(established.digits as string)).right, false)
})

Deno.test('a repeated M3 changes nothing, and an HS_ERROR for M2 ends the attempt', async () => {
  const { attempt, finish, run, send, started } = await scene()
  const answered = await send(started.request)
  const { finish: m3 } = await finish(answered)
  await send(m3)
  assert.equal(refusal(await send(m3)), 'type')
  assert.equal(attempt.state, 'verified')
  assert.equal(refusal(await send(await sealHsError(m3, 'rejected', run.secret))), 'type')
  assert.equal(attempt.state, 'verified')
  assert.ok(answered.kind === 'answered')
  assert.equal(refusal(await send(await sealHsError(answered.reply, 'rejected', run.secret))), 'rejected')
  assert.equal(attempt.state, 'over')
})
