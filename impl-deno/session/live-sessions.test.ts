import assert from 'node:assert/strict'
import { utf8 } from '../crypto/bytes.ts'
import { type Devices, ManualClock, newDevices, pair, rekey } from '../testing/devices.ts'
import { LiveSessions } from './live-sessions.ts'
import { Session } from './session.ts'

const hello = { contentType: 'control' as const, content: utf8('{"type":"hello"}'), fresh: new Uint8Array(8) }
const say = (live: LiveSessions) => (live.current as Session).send(hello)

/** Two paired devices with their first session, and rekeys on demand. */
async function paired() {
  const devices: Devices = await newDevices()
  const clock = new ManualClock()
  const first = await pair(devices)
  const agent = new LiveSessions('agent', clock)
  const controller = new LiveSessions('controller', clock)
  agent.switchTo(await Session.start(first.agent, { clock }))
  controller.switchTo(await Session.start(first.controller, { clock }))
  const next = async (suite: 1 | 2 = 1) => {
    const again = await rekey(first, devices, suite)
    return {
      agent: await Session.start(again.agent, { clock }),
      controller: await Session.start(again.controller, { clock }),
    }
  }
  return { agent, controller, clock, next }
}

Deno.test('a rekey loses nothing that is in flight and switches the controller with the first message', async () => {
  const { agent, controller, next } = await paired()
  const inFlight = [await say(agent), await say(controller)] as const
  const sessions = await next(2)
  controller.await(sessions.controller)
  const old = controller.current
  agent.switchTo(sessions.agent)
  const first = await say(agent)
  assert.equal(controller.current, old)
  const opened = await controller.receive(first)
  assert.deepEqual([opened.switched, opened.session, opened.order], [true, sessions.controller, 1])
  assert.deepEqual([controller.current, controller.waiting, controller.size], [sessions.controller, undefined, 2])
  assert.equal((await controller.receive(inFlight[0])).switched, false)
  assert.equal((await agent.receive(inFlight[1])).late, false)
})

Deno.test('an agent calls everything of the older session late once it has heard the new one', async () => {
  const { agent, controller, next } = await paired()
  const before = await say(controller)
  const after = await say(controller)
  const sessions = await next()
  controller.await(sessions.controller)
  agent.switchTo(sessions.agent)
  await controller.receive(await say(agent))
  assert.equal((await agent.receive(before)).late, false)
  await agent.receive(await say(controller))
  assert.equal((await agent.receive(after)).late, true)
})

Deno.test('a replaced session ends after 30 s, and so does one that waits in vain', async () => {
  const { agent, controller, clock, next } = await paired()
  const old = await say(controller)
  const sessions = await next()
  controller.await(sessions.controller)
  agent.switchTo(sessions.agent)
  const unheard = await say(agent)
  clock.advance(29_999)
  assert.equal(controller.waiting, sessions.controller)
  clock.advance(1)
  await assert.rejects(agent.receive(old), { code: 'header' })
  await assert.rejects(controller.receive(unheard), { code: 'header' })
  assert.deepEqual([agent.size, controller.size], [1, 1])
})

Deno.test('no more than three sessions are kept, a waiting one included', async () => {
  const { agent, controller, next } = await paired()
  const oldest = await say(controller)
  for (let i = 0; i < 2; i++) {
    const sessions = await next()
    controller.await(sessions.controller)
    agent.switchTo(sessions.agent)
    await controller.receive(await say(agent))
  }
  assert.deepEqual([agent.size, controller.size], [3, 3])
  const sessions = await next()
  controller.await(sessions.controller)
  assert.equal(controller.size, 3)
  agent.switchTo(sessions.agent)
  await assert.rejects(agent.receive(oldest), { code: 'header' })
})

Deno.test('receive() refuses a message above 262,224 bytes, whatever its version', async () => {
  const { agent } = await paired()
  await assert.rejects(agent.receive(new Uint8Array(262_225)), { code: 'length' })
  await assert.rejects(agent.receive(new Uint8Array(262_224)), { code: 'version' })
})

Deno.test('receive() refuses what comes back from where it was sent', async () => {
  const { agent } = await paired()
  await assert.rejects(agent.receive(await say(agent)), { code: 'direction' })
})
