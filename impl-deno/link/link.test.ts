import assert from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import { utf8 } from '../crypto/bytes.ts'
import { linked, until } from '../testing/linked.ts'

type Scene = Awaited<ReturnType<typeof linked>>

const exchange = async ({ ends }: Scene, text: string) => {
  await ends.controller.link.send('rpc', utf8(`${text} there`))
  await ends.agent.link.send('rpc', utf8(`${text} back`))
  await until(() => ends.agent.said.includes(`${text} there`), `the agent heard ${text}`)
  await until(() => ends.controller.said.includes(`${text} back`), `the controller heard ${text}`)
}

Deno.test('two links say hello, and every request echoes a challenge that is fresh', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'one')
  await scene.settle()
  await exchange(scene, 'two')
  const { frame } = scene.ends.agent.received.at(-1) as { frame: { fresh: Uint8Array } | null }
  assert.equal(scene.ends.agent.link.challenges.check(frame?.fresh as Uint8Array), 0)
  scene.close()
})

Deno.test('an agent that restarted asks, and both have one new session without the person', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'before')
  await scene.settle()
  scene.disconnect()
  scene.timers.advance(limits.rekeyAskQuiet)
  await scene.restart('agent')
  scene.connect()
  await until(scene.inStep, 'both have the same session')
  await exchange(scene, 'after')
  assert.ok(scene.relay.log.includes('agent REKEY_ASK'))
  assert.deepEqual(scene.ends.controller.stored, [{ suite: 1 }])
  scene.close()
})

Deno.test('a quick restart of the agent is noticed too, by the next REKEY_ASK', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'before')
  await scene.restart('agent')
  scene.ends.agent.link.bound()
  scene.ends.agent.link.presence(true)
  await until(() => scene.relay.log.includes('agent REKEY_ASK'), 'the agent asked')
  await scene.settle()
  assert.ok(!scene.relay.log.includes('controller R1'))
  scene.timers.advance(limits.rekeyGap)
  await until(scene.inStep, 'both have the same session')
  scene.close()
})

Deno.test('an agent that was gone a moment after it was heard has a new session at once', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'before')
  await scene.settle()
  scene.disconnect()
  await scene.restart('agent')
  scene.connect()
  await until(scene.inStep, 'both have the same session')
  await exchange(scene, 'after')
  scene.close()
})

Deno.test('what came of an agent before the relay said that it is gone brings it not back', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'before')
  await scene.settle()
  const { controller, agent } = scene.ends
  let last: Promise<void> | undefined
  scene.relay.pass = (_to, payload) => {
    last = controller.link.frame(payload)
    controller.link.presence(false)
    return []
  }
  await agent.link.send('rpc', utf8('the last word'))
  await last
  assert.ok(controller.said.includes('the last word'))
  assert.ok(controller.link.away)
  scene.close()
})

Deno.test('two links without a session make one when they meet', async () => {
  const scene = await linked({ sessions: false })
  scene.connect()
  await until(scene.inStep, 'both have the same session')
  await exchange(scene, 'first')
  assert.equal(scene.relay.log.filter((line) => line === 'controller R1').length, 1)
  scene.close()
})

for (const lost of ['R1', 'R2', 'R3', 'first hello'] as const) {
  Deno.test(`a rekey survives the loss of its ${lost}`, async () => {
    const scene = await linked({ sessions: false })
    let dropped = 0
    const number = { R1: 4, R2: 5, R3: 6, 'first hello': 16 }[lost]
    scene.relay.pass = (_to, payload) => (payload[1] === number && dropped++ === 0 ? [] : [payload])
    scene.connect()
    await until(() => dropped > 0, `${lost} was lost`)
    await scene.settle()
    // As long as a few more rekeys may take, where the machine is slower than this clock.
    for (let time = 0; time < 600_000 && !scene.inStep(); time += 1_000) {
      scene.timers.advance(1_000)
      await scene.settle()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await until(scene.inStep, 'both have the same session')
    await exchange(scene, 'after all')
    scene.close()
  })
}

Deno.test('a cable unplugged right after R3 does not leave two sessions that never meet', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'before')
  scene.relay.pass = (to, payload) => (to === 'controller' && payload[1] === 16 ? [] : [payload])
  scene.ends.controller.link.rekey()
  await until(() => scene.ends.agent.switches === 1, 'the agent switched')
  await scene.settle()
  scene.disconnect()
  scene.timers.advance(31_000)
  scene.relay.pass = (_to, payload) => [payload]
  scene.connect()
  await until(() => {
    scene.timers.advance(1_000)
    return scene.inStep()
  }, 'both have the same session')
  await exchange(scene, 'after')
  scene.close()
})

Deno.test('a network that stays away after R3 for longer than the next rekey takes is survived too', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'before')
  scene.relay.pass = (to, payload) => (to === 'controller' && payload[1] === 16 ? [] : [payload])
  scene.ends.controller.link.rekey()
  await until(() => scene.ends.agent.switches === 1, 'the agent switched')
  await scene.settle()
  scene.disconnect()
  scene.relay.log.length = 0
  const sent = () => scene.relay.log.filter((line) => line === 'controller R1').length
  for (const run of [1, 2]) {
    await until(() => {
      scene.timers.advance(1_000)
      return sent() === run
    }, 'R1 was sent into the void')
  }
  scene.relay.pass = (_to, payload) => [payload]
  scene.connect()
  await until(() => {
    scene.timers.advance(1_000)
    return scene.inStep()
  }, 'both have the same session')
  await exchange(scene, 'after')
  scene.close()
})

Deno.test('a hello for which the window has no room leads to a rekey', async () => {
  for (const role of ['agent', 'controller'] as const) {
    const scene = await linked()
    scene.connect()
    await exchange(scene, 'one')
    await scene.settle()
    const { link } = scene.ends[role]
    const full = limits.window + limits.windowControl
    scene.relay.pass = () => []
    while ((link.session?.outstanding ?? full) < full) await link.control({ type: 'ack' })
    scene.relay.pass = (_to, payload) => (payload[1] === (role === 'agent' ? 17 : 16) ? [] : [payload])
    await until(() => {
      scene.timers.advance(1_000)
      return scene.ends.agent.switches > 0
    }, `the hello of the ${role} found no room and a new session began`)
    scene.relay.pass = (_to, payload) => [payload]
    scene.close()
  }
})

Deno.test('a rekey while both talk loses nothing and repeats nothing', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'before')
  const sends = Array.from({ length: 40 }, async (_, i) => {
    if (i === 10) scene.ends.controller.link.rekey()
    await scene.ends.agent.link.send('rpc', utf8(`a${i}`))
    await scene.ends.controller.link.send('rpc', utf8(`c${i}`))
  })
  await Promise.all(sends)
  await until(() => scene.ends.agent.switches === 1 && scene.ends.controller.switches === 1, 'both switched')
  await scene.settle()
  for (const [role, letter] of [
    ['controller', 'a'],
    ['agent', 'c'],
  ] as const) {
    const heard = scene.ends[role].said.filter((text) => text.startsWith(letter) && /[0-9]$/.test(text))
    assert.deepEqual(heard.toSorted(), Array.from({ length: 40 }, (_, i) => `${letter}${i}`).toSorted())
  }
  scene.close()
})

Deno.test('a frame that is repeated or changed by the relay is refused in silence', async () => {
  const scene = await linked()
  scene.relay.pass = (_to, payload) => [payload, payload, payload.with(-1, (payload.at(-1) as number) ^ 1)]
  scene.connect()
  await exchange(scene, 'one')
  await scene.settle()
  assert.equal(scene.ends.agent.said.filter((text) => text === 'one there').length, 1)
  assert.deepEqual([...new Set(scene.ends.agent.refused)], ['replay'])
  scene.close()
})

Deno.test('content waits while the window is full and goes on with the acknowledgement', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'one')
  const sends = Array.from({ length: 300 }, (_, i) => scene.ends.agent.link.send('rpc', utf8(`m${i}`)))
  await Promise.all(sends)
  await until(() => scene.ends.controller.said.includes('m299'), 'all arrived')
  const heard = scene.ends.controller.said.filter((text) => text.startsWith('m'))
  assert.deepEqual(
    heard,
    Array.from({ length: 300 }, (_, i) => `m${i}`),
  )
  scene.close()
})

Deno.test('an idle pairing stays present, and one that owes an acknowledgement for 10 s is away', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'one')
  const { agent, controller } = scene.ends
  await until(() => {
    scene.timers.advance(limits.ackDelay)
    return !agent.link.session?.unanswered && !controller.link.session?.unanswered
  }, 'all is acknowledged')
  scene.timers.advance(20_000)
  assert.deepEqual([agent.link.away, controller.link.away], [false, false])
  scene.relay.pass = () => []
  await agent.link.send('rpc', utf8('lost'))
  scene.timers.advance(limits.ackStall)
  assert.equal(agent.link.away, true)
  scene.close()
})

Deno.test('a peer of which frames still come is not away, whatever it acknowledges', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'one')
  await scene.settle()
  const { agent, controller } = scene.ends
  scene.relay.pass = (to, payload) => (to === 'controller' ? [] : [payload])
  await agent.link.send('rpc', utf8('lost'))
  scene.timers.advance(limits.ackStall - 1_000)
  await controller.link.send('rpc', utf8('still here'))
  await until(() => agent.said.includes('still here'), 'the agent heard')
  await scene.settle()
  scene.timers.advance(limits.ackStall - 1_000)
  assert.equal(agent.link.away, false)
  scene.timers.advance(1_000)
  assert.equal(agent.link.away, true)
  scene.close()
})

Deno.test('a peer that fell silent is heard before anything but hello goes to it, whatever the relay says', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'one')
  const { agent, controller } = scene.ends
  scene.relay.pass = () => []
  await agent.link.send('rpc', utf8('lost'))
  scene.timers.advance(limits.ackStall)
  void agent.link.send('rpc', utf8('waiting'))
  scene.disconnect()
  scene.connect()
  await scene.settle()
  assert.equal(agent.link.away, true)
  scene.relay.pass = (_to, payload) => [payload]
  await controller.link.send('rpc', utf8('here'))
  await until(() => controller.said.includes('waiting'), 'what waited has come')
  scene.close()
})

Deno.test('nothing goes before the hello of a new session', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'one')
  const before = [scene.ends.agent.link.session, scene.ends.controller.link.session]
  scene.ends.controller.link.rekey()
  // Whatever the moment in which something is to be sent, it finds the session that is current.
  for (let i = 0; i < 100 || !scene.inStep() || before.includes(scene.ends.agent.link.session); i++) {
    await scene.ends.agent.link.send('rpc', utf8(`agent ${i}`))
    await scene.ends.controller.link.send('rpc', utf8(`controller ${i}`))
  }
  await scene.settle()
  for (const role of ['agent', 'controller'] as const) {
    const first = scene.ends[role].opened.find(({ session }) => !before.includes(session))
    assert.match(new TextDecoder().decode(first?.frame?.content), /"hello"/)
  }
  scene.close()
})

Deno.test('a controller says nothing but hello to an agent that is back before that has spoken, and then echoes what it said', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'one')
  await scene.settle()
  scene.disconnect()
  const held: Uint8Array[] = []
  scene.relay.pass = (to, payload) => (to === 'controller' && held.push(payload) ? [] : [payload])
  scene.connect()
  const { agent, controller } = scene.ends
  const sent = controller.link.send('rpc', utf8('a request'))
  await until(() => held.length > 0, 'the agent has spoken')
  await scene.settle()
  assert.equal(agent.said.includes('a request'), false)
  scene.relay.pass = (_to, payload) => [payload]
  for (const payload of held) await controller.link.frame(payload)
  await sent
  await until(() => agent.said.includes('a request'), 'the request has arrived')
  assert.equal(agent.link.challenges.check(agent.received.at(-1)?.frame?.fresh as Uint8Array), 0)
  scene.close()
})

Deno.test('an agent that seems to be there and says nothing gets the request after 5 s', async () => {
  const scene = await linked()
  scene.connect()
  await exchange(scene, 'one')
  await scene.settle()
  scene.disconnect()
  scene.relay.pass = (to, payload) => (to === 'controller' ? [] : [payload])
  scene.connect()
  const { agent, controller } = scene.ends
  const sent = controller.link.send('rpc', utf8('a request'))
  // What is not kept back goes before this.
  await controller.link.control({ type: 'ack' })
  scene.timers.advance(4_999)
  await controller.link.control({ type: 'ack' })
  await scene.settle()
  assert.equal(agent.said.includes('a request'), false)
  scene.timers.advance(1)
  await sent
  await until(() => agent.said.includes('a request'), 'the request has arrived')
  scene.close()
})

Deno.test('an upgrade of both ends to suite 0x0002 leads to a rekey by itself', async () => {
  const scene = await linked({ supported: { agent: 3, controller: 3 } })
  scene.connect()
  await until(() => scene.ends.controller.link.session?.suite === 2, 'the controller has a session of suite 2')
  await until(() => scene.ends.agent.stored.length === 1, 'the agent has stored it')
  scene.close()
})

Deno.test('an end without suite 0x0002 stays with the suite that both have', async () => {
  const scene = await linked({ sessions: false, supported: { agent: 1, controller: 3 } })
  scene.connect()
  await until(scene.inStep, 'both have the same session')
  assert.equal(scene.ends.agent.link.session?.suite, 1)
  await exchange(scene, 'one')
  scene.close()
})

Deno.test('a controller that chose too low a suite tries the next one at once', async () => {
  const scene = await linked({ sessions: false, supported: { agent: 3, controller: 3 } })
  scene.connect()
  await until(scene.inStep, 'both have the same session')
  assert.equal(scene.ends.agent.link.session?.suite, 2)
  const log = scene.relay.log.filter((line) => /R1|HS_ERROR/.test(line))
  assert.deepEqual(log, ['controller R1', 'agent HS_ERROR', 'controller R1'])
  scene.close()
})

Deno.test('R1 is sent again, unchanged, 2, 4, 8 and 16 s after its first sending, and another one follows where it failed', async () => {
  const scene = await linked({ sessions: false })
  const sent: { at: number; payload: Uint8Array }[] = []
  scene.relay.pass = (_to, payload) => {
    if (payload[1] === 4) sent.push({ at: scene.timers.monotonic(), payload })
    return payload[1] === 4 ? [] : [payload]
  }
  scene.connect()
  await until(() => sent.length === 1, 'R1 was sent')
  const first = sent[0] as (typeof sent)[0]
  for (let second = 0; second < 29; second++) scene.timers.advance(1_000)
  assert.deepEqual(
    sent.map(({ at }) => at - first.at),
    [0, 2_000, 4_000, 8_000, 16_000],
  )
  for (const { payload } of sent) assert.deepEqual(payload, first.payload)
  await until(() => {
    scene.timers.advance(1_000)
    return sent.length > 5
  }, 'another rekey has begun')
  assert.notDeepEqual(sent[5]?.payload, first.payload)
  scene.close()
})

Deno.test('R3 is sent again 1, 2, 4 and 8 s after its first sending', async () => {
  const scene = await linked({ sessions: false })
  const times: number[] = []
  let first = 0
  scene.relay.pass = (_to, payload) => {
    if (payload[1] !== 6) return [payload]
    first ||= scene.timers.monotonic()
    times.push(scene.timers.monotonic() - first)
    return []
  }
  scene.connect()
  await until(() => times.length === 1, 'R3 was sent')
  for (let time = 0; time < 20; time++) scene.timers.advance(1_000)
  assert.deepEqual(times, [0, 1_000, 2_000, 4_000, 8_000])
  scene.close()
})

Deno.test('no challenge outlives its relay connection, and none a machine that slept', async () => {
  for (const end of ['reconnect', 'sleep'] as const) {
    const scene = await linked()
    scene.connect()
    await exchange(scene, 'one')
    await scene.settle()
    await exchange(scene, 'two')
    await scene.settle()
    const { challenges } = scene.ends.agent.link
    const fresh = scene.ends.agent.received.at(-1)?.frame?.fresh as Uint8Array
    assert.equal(challenges.check(fresh), 0)
    if (end === 'reconnect') {
      scene.disconnect()
      scene.connect()
    } else {
      scene.timers.advance(0, 5_001)
      await exchange(scene, 'three')
    }
    assert.throws(() => challenges.check(fresh), { code: 'stale' })
    await scene.settle()
    await exchange(scene, 'four')
    await scene.settle()
    await exchange(scene, 'five')
    challenges.check(scene.ends.agent.received.at(-1)?.frame?.fresh as Uint8Array)
    scene.close()
  }
})
