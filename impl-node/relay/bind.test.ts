import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateRouteKey, relayAuthInput } from '../crypto/route.ts'
import { base64url, TestClient, withRelay } from './test-client.ts'

const randomRoute = () => generateRouteKey().routeId
const relayTest = (name: string, run: (url: string) => Promise<void>) =>
  test(name, () => withRelay({}, (relay) => run(relay.url)))

relayTest('hello comes first, with a fresh nonce and a maxFrame of 262400', async (url) => {
  const clients = await Promise.all([TestClient.connect(url), TestClient.connect(url)])
  assert.equal(clients[0].nonce.length, 32)
  assert.notDeepEqual(clients[0].nonce, clients[1].nonce)
})

relayTest('a valid bind is answered with bound and its route', async (url) => {
  const client = await TestClient.connect(url)
  const key = generateRouteKey()
  await client.bind(key, randomRoute())
  await client.bind(generateRouteKey(), null)
  assert.deepEqual(await client.drainHeard(), [])
})

test('a bind is accepted for each origin of the list, and for no other', () =>
  withRelay({ origins: ['wss://relay.example.com', 'ws://localhost:8080/team'] }, async ({ url, origins }) => {
    assert.deepEqual(origins, ['ws://localhost:8080/team', 'wss://relay.example.com:443'])
    for (const origin of origins) {
      const client = await TestClient.connect(url, origin)
      await client.bind(generateRouteKey(), null)
    }
    for (const origin of [url, 'wss://relay.example.com', 'ws://relay.example.com:443', 'wss://evil.example:443', '']) {
      const client = await TestClient.connect(url, origin)
      client.send(client.bindMessage(generateRouteKey(), null))
      const { code, close } = await client.refusal()
      assert.deepEqual({ origin, code, close }, { origin, code: 'unauthenticated', close: 4401 })
    }
  }))

relayTest('the Host header makes no origin', async (url) => {
  const origin = 'ws://relay.example.com:80'
  const client = await TestClient.connect(url, origin, {
    headers: { host: 'relay.example.com', 'x-forwarded-host': 'relay.example.com', origin: 'http://relay.example.com' },
  })
  client.send(client.bindMessage(generateRouteKey(), null))
  assert.equal((await client.refusal()).close, 4401)
})

// Every way in which a bind that fits the schema may fail to prove its route.
const flipped = (text: string, at = 5) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
type Bind = ReturnType<TestClient['bindMessage']>
const UNPROVEN: [string, (bind: Bind, client: TestClient) => object][] = [
  ['a changed signature', (bind) => ({ ...bind, signature: flipped(bind.signature) })],
  ['a changed S of the signature', (bind) => ({ ...bind, signature: flipped(bind.signature, 60) })],
  ['a signature of zeros', (bind) => ({ ...bind, signature: base64url(new Uint8Array(64)) })],
  ['another route key', (bind) => ({ ...bind, routeKey: base64url(generateRouteKey().publicKey) })],
  ['another peer', (bind) => ({ ...bind, peer: base64url(randomRoute()) })],
  ['no peer where one was signed', (bind) => ({ ...bind, peer: null })],
  ['a route key of small order', (bind) => ({ ...bind, routeKey: base64url(Uint8Array.of(1, ...new Uint8Array(31))) })],
  [
    'the signature of another nonce',
    (_, client) => {
      const key = generateRouteKey()
      const [peer, nonce] = [randomRoute(), new Uint8Array(32)]
      const signature = key.sign(relayAuthInput({ origin: client.origin, nonce, routeKey: key.publicKey, peer }))
      return { ...client.bindMessage(key, peer), signature: base64url(signature) }
    },
  ],
]
for (const [what, change] of UNPROVEN) {
  relayTest(`a first bind with ${what} is refused with 4401`, async (url) => {
    const client = await TestClient.connect(url)
    client.send(change(client.bindMessage(generateRouteKey(), randomRoute()), client))
    const { code, close, route } = await client.refusal()
    assert.deepEqual({ code, close }, { code: 'unauthenticated', close: 4401 })
    assert.equal(route?.length, 22)
  })

  relayTest(`a later bind with ${what} gets an error and no close, and changes nothing`, async (url) => {
    const client = await TestClient.connect(url)
    const key = generateRouteKey()
    await client.bind(key, randomRoute())
    client.send(change(client.bindMessage(key, randomRoute()), client))
    const error = await client.take('error')
    assert.equal(error.code, 'unauthenticated')
    await client.bind(generateRouteKey(), null)
  })
}

relayTest('a bind replayed from another connection is refused, and its owner keeps the route', async (url) => {
  const [owner, thief] = await Promise.all([TestClient.connect(url), TestClient.connect(url)])
  const key = generateRouteKey()
  const message = owner.bindMessage(key, null)
  owner.send(message)
  await owner.take('bound')
  thief.send(message)
  assert.deepEqual(await thief.refusal(), { code: 'unauthenticated', close: 4401, route: base64url(key.routeId) })
  assert.deepEqual(await owner.drainHeard(), [])
})

relayTest('a peer of 16 zero bytes is malformed, even with a signature that an open peer has', async (url) => {
  const client = await TestClient.connect(url)
  client.send({ ...client.bindMessage(generateRouteKey(), null), peer: base64url(new Uint8Array(16)) })
  assert.deepEqual(await client.refusal(), { code: 'malformed', close: 4400 })
})

test('a connection holds 64 routes; one more is refused without a close', () =>
  withRelay({}, async (relay) => {
    const client = await TestClient.connect(relay.url)
    const keys = Array.from({ length: 64 }, () => generateRouteKey())
    for (const key of keys) client.send(client.bindMessage(key, null))
    for (const key of keys) assert.equal((await client.take('bound')).route, base64url(key.routeId))

    const extra = generateRouteKey()
    client.send(client.bindMessage(extra, null))
    const error = await client.take('error')
    assert.equal(error.code, 'rate-limited')
    assert.equal(error.route, base64url(extra.routeId))
    assert.equal(relay.stats().routes, 64)

    const [first] = keys as [(typeof keys)[0]]
    await client.bind(first, randomRoute()) // again is not one more
    client.send({ type: 'unbind', route: base64url(first.routeId) })
    await client.bind(extra, null)
    assert.equal(relay.stats().routes, 64)
  }))

test('binds are limited per address', () =>
  withRelay({ limits: { bindsPerSecond: 1 } }, async ({ url }) => {
    const client = await TestClient.connect(url)
    for (let i = 0; i < 10; i++) await client.bind(generateRouteKey(), null)
    const other = await TestClient.connect(url)
    other.send(other.bindMessage(generateRouteKey(), null))
    assert.deepEqual(await other.refusal(), { code: 'rate-limited', close: 4429 })
    assert.deepEqual(await client.drainHeard(), [])
  }))

relayTest(
  'the newest bind takes the route, and the old connection without a route is closed with 4409',
  async (url) => {
    const [old, young] = await Promise.all([TestClient.connect(url), TestClient.connect(url)])
    const key = generateRouteKey()
    await old.bind(key, null)
    await young.bind(key, null)
    assert.deepEqual(await old.refusal(), { code: 'superseded', close: 4409, route: base64url(key.routeId) })
  },
)

relayTest('an old connection with another route is told and stays', async (url) => {
  const [old, young] = await Promise.all([TestClient.connect(url), TestClient.connect(url)])
  const [moved, kept] = [generateRouteKey(), generateRouteKey()]
  await old.bind(moved, null)
  await old.bind(kept, null)
  await young.bind(moved, null)
  const error = await old.take('error')
  assert.deepEqual([error.code, error.route], ['superseded', base64url(moved.routeId)])
  await young.bind(kept, null)
  assert.equal((await old.refusal()).close, 4409)
})

test('unbind gives up a route, and is ignored for one that is not bound there', () =>
  withRelay({}, async (relay) => {
    const [a, b] = await Promise.all([TestClient.connect(relay.url), TestClient.connect(relay.url)])
    const [aKey, bKey] = [generateRouteKey(), generateRouteKey()]
    await a.bind(aKey, null)
    await b.bind(bKey, null)
    for (const route of [bKey.routeId, randomRoute()]) a.send({ type: 'unbind', route: base64url(route) })
    assert.deepEqual(await a.drainHeard(), [])
    assert.equal(relay.stats().routes, 2)
    a.send({ type: 'unbind', route: base64url(aKey.routeId) })
    assert.deepEqual(await a.drainHeard(), [])
    assert.equal(relay.stats().routes, 1)
    await a.bind(aKey, null) // a connection may be left without a route, and bind again
  }))

relayTest('before the first valid bind only bind and ping are allowed', async (url) => {
  const early = [
    { type: 'unbind', route: base64url(randomRoute()) },
    Buffer.concat([Buffer.of(1), randomRoute(), randomRoute(), Buffer.alloc(100)]),
  ]
  for (const message of early) {
    const client = await TestClient.connect(url)
    client.send({ type: 'ping', timestamp: 12 })
    assert.equal((await client.take('pong')).timestamp, 12)
    client.send(message)
    assert.deepEqual(await client.refusal(), { code: 'malformed', close: 4400 })
  }
})
