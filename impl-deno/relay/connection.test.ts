import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Client, newRoute, type RouteKey, routed, WAIT } from './testing/client.ts'
import { relayTest } from './testing/subject.ts'

async function isEnded(client: Client, code: string, close: number): Promise<void> {
  equal((await client.take('error')).code, code)
  equal((await client.ended()).code, close)
}

relayTest('a ping is answered with its timestamp, before and after a bind', {}, async (relay) => {
  const client = await relay.open()
  for (const timestamp of [0, -1, 1_700_000_000_000, Number.MAX_SAFE_INTEGER]) {
    client.send({ type: 'ping', timestamp })
    deepEqual(await client.take('pong'), { type: 'pong', timestamp })
  }
  await client.bind(await newRoute(), null, relay.origin)
  client.send({ type: 'ping', timestamp: 5 })
  deepEqual(await client.take('pong'), { type: 'pong', timestamp: 5 })
})

const hasty = { limits: { relayBind: 400 } }
relayTest('a connection without a valid bind ends in time with 4408, pings or not', hasty, async (relay) => {
  const start = performance.now()
  const [bound, silent, pinging] = [await relay.bound(await newRoute(), null), await relay.open(), await relay.open()]
  while (!pinging.end) {
    pinging.send({ type: 'ping', timestamp: 1 })
    await Promise.race([pinging.take('pong').catch(() => {}), pinging.ended()])
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await isEnded(silent, 'timeout', 4408)
  await isEnded(pinging, 'timeout', 4408)
  ok(performance.now() - start >= 400)
  deepEqual(await bound.settled(), [])
})

relayTest(
  'a silent connection ends with 4408, and one that says anything does not',
  { limits: { relaySilence: 1_000 } },
  async (relay) => {
    const { a, b, atA, atB } = await relay.pair()
    let alive = true
    const talking = (async () => {
      for (let i = 0; alive; i++) {
        atA.sendFrame(routed(a, b, `frame ${i}`))
        atB.send({ type: 'ping', timestamp: i })
        await new Promise((resolve) => setTimeout(resolve, 40))
      }
    })()
    // Twice, so that the two others have lived longer than a silent one may.
    for (const _ of [1, 2]) {
      const start = performance.now()
      await isEnded(await relay.bound(await newRoute(), null), 'timeout', 4408)
      ok(performance.now() - start >= 1_000)
    }
    alive = false
    await talking
    deepEqual([atA.end, atB.end], [undefined, undefined])
    // A connection that has given up its routes is closed for nothing but silence.
    const start = performance.now()
    atA.send({ type: 'unbind', route: a.text })
    await isEnded(atA, 'timeout', 4408)
    ok(performance.now() - start >= 1_000)
  },
)

const brief = { limits: { closeTime: 200 } }
relayTest('a client that does not answer the close is ended all the same', brief, async (relay) => {
  const mute = await relay.open({ answersClose: false })
  const deaf = await relay.open({ answersClose: false, reads: false })
  deaf.send('no JSON')
  mute.send('no JSON')
  await isEnded(mute, 'malformed', 4400)
  deaf.resume()
  await isEnded(deaf, 'malformed', 4400)
})

relayTest('the code of a close arrives, however much the client has sent behind its fault', {}, async (relay) => {
  for (const burst of [1, 10, 1_000]) {
    const client = await relay.bound(await newRoute(), null)
    client.send('no JSON')
    for (let i = 0; i < burst; i++) client.sendFrame(new Uint8Array(1_000).fill(1))
    await isEnded(client, 'malformed', 4400)
  }
})

relayTest('after a fault nothing of the connection counts any more', {}, async (relay) => {
  const { a, b, atA, atB } = await relay.pair()
  atA.send('no JSON')
  atA.sendFrame(routed(a, b))
  atA.send({ type: 'ping', timestamp: 1 })
  await isEnded(atA, 'malformed', 4400)
  equal((await atB.take('presence')).status, 'offline')
  deepEqual([atA.heard, await atB.settled()], [[], []])
})

const narrow = { limits: { relayBuffer: 1_048_576 } }
relayTest(
  'frames to a client that does not read are dropped beyond the buffer, and others go on',
  narrow,
  async (relay) => {
    const [a, b, other] = [await newRoute(), await newRoute(), await relay.pair()]
    const [atA, slow] = [await relay.bound(a, b), await relay.open({ reads: false })]
    slow.send(await slow.bindMessage(b, a, relay.origin))
    await atA.take('presence')
    const numbered = (i: number) => {
      const payload = new Uint8Array(65_536)
      new DataView(payload.buffer).setUint32(0, i)
      return routed(a, b, payload)
    }
    let sent = 0
    while (sent < 1_000 && atA.heard.length === 0) {
      atA.sendFrame(numbered(sent++))
      if (sent % 10 === 0) {
        atA.send({ type: 'ping', timestamp: 1 })
        await atA.take('pong')
      }
    }
    equal((await atA.take('delivery-failed')).to, b.text)
    other.atA.sendFrame(routed(other.a, other.b))
    deepEqual(await other.atB.takeFrame(), routed(other.a, other.b))

    // When it reads again it gets what was forwarded, in order, and then what is new.
    slow.resume()
    await slow.take('bound')
    await slow.take('presence')
    for (let newest = -1, last = sent; newest < sent; ) {
      const number = new DataView((await slow.takeFrame()).buffer).getUint32(33)
      ok(number > newest)
      newest = number
      if (slow.heard.length === 0) atA.sendFrame(numbered(last++))
    }
  },
)

const scarce = { messagesPerSecond: 10, framesPerSecond: 20, bytesPerSecond: 100_000 }
relayTest(
  'more text frames, binary frames or bytes than allowed end a connection',
  { limits: scarce },
  async (relay) => {
    const [a, b] = [await newRoute(), await newRoute()]
    const { atA: bystander } = await relay.pair()
    const floods: ((client: Client) => void)[] = [
      (client) => client.send({ type: 'ping', timestamp: 1 }),
      (client) => client.sendFrame(routed(a, b)),
      (client) => client.sendFrame(routed(a, b, new Uint8Array(40_000))),
      // From a route that is not bound there
      (client) => client.sendFrame(routed(b, a)),
    ]
    for (const flood of floods) {
      const client = await relay.bound(a, b)
      await untilRefused(client, flood)
      await isEnded(client, 'rate-limited', 4429)
    }
    deepEqual(await bystander.settled(), [])
  },
)

relayTest('each route of a connection may send as many frames as any', { limits: scarce }, async (relay) => {
  const peer = await newRoute()
  const routes = await Promise.all(Array.from({ length: 5 }, () => newRoute()))
  const client = await relay.open()
  for (const route of routes) await client.bind(route, peer, relay.origin)
  for (let i = 0; i < scarce.framesPerSecond; i++) for (const route of routes) client.sendFrame(routed(route, peer))
  // Nothing but that, of each route at least once
  const failed = (await client.settled()).map((one) => !(one instanceof Uint8Array) && one.from)
  deepEqual(new Set(failed), new Set(routes.map(({ text }) => text)))
  await untilRefused(client, () => client.sendFrame(routed(routes[0] as RouteKey, peer)))
  await isEnded(client, 'rate-limited', 4429)
})

/**
 * How long a burst may be is the operator's, so it goes on until it is too long. What is still on its way then would
 * keep the relay from closing (`ClientSocket.close`), so each part is written before the next.
 */
async function untilRefused(client: Client, flood: (client: Client) => void): Promise<void> {
  const isRefused = () => client.heard.some((one) => !(one instanceof Uint8Array) && one.type === 'error')
  for (let i = 0; i < 2_000 && !client.end && !isRefused(); i++) {
    flood(client)
    if (i % 10 === 9) {
      await client.written()
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}

/** Whether a connection that got its hello is let stay. */
async function stays(client: Client): Promise<boolean> {
  const stayed = await client.settled().catch(() => undefined)
  if (stayed) return true
  await isEnded(client, 'rate-limited', 4429)
  return false
}

const two = { limits: { connections: 2 } }
relayTest('more connections at once than one address may have end with 4429', two, async (relay) => {
  const [first, second] = [await relay.open(), await relay.open()]
  equal(await stays(await relay.open()), false)
  await second.bind(await newRoute(), null, relay.origin)
  first.drop()
  // The relay sees the end a little later than we make it.
  for (const start = performance.now(); !(await stays(await relay.open())); ) ok(performance.now() - start < WAIT)
})

const rare = { limits: { connectionsPerSecond: 3 } }
relayTest('more connections in a second than one address may open end with 4429', rare, async (relay) => {
  let opened = 0
  while (await stays(await relay.open())) ok(++opened < 500)
  ok(opened >= 3)
})

const few = { limits: { bindsPerSecond: 4 } }
relayTest('more binds in a second than one address may try end with 4429', few, async (relay) => {
  const client = await relay.open()
  const bind = await client.bindMessage(await newRoute(), null, relay.origin)
  await untilRefused(client, () => client.send(bind))
  await isEnded(client, 'rate-limited', 4429)
})
