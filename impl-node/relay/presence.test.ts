import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateRouteKey } from '../crypto/route.ts'
import { base64url, connectPair, TestClient, withRelay } from './test-client.ts'
import { FakeClock } from './test-clock.ts'

const relayTest = (name: string, run: (url: string) => Promise<void>) =>
  test(name, () => withRelay({ clock: new FakeClock() }, (relay) => run(relay.url)))

const randomRoute = () => generateRouteKey().routeId
const presence = (route: Uint8Array, peer: Uint8Array, status: 'online' | 'offline') => ({
  type: 'presence',
  route: base64url(route),
  peer: base64url(peer),
  status,
  timestamp: 1_700_000_000_000,
})

relayTest('both are told online when the pair becomes mutual, the first not before', async (url) => {
  const [a, b] = await Promise.all([TestClient.connect(url), TestClient.connect(url)])
  const [aKey, bKey] = [generateRouteKey(), generateRouteKey()]
  await a.bind(aKey, bKey.routeId)
  assert.deepEqual(await a.drainHeard(), [])
  await b.bind(bKey, aKey.routeId)
  assert.deepEqual(await b.next(), presence(bKey.routeId, aKey.routeId, 'online'))
  assert.deepEqual(await a.next(), presence(aKey.routeId, bKey.routeId, 'online'))
})

relayTest('a bind whose peer is open, or bound to another, causes no presence', async (url) => {
  const [a, b] = await Promise.all([TestClient.connect(url), TestClient.connect(url)])
  const [aKey, bKey] = [generateRouteKey(), generateRouteKey()]
  for (const peer of [null, randomRoute()]) {
    await a.bind(aKey, peer)
    await b.bind(bKey, aKey.routeId)
    assert.deepEqual([await a.drainHeard(), await b.drainHeard()], [[], []])
  }
})

relayTest('a route bound with itself causes no presence', async (url) => {
  const client = await TestClient.connect(url)
  const key = generateRouteKey()
  await client.bind(key, key.routeId)
  assert.deepEqual(await client.drainHeard(), [])
})

relayTest('the one that remains is told offline when the other closes', async (url) => {
  const { a, b, aKey, bKey } = await connectPair(url)
  await a.leave()
  assert.deepEqual(await b.next(), presence(bKey.routeId, aKey.routeId, 'offline'))
})

relayTest('the one that remains is told offline when the socket of the other breaks', async (url) => {
  const { a, b, aKey, bKey } = await connectPair(url)
  a.ws.terminate()
  assert.deepEqual(await b.next(), presence(bKey.routeId, aKey.routeId, 'offline'))
})

relayTest('the one that remains is told offline when the other unbinds, binds another peer, or opens', async (url) => {
  const { a, b, aKey, bKey } = await connectPair(url)
  const endings = [
    () => a.send({ type: 'unbind', route: base64url(aKey.routeId) }),
    () => a.send(a.bindMessage(aKey, randomRoute())),
    () => a.send(a.bindMessage(aKey, null)),
  ]
  for (const end of endings) {
    end()
    assert.deepEqual(await b.next(), presence(bKey.routeId, aKey.routeId, 'offline'))
    await a.drainHeard() // a bound perhaps
    await a.bind(aKey, bKey.routeId)
    assert.deepEqual(await a.next(), presence(aKey.routeId, bKey.routeId, 'online'))
    assert.deepEqual(await b.next(), presence(bKey.routeId, aKey.routeId, 'online'))
  }
})

relayTest('a bind again while mutual tells online to the one that binds only', async (url) => {
  const { a, b, aKey, bKey } = await connectPair(url)
  await a.bind(aKey, bKey.routeId)
  assert.deepEqual(await a.drainHeard(), [presence(aKey.routeId, bKey.routeId, 'online')])
  assert.deepEqual(await b.drainHeard(), [])
})

relayTest('a route that moves to a new connection with the same peer leaves the other untold', async (url) => {
  const { a, b, aKey, bKey } = await connectPair(url)
  const successor = await TestClient.connect(url)
  await successor.bind(aKey, bKey.routeId)
  assert.deepEqual(await successor.drainHeard(), [presence(aKey.routeId, bKey.routeId, 'online')])
  assert.equal((await a.refusal()).code, 'superseded')
  assert.deepEqual(await b.drainHeard(), [])
})

relayTest('a route that moves and changes its peer ends one pair and makes another', async (url) => {
  const { b, aKey, bKey } = await connectPair(url)
  const [c, successor] = await Promise.all([TestClient.connect(url), TestClient.connect(url)])
  const cKey = generateRouteKey()
  await c.bind(cKey, aKey.routeId)
  await successor.bind(aKey, cKey.routeId)
  assert.deepEqual(await b.next(), presence(bKey.routeId, aKey.routeId, 'offline'))
  assert.deepEqual(await c.next(), presence(cKey.routeId, aKey.routeId, 'online'))
  assert.deepEqual(await successor.next(), presence(aKey.routeId, cKey.routeId, 'online'))
})

relayTest('presence goes to nobody but the two', async (url) => {
  const onlooker = await TestClient.connect(url)
  const { a, b, aKey, bKey } = await connectPair(url)
  await onlooker.bind(generateRouteKey(), aKey.routeId)
  await onlooker.bind(generateRouteKey(), bKey.routeId)
  await a.leave()
  await b.leave()
  assert.deepEqual(await onlooker.drainHeard(), [])
})

relayTest('two routes of one connection may be a pair', async (url) => {
  const client = await TestClient.connect(url)
  const [aKey, bKey] = [generateRouteKey(), generateRouteKey()]
  await client.bind(aKey, bKey.routeId)
  await client.bind(bKey, aKey.routeId)
  assert.deepEqual(await client.drainHeard(), [
    presence(bKey.routeId, aKey.routeId, 'online'),
    presence(aKey.routeId, bKey.routeId, 'online'),
  ])
  await client.leave()
})
