import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { generateRouteKey } from '../crypto/route.ts'
import type { Relay } from './server.ts'
import { base64url, connectPair, type Heard, routed, TestClient, withRelay } from './test-client.ts'
import { FakeClock } from './test-clock.ts'

const randomRoute = () => generateRouteKey().routeId
const failed = (from: Uint8Array, to: Uint8Array) => ({
  type: 'delivery-failed',
  from: base64url(from),
  to: base64url(to),
  reason: 'offline',
})
const clockTest = (name: string, run: (relay: Relay, clock: FakeClock) => Promise<void>) =>
  test(name, () => {
    const clock = new FakeClock()
    return withRelay({ clock }, (relay) => run(relay, clock))
  })

async function connectBound(url: string, peer: Uint8Array | null) {
  const client = await TestClient.connect(url)
  const key = generateRouteKey()
  await client.bind(key, peer)
  return { client, key }
}

clockTest('frames of every size arrive as the very bytes, in order, both ways', async ({ url }) => {
  const { a, b, aKey, bKey } = await connectPair(url)
  const sizes = [0, 1, 92, 93, 94, 300, 2_015, 4_062, 4_063, 4_064, 65_502, 65_503, 200_000, 262_367]
  const frames = sizes.map((size) => routed(aKey.routeId, bKey.routeId, randomBytes(size)))
  for (const frame of frames) a.send(frame)
  for (const frame of frames) assert.equal(Buffer.compare(await b.takeFrame(), frame), 0)
  const back = routed(bKey.routeId, aKey.routeId, randomBytes(500))
  b.send(back)
  assert.equal(Buffer.compare(await a.takeFrame(), back), 0)
  assert.deepEqual([await a.drainHeard(), await b.drainHeard()], [[], []])
})

clockTest('a frame sent in fragments arrives in one piece', async ({ url }) => {
  const { a, b, aKey, bKey } = await connectPair(url)
  const frame = routed(aKey.routeId, bKey.routeId, randomBytes(1_000))
  a.ws.send(frame.subarray(0, 20), { fin: false })
  a.ws.send(frame.subarray(20, 700), { fin: false })
  a.ws.send(frame.subarray(700), { fin: true })
  assert.equal(Buffer.compare(await b.takeFrame(), frame), 0)
})

clockTest('a control message does not overtake the frames before it', async ({ url }) => {
  const { a, b, aKey, bKey } = await connectPair(url)
  const frame = routed(aKey.routeId, bKey.routeId, randomBytes(300))
  for (let i = 0; i < 20; i++) a.send(frame)
  a.send({ type: 'unbind', route: base64url(aKey.routeId) })
  for (let i = 0; i < 20; i++) await b.takeFrame()
  assert.equal((await b.take('presence')).status, 'offline')
})

clockTest('the peer of the sender plays no part: an open route may answer', async ({ url }) => {
  const open = await connectBound(url, null)
  const answer = await connectBound(url, open.key.routeId)
  open.client.send(routed(open.key.routeId, answer.key.routeId, randomBytes(3_000)))
  assert.equal((await answer.client.takeFrame()).length, 3_033)
})

// Why a frame is not delivered must not show in the answer.
type Refused = (url: string) => Promise<{ sender: TestClient; from: Uint8Array; to: Uint8Array }>
const NOT_DELIVERED: [string, Refused][] = [
  [
    'whose recipient is unknown',
    async (url) => {
      const { client, key } = await connectBound(url, randomRoute())
      return { sender: client, from: key.routeId, to: randomRoute() }
    },
  ],
  [
    'whose recipient has left',
    async (url) => {
      const { a, b, aKey, bKey } = await connectPair(url)
      await b.leave()
      await a.take('presence')
      return { sender: a, from: aKey.routeId, to: bKey.routeId }
    },
  ],
  [
    'whose recipient is bound with another peer',
    async (url) => {
      const { b, bKey } = await connectPair(url)
      assert.deepEqual(await b.drainHeard(), [])
      const { client, key } = await connectBound(url, bKey.routeId)
      return { sender: client, from: key.routeId, to: bKey.routeId }
    },
  ],
  [
    'from a route of another connection',
    async (url) => {
      const { aKey, bKey } = await connectPair(url)
      const { client } = await connectBound(url, null)
      return { sender: client, from: aKey.routeId, to: bKey.routeId }
    },
  ],
  [
    'from a route that nobody has',
    async (url) => {
      const { client, key } = await connectBound(url, null)
      return { sender: client, from: randomRoute(), to: key.routeId }
    },
  ],
  [
    'from a route that was just unbound',
    async (url) => {
      const { a, aKey, bKey } = await connectPair(url)
      a.send(routed(aKey.routeId, bKey.routeId, randomBytes(10)))
      a.send({ type: 'unbind', route: base64url(aKey.routeId) })
      return { sender: a, from: aKey.routeId, to: bKey.routeId }
    },
  ],
  [
    'to a route that was just superseded and changed its peer',
    async (url) => {
      const { a, aKey, bKey } = await connectPair(url)
      a.send(routed(aKey.routeId, bKey.routeId, randomBytes(10)))
      const successor = await TestClient.connect(url)
      await successor.bind(bKey, randomRoute())
      await a.take('presence')
      return { sender: a, from: aKey.routeId, to: bKey.routeId }
    },
  ],
  [
    'above 2048 bytes to an open route',
    async (url) => {
      const open = await connectBound(url, null)
      const { client, key } = await connectBound(url, open.key.routeId)
      return { sender: client, from: key.routeId, to: open.key.routeId }
    },
  ],
]
for (const [what, prepare] of NOT_DELIVERED) {
  clockTest(`a frame ${what} is answered with the same delivery-failed`, async ({ url }) => {
    const { sender, from, to } = await prepare(url)
    sender.send(routed(from, to, randomBytes(2_016)))
    assert.deepEqual(await sender.drainHeard(), [failed(from, to)])
  })
}

clockTest(
  'delivery-failed is told once a second for a pair, and other pairs are told meanwhile',
  async ({ url }, clock) => {
    const { client, key } = await connectBound(url, null)
    const [one, two] = [randomRoute(), randomRoute()]
    const send = (to: Uint8Array) => client.send(routed(key.routeId, to, randomBytes(50)))
    send(one)
    send(one)
    send(two)
    assert.deepEqual(await client.drainHeard(), [failed(key.routeId, one), failed(key.routeId, two)])
    clock.advance(999)
    send(one)
    assert.deepEqual(await client.drainHeard(), [])
    clock.advance(1)
    send(one)
    assert.deepEqual(await client.drainHeard(), [failed(key.routeId, one)])
  },
)

/** Sends `count` small frames to `to`; tells how many are refused, one second apart each. */
async function refusals(client: TestClient, clock: FakeClock, from: Uint8Array, to: Uint8Array, count: number) {
  const answers: Heard[] = []
  for (let i = 0; i < count; i++) {
    client.send(routed(from, to, randomBytes(10)))
    answers.push(...(await client.drainHeard()))
    clock.advance(1_000)
  }
  return answers.length
}

clockTest('an open route takes 20 frames of 2048 bytes from anyone, and not one more', async ({ url }) => {
  const open = await connectBound(url, null)
  const senders = [await connectBound(url, null), await connectBound(url, randomRoute())] as const
  for (let i = 0; i < 20; i++) {
    const { client, key } = senders[(i % 2) as 0 | 1]
    if (i === 7) {
      const large = routed(key.routeId, open.key.routeId, randomBytes(2_016))
      client.send(large) // too large, so not counted
      assert.deepEqual(await client.drainHeard(), [failed(key.routeId, open.key.routeId)])
    }
    client.send(routed(key.routeId, open.key.routeId, randomBytes(2_015)))
    assert.equal((await open.client.takeFrame()).length, 2_048)
  }
  const [{ client, key }] = senders
  client.send(routed(key.routeId, open.key.routeId, randomBytes(10)))
  assert.deepEqual(await client.drainHeard(), [failed(key.routeId, open.key.routeId)])
})

clockTest('the count survives a bind of the same key, a new connection, and a disconnect', async (relay, clock) => {
  const { url } = relay
  const { client, key } = await connectBound(url, null)
  let holder = await TestClient.connect(url)
  const openKey = generateRouteKey()
  const send = (count: number) => refusals(client, clock, key.routeId, openKey.routeId, count)

  await holder.bind(openKey, null)
  assert.equal(await send(8), 0)
  assert.equal((await holder.drainHeard()).length, 8)
  await holder.bind(openKey, null) // again on the same connection
  assert.equal(await send(4), 0)
  const second = await TestClient.connect(url)
  await second.bind(openKey, null) // taken over
  assert.equal(await send(4), 0)
  await second.leave()
  assert.equal(await send(1), 1, 'nobody is there')
  holder = await TestClient.connect(url)
  await holder.bind(openKey, null) // after a disconnect
  assert.equal(await send(4), 0)
  assert.equal(await send(2), 2)

  // Bound with a peer, the count is over.
  assert.equal((await holder.drainHeard()).length, 4)
  await holder.bind(openKey, randomRoute())
  await holder.bind(openKey, null)
  assert.equal(await send(20), 0)
  assert.equal(await send(1), 1)
})

clockTest('the count is forgotten 600 s after the disconnect, not earlier', async (relay, clock) => {
  const openKey = generateRouteKey()
  for (const [after, taken] of [
    [599_000, 19],
    [600_000, 20],
  ] as const) {
    const holder = await TestClient.connect(relay.url)
    await holder.bind(openKey, null)
    const { client, key } = await connectBound(relay.url, null)
    assert.equal(await refusals(client, clock, key.routeId, openKey.routeId, 1), 0)
    holder.send({ type: 'unbind', route: base64url(openKey.routeId) })
    await holder.drainHeard()
    assert.equal(relay.stats().openRemembered, 1)
    // Both are bound anew: so long a silence ends a connection.
    clock.advance(after)
    const later = await connectBound(relay.url, null)
    const next = await TestClient.connect(relay.url)
    await next.bind(openKey, null)
    const heard: Heard[] = []
    for (let i = 0; i < 21; i++) later.client.send(routed(later.key.routeId, openKey.routeId, randomBytes(10)))
    await later.client.drainHeard()
    heard.push(...(await next.drainHeard()))
    assert.equal(heard.length, taken)
    await next.bind(openKey, randomRoute()) // ends the count for the next case
  }
})

test('a route beyond its rate of frames or bytes is closed with 4429', async () => {
  for (const limits of [{ framesPerSecond: 10 }, { bytesPerSecond: 300_000 }]) {
    await withRelay({ clock: new FakeClock(), limits }, async ({ url }) => {
      const { a, b, aKey, bKey } = await connectPair(url)
      const other = await connectPair(url)
      for (let i = 0; i < 11; i++) a.send(routed(aKey.routeId, bKey.routeId, randomBytes(30_000)))
      assert.deepEqual(await a.refusal(), { code: 'rate-limited', close: 4429, route: base64url(aKey.routeId) })
      const heard = await b.drainHeard()
      assert.equal(heard.filter((each) => Buffer.isBuffer(each)).length, 'framesPerSecond' in limits ? 10 : 9)
      assert.deepEqual(await other.a.drainHeard(), [])
    })
  }
})

test('binding again gives no new rate', () =>
  withRelay({ clock: new FakeClock(), limits: { framesPerSecond: 10 } }, async ({ url }) => {
    const { a, aKey, bKey } = await connectPair(url)
    for (let i = 0; i < 10; i++) a.send(routed(aKey.routeId, bKey.routeId, randomBytes(10)))
    await a.bind(aKey, bKey.routeId)
    await a.take('presence')
    a.send(routed(aKey.routeId, bKey.routeId, randomBytes(10)))
    assert.equal((await a.refusal()).close, 4429)
  }))

clockTest(
  'frames to a client that does not read are dropped with delivery-failed, and others do not notice',
  async (relay) => {
    const { a, b, aKey, bKey } = await connectPair(relay.url)
    const other = await connectPair(relay.url)
    b.ws.pause()
    const frame = routed(aKey.routeId, bKey.routeId, randomBytes(65_000))
    const heard: Heard[] = []
    let sent = 0
    while (heard.length === 0) {
      for (let i = 0; i < 32; i++, sent++) a.send(frame)
      heard.push(...(await a.drainHeard()))
      assert.ok(sent < 2_000, 'the relay buffers without bound')
    }
    assert.deepEqual(heard, [failed(aKey.routeId, bKey.routeId)])

    const ping = routed(other.aKey.routeId, other.bKey.routeId, randomBytes(100))
    other.a.send(ping)
    assert.equal(Buffer.compare(await other.b.takeFrame(), ping), 0)

    b.ws.resume()
    const arrived = (await b.drainHeard()).length
    assert.ok(arrived < sent)
    assert.equal(arrived, relay.stats().forwarded - 1)
    a.send(frame) // it has caught up
    assert.equal(Buffer.compare(await b.takeFrame(), frame), 0)
  },
)
