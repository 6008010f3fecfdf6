import assert from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import { equal } from '../crypto/bytes.ts'
import { until } from '../testing/manual-timers.ts'
import { pairingScene } from '../testing/pairing.ts'

type Scene = Awaited<ReturnType<typeof pairingScene>>

const wrong = (digits: string) => (digits === '000000' ? '000001' : '000000')

/** Both wait for the person. */
async function asked(scene: Scene) {
  const offered = await scene.offer()
  const { shown, pairing } = await scene.scan(offered.uri)
  await until(() => shown.digits !== '' && scene.agent.log.includes('ask'), 'both wait for the person')
  return { offered, shown, pairing }
}

const paired = ({ agent, controller }: Scene) =>
  until(() => [agent, controller].every(({ log }) => log.some((line) => line.startsWith('paired'))), 'both are paired')

const inStep = ({ agent, controller }: Scene) => {
  const [a, c] = [agent.connection?.link.session, controller.connection?.link.session]
  return a !== undefined && c !== undefined && equal(a.id, c.id)
}

Deno.test('a pairing ends with a stored record at both ends, names, capabilities and one session', async () => {
  const scene = await pairingScene()
  await scene.pair()
  const { agent, controller } = scene
  assert.deepEqual(agent.log, ['scanned', 'ask', 'stored confirmed', 'paired controller'])
  assert.deepEqual(controller.log, ['stored unconfirmed', 'paired agent'])
  const [a, c] = [agent.store.pairings[0], controller.store.pairings[0]]
  assert.deepEqual([a?.pairingId, a?.pairingKey, a?.suite], [c?.pairingId, c?.pairingKey, c?.suite])
  assert.deepEqual([c?.confirmed, c?.capabilities, a?.capabilities], [true, a?.capabilities, c?.capabilities])
  assert.ok(inStep(scene))
  scene.close()
})

Deno.test('the controller says nothing in the session before a message of it has opened', async () => {
  const scene = await pairingScene()
  const { offered, shown } = await asked(scene)
  assert.ok(!scene.relay.log.includes(0x11))
  await offered.typed(shown.digits)
  await paired(scene)
  scene.close()
})

Deno.test('wrong digits store nothing at the agent, and the third try ends the attempt', async () => {
  const scene = await pairingScene()
  const { offered, shown } = await asked(scene)
  for (let i = 0; i < 3; i++) assert.equal(await offered.typed(wrong(shown.digits)), false)
  await until(() => scene.controller.log.includes('failed sas-mismatch'), 'the controller heard')
  assert.ok(scene.agent.log.includes('failed sas-mismatch'))
  assert.deepEqual(scene.agent.store.pairings, [])
  assert.equal(scene.controller.store.pairings[0]?.confirmed, false)
  assert.equal(await offered.typed(shown.digits), false)
  scene.close()
})

Deno.test('an attempt ends by the expiry of the code, 30 s without M3 and 60 s without digits', async () => {
  const shownScene = await pairingScene()
  await shownScene.offer()
  shownScene.timers.advance(limits.qrTtl + 1_000)
  await until(() => shownScene.agent.log.includes('failed pair-expired'), 'the code expired')

  const noM3 = await pairingScene()
  noM3.relay.pass = (payload) => (payload[1] === 3 ? [] : [payload])
  const offered = await noM3.offer()
  await noM3.scan(offered.uri)
  await until(() => noM3.agent.log.includes('scanned'), 'M1 was answered')
  noM3.timers.advance(limits.m3Time)
  await until(() => noM3.agent.log.includes('failed pair-expired'), 'no M3 came')

  const noDigits = await pairingScene()
  await asked(noDigits)
  // In steps, so that the relay's answers to ping are heard in between.
  await until(() => {
    noDigits.timers.advance(1_000)
    return noDigits.agent.log.includes('failed pair-expired')
  }, 'nobody typed')
  await until(() => noDigits.controller.log.includes('failed rejected'), 'the controller was told')
  for (const scene of [shownScene, noM3, noDigits]) scene.close()
})

Deno.test('a second device with the same code hears pair-busy, and the agent says so', async () => {
  const scene = await pairingScene()
  scene.relay.letsAllThrough = true
  const offered = await scene.offer()
  const scans = await Promise.all([scene.scan(offered.uri), scene.scan(offered.uri)])
  await until(() => scene.agent.log.includes('other device'), 'the agent noticed')
  await until(() => scene.controller.log.includes('failed pair-busy'), 'the second one heard')
  await until(
    () => scans.some(({ shown }) => shown.digits !== '') && scene.agent.log.includes('ask'),
    'the first one waits',
  )
  await offered.typed(scans.map(({ shown }) => shown.digits).join(''))
  await paired(scene)
  scene.close()
})

// pairing.m1.outstanding
Deno.test('with the ninth scan of one controller its oldest attempt is over, and the others wait on', async () => {
  const scene = await pairingScene()
  scene.relay.pass = () => []
  const offered = await scene.offer()
  const scans = []
  for (let i = 0; i < limits.bundles; i++) scans.push(await scene.scan(offered.uri))
  assert.deepEqual(scene.controller.log, [])
  scans.push(await scene.scan(offered.uri))
  assert.deepEqual(scene.controller.log, ['failed timeout'])
  scans[3]?.pairing.cancel()
  scans.push(await scene.scan(offered.uri))
  assert.deepEqual(scene.controller.log, ['failed timeout', 'failed rejected'])
  for (const { pairing } of scans) pairing.cancel()
  scene.close()
})

Deno.test('a controller without an answer sends the same M1 again after 15 s and ends after 30 s', async () => {
  const scene = await pairingScene()
  const sent: Uint8Array[] = []
  scene.relay.pass = (payload) => {
    sent.push(payload)
    return []
  }
  const offered = await scene.offer()
  await scene.scan(offered.uri)
  await until(() => sent.length === 1, 'M1 was sent')
  scene.timers.advance(limits.m1Resend)
  await until(() => sent.length === 2, 'M1 was sent again')
  assert.deepEqual(sent[0], sent[1])
  scene.timers.advance(limits.m1Resend)
  await until(() => scene.controller.log.includes('failed timeout'), 'it has ended')
  assert.deepEqual([sent.length, scene.controller.store.pairings], [2, []])
  scene.close()
})

Deno.test('M3 is sent again, unchanged, after 2, 4, 8 and 16 s, and arrives late enough to pair', async () => {
  const scene = await pairingScene()
  const sent: { at: number; payload: Uint8Array }[] = []
  scene.relay.pass = (payload) => {
    if (payload[1] !== 3) return [payload]
    sent.push({ at: scene.timers.monotonic(), payload })
    return sent.length === 5 ? [payload] : []
  }
  const offered = await scene.offer()
  const { shown } = await scene.scan(offered.uri)
  await until(() => sent.length === 1, 'M3 was sent')
  for (let second = 0; second < 16; second++) {
    scene.timers.advance(1_000)
    await until(() => sent.length === [2, 4, 8, 16].filter((at) => at <= second + 1).length + 1, 'M3 was sent again')
  }
  assert.deepEqual(
    sent.map(({ at }) => at - (sent[0]?.at ?? 0)),
    [0, 2_000, 4_000, 8_000, 16_000],
  )
  assert.ok(sent.every(({ payload }) => equal(payload, sent[0]?.payload as Uint8Array)))
  await until(() => scene.agent.log.includes('ask'), 'the agent asks')
  await offered.typed(shown.digits)
  await paired(scene)
  scene.close()
})

Deno.test('a connection that is lost at any step is made again, and the pairing goes on', async () => {
  for (const lost of [1, 2, 3, 16] as const) {
    const scene = await pairingScene()
    let cut = false
    scene.relay.pass = (payload) => {
      if (cut || payload[1] !== lost) return [payload]
      cut = true
      queueMicrotask(() => scene.relay.cut())
      return []
    }
    const offered = await scene.offer()
    const { shown } = await scene.scan(offered.uri)
    const moving = (condition: () => boolean, what: string) =>
      until(() => {
        if (!condition()) scene.timers.advance(100)
        return condition()
      }, what)
    await moving(() => shown.digits !== '' && scene.agent.log.includes('ask'), `both wait after ${lost} was lost`)
    await offered.typed(shown.digits)
    await moving(() => scene.controller.log.includes('paired agent'), `the controller is paired after ${lost} was lost`)
    await moving(() => scene.agent.log.some((line) => line.startsWith('paired')), 'so is the agent')
    assert.ok(inStep(scene))
    scene.close()
  }
})

Deno.test('an agent that hears no pair.ack says pair.complete every 2 s for 10 s, and is paired all the same', async () => {
  const scene = await pairingScene()
  const { offered, shown } = await asked(scene)
  let completes = 0
  scene.relay.pass = (payload) => {
    if (payload[1] === 0x10) completes++
    return payload[1] === 0x11 ? [] : [payload]
  }
  await offered.typed(shown.digits)
  await until(() => completes >= 1, 'it was said')
  for (let second = 0; second < 10; second++) {
    scene.timers.advance(1_000)
    await until(() => completes >= 1 + Math.floor(Math.min(second + 1, 9) / 2), 'it was said again')
  }
  await until(() => scene.agent.log.includes('paired '), 'the agent is paired')
  assert.equal(scene.controller.store.pairings[0]?.confirmed, true)
  scene.close()
})

Deno.test('a controller that was killed while it showed the digits confirms its record by a rekey', async () => {
  const scene = await pairingScene()
  const { offered, shown, pairing } = await asked(scene)
  pairing.cancel()
  scene.controller.connection?.close()
  await offered.typed(shown.digits)
  scene.controller.start()
  await until(() => {
    scene.timers.advance(1_000)
    return scene.controller.store.pairings[0]?.confirmed === true && inStep(scene)
  }, 'the record is confirmed')
  scene.close()
})

Deno.test('a controller that hears no pair.complete rekeys after 90 s, and gives an unconfirmed record up after 10 min', async () => {
  const scene = await pairingScene()
  const { offered, shown } = await asked(scene)
  scene.relay.pass = (payload) => (payload[1] === 0x10 ? [] : [payload])
  await offered.typed(shown.digits)
  await until(() => scene.relay.log.includes(0x10), 'the agent said it')
  assert.ok(!scene.relay.log.includes(4))
  scene.timers.advance(limits.completeTime - 1_000)
  assert.ok(!scene.relay.log.includes(4))
  await until(() => {
    scene.timers.advance(1_000)
    return scene.relay.log.includes(4)
  }, 'R1 was sent')
  scene.close()

  const alone = await pairingScene()
  await asked(alone)
  alone.timers.advance(limits.unconfirmedTtl - 1_000)
  assert.ok(!alone.controller.log.includes('unconfirmed'))
  await until(() => {
    alone.timers.advance(1_000)
    return alone.controller.log.includes('unconfirmed')
  }, 'the record was given up')
  alone.close()
})

Deno.test('a cancelled attempt tells the controller, and one that nobody scanned is silent', async () => {
  const scene = await pairingScene()
  const { offered } = await asked(scene)
  await offered.cancel()
  await until(() => scene.controller.log.includes('failed rejected'), 'the controller heard')
  const silent = await pairingScene()
  await (await silent.offer()).cancel()
  assert.deepEqual([silent.relay.log, silent.agent.log], [[], ['failed rejected']])
  scene.close()
})

Deno.test('both suites are chosen as the two ends have them', async () => {
  for (const [suites, supported, suite] of [
    [1, 3, 1],
    [3, 1, 1],
    [3, 3, 2],
  ] as const) {
    const scene = await pairingScene({ suites, supported })
    const offered = await scene.offer()
    const { shown } = await scene.scan(offered.uri)
    await until(() => shown.digits !== '' && scene.agent.log.includes('ask'), 'both wait')
    await offered.typed(shown.digits)
    await paired(scene)
    assert.equal(scene.agent.store.pairings[0]?.suite, suite)
    scene.close()
  }
})
