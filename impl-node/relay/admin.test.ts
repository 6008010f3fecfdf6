import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAdmin } from './admin.ts'
import type { Relay, RelayOptions } from './server.ts'
import { connectPair, eventually, routed, TestClient, withRelay } from './test-client.ts'

type Get = (path: string, method?: string) => Promise<{ status: number; text: string }>

const withAdmin = (options: RelayOptions, use: (relay: Relay, get: Get) => Promise<void>) =>
  withRelay(options, async (relay) => {
    const admin = await startAdmin(relay, '127.0.0.1', 0)
    const get: Get = async (path, method = 'GET') => {
      const response = await fetch(`http://127.0.0.1:${admin.port}${path}`, { method })
      return { status: response.status, text: await response.text() }
    }
    await use(relay, get).finally(() => admin.close())
  })

test('/metrics tells what happened, and nothing of routes or secrets', () => {
  const secret = 'dGhpcyBpcyBvbmx5IGEgdGVzdA'
  return withAdmin({ secret }, async (relay, get) => {
    const { a, b, aKey, bKey } = await connectPair(`${relay.url}/${secret}`)
    a.send(routed(aKey.routeId, bKey.routeId, Buffer.alloc(67)))
    await b.takeFrame()
    a.send(routed(aKey.routeId, aKey.routeId, Buffer.alloc(67)))
    await a.take('delivery-failed')
    await assert.rejects(TestClient.connect(relay.url))
    const stranger = await TestClient.connect(`${relay.url}/${secret}`)
    stranger.send('nonsense')
    await stranger.refusal()
    await eventually(() => relay.stats().connections === 2)
    const { status, text } = await get('/metrics')
    assert.equal(status, 200)
    for (const line of [
      'happy_relay_connections 2',
      'happy_relay_routes 2',
      'happy_relay_connections_total 3',
      'happy_relay_frames_forwarded_total 1',
      'happy_relay_frame_bytes_forwarded_total 100',
      'happy_relay_frames_failed_total 1',
      'happy_relay_frames_dropped_total{reason="slow"} 0',
      'happy_relay_upgrades_refused_total{reason="path"} 1',
      'happy_relay_connections_closed_total{code="malformed"} 1',
      'happy_relay_limit{name="totalBuffer"} 268435456',
    ]) {
      assert.ok(text.split('\n').includes(line), `${line} in\n${text}`)
    }
    assert.match(text, /^nodejs_eventloop_lag_seconds /m)
    for (const hidden of [secret, ...[aKey, bKey].map((key) => Buffer.from(key.routeId).toString('base64url'))]) {
      assert.ok(!text.includes(hidden))
    }
  })
})

test('/healthz and /readyz tell whether the relay serves, and whether it takes more', () =>
  withAdmin({ limits: { drainTime: 60_000 } }, async (relay, get) => {
    for (const path of ['/healthz', '/readyz']) assert.deepEqual(await get(path), { status: 200, text: 'ready\n' })
    assert.equal((await get('/v1')).status, 404)
    assert.equal((await get('/healthz', 'POST')).status, 405)
    await TestClient.connect(relay.url)
    const drained = relay.drain()
    for (const path of ['/healthz', '/readyz']) assert.deepEqual(await get(path), { status: 503, text: 'draining\n' })
    await Promise.all([drained, relay.close()])
  }))

test('a relay with too much unsent is healthy, and not ready', () =>
  withAdmin({ limits: { totalBuffer: 1 } }, async (relay, get) => {
    const { a, b, aKey, bKey } = await connectPair(relay.url)
    b.ws.pause()
    while (relay.state === 'ready') {
      a.send(routed(aKey.routeId, bKey.routeId, Buffer.alloc(200_000)))
      await a.drainHeard()
    }
    assert.deepEqual(await get('/readyz'), { status: 503, text: 'full\n' })
    assert.equal((await get('/healthz')).status, 200)
    b.ws.terminate()
    await eventually(() => relay.state === 'ready')
  }))
