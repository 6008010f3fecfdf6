import assert from 'node:assert/strict'
import { HANDSHAKE_TYPES } from '@happy-remote/schemas/pairing.ts'
import { acceptAnswer, startHandshake } from '../session/handshake-controller.ts'
import { readHsError } from '../session/hs-error.ts'
import { rekeyRun } from '../session/run.ts'
import { openHandshake } from '../session/wrap.ts'
import { ManualClock, newDevices, pair } from '../testing/devices.ts'
import { AgentRekeys, type EarlyBundle, type RekeyStep } from './rekey-agent.ts'

const devices = await newDevices()
const { agent, controller } = await pair(devices)
const run = rekeyRun(agent.keys.pairingKey as Uint8Array, agent.keys.sessionId)
const { R1, R2, R3, HS_ERROR } = HANDSHAKE_TYPES

function scene({ lastSuite = 1 } = {}) {
  const clock = new ManualClock()
  const pairing = { supported: 3, lastSuite, peer: agent.peer, peerRoute: devices.routeId, identity: devices.agent }
  const rekeys = new AgentRekeys(run, () => pairing, clock)
  /** A run of the controller, as far as R3. */
  const begin = async (suite: 1 | 2 = 2) => {
    const start = { suite, supported: 3, routeId: devices.routeId, identity: devices.controller }
    const started = await startHandshake(run, start)
    const bundle = async () => rekeys.bundle(await openHandshake(started.request, run.secret, [R1]))
    const finish = async (step: RekeyStep | EarlyBundle) => {
      assert.ok(step.kind === 'reply' && !step.refused)
      const answer = await openHandshake(step.reply, run.secret, [R2])
      const expected = { deviceId: devices.agent.deviceId, known: controller.peer }
      return openHandshake((await acceptAnswer(started, answer, expected)).finish, run.secret, [R3])
    }
    return { bundle, finish, request: started.request }
  }
  return { begin, clock, rekeys }
}

Deno.test('a repeated R1 is answered with the identical R2, and a different one is early for 1 s', async () => {
  const { begin, clock } = scene()
  const [one, other] = [await begin(), await begin()]
  const first = await one.bundle()
  assert.deepEqual(await one.bundle(), first)
  clock.advance(999)
  assert.deepEqual(await other.bundle(), { kind: 'early', wait: 1 })
  clock.advance(1)
  assert.equal((await other.bundle()).kind, 'reply')
})

Deno.test('an R3 is tried against the last 4 runs of 30 s, and ignored where none is kept', async () => {
  const { begin, clock, rekeys } = scene()
  const finishes = []
  for (let i = 0; i < 5; i++) {
    const next = await begin()
    finishes.push(await next.finish(await next.bundle()))
    clock.advance(1_000)
  }
  const oldest = await rekeys.finish(finishes[0] as (typeof finishes)[0])
  assert.ok(oldest.kind === 'reply')
  assert.equal(oldest.refused?.code, 'confirm')
  const hsError = await openHandshake(oldest.reply, run.secret, [HS_ERROR])
  assert.equal(readHsError(hsError, [(finishes[0] as (typeof finishes)[0]).frame])?.code, 'rejected')
  assert.equal((await rekeys.finish(finishes[1] as (typeof finishes)[0])).kind, 'established')
  clock.advance(30_000)
  assert.equal((await rekeys.finish(finishes[4] as (typeof finishes)[0])).kind, 'nothing')
})

Deno.test('an R3 that was held back does not displace the session of a later run', async () => {
  const { begin, clock, rekeys } = scene()
  const earlier = await begin()
  const held = await earlier.finish(await earlier.bundle())
  clock.advance(1_000)
  const later = await begin()
  const finish = await later.finish(await later.bundle())
  assert.equal((await rekeys.finish(finish)).kind, 'established')
  assert.equal((await rekeys.finish(held)).kind, 'nothing')
})

Deno.test('a repeated R3 of the current session asks for another hello', async () => {
  const { begin, rekeys } = scene()
  const next = await begin()
  const finish = await next.finish(await next.bundle())
  assert.equal((await rekeys.finish(finish)).kind, 'established')
  assert.equal((await rekeys.finish(finish)).kind, 'again')
})

Deno.test('an R1 of a lower suite than both have, or than the last one, is answered with suite-downgrade', async () => {
  for (const lastSuite of [1, 2]) {
    const { begin } = scene({ lastSuite })
    const low = await begin(1)
    const step = await low.bundle()
    assert.ok(step.kind === 'reply')
    const hsError = await openHandshake(step.reply, run.secret, [HS_ERROR])
    assert.equal(readHsError(hsError, [low.request])?.code, 'suite-downgrade')
  }
})
