import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { generateRouteKey } from '../../crypto/route.ts'
import { startAdmin } from '../admin.ts'
import { type Relay, startRelay } from '../server.ts'
import { routed, TestClient } from '../test-client.ts'
import { until } from './test-node.ts'
import { TestRedis } from './test-redis.ts'

/** The values of `/metrics` whose names begin with `happy_relay_cluster_`, without that. */
async function scrape(port: number): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const lines = text.matchAll(/^happy_relay_cluster_(\S+) (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
}

let redis: TestRedis
before(async () => {
  redis = await TestRedis.start()
})
after(() => redis.stop())

async function start(url?: string): Promise<{ relay: Relay; port: number; stop: () => Promise<void> }> {
  const relay = await startRelay({ ...(url !== undefined && { redis: url }), limits: { drainTime: 1 } })
  const admin = await startAdmin(relay, '127.0.0.1', 0)
  const stop = async () => {
    await Promise.all([relay.close(), admin.close()])
  }
  return { relay, port: admin.port, stop }
}

test('/metrics of a relay that stands alone say nothing of a cluster', async () => {
  const { port, stop } = await start()
  assert.deepEqual(await scrape(port), {})
  await stop()
})

test('/metrics tell of Redis, of the lease, of frames, nacks and routes that move; without Redis a relay is ready', async () => {
  const [one, other] = [await start(redis.url), await start(redis.url)]
  try {
    const [a, b] = [generateRouteKey(), generateRouteKey()]
    const first = await TestClient.connect(one.relay.url)
    const second = await TestClient.connect(other.relay.url)
    await first.bind(a, b.routeId)
    await second.bind(b, a.routeId)
    await Promise.all([first.take('presence'), second.take('presence')])
    first.send(routed(a.routeId, b.routeId, Buffer.alloc(67)))
    await second.takeFrame()
    const stranger = generateRouteKey()
    await first.bind(stranger, null)
    first.send(routed(stranger.routeId, b.routeId, Buffer.alloc(67)))
    await first.take('delivery-failed')
    // The answer of Redis to a frame may come behind what the frame has caused.
    await until(async () => (await scrape(one.port)).unanswered_bytes === 0, 'the answers of Redis')
    assert.deepEqual(await scrape(one.port), {
      redis_up: 1,
      lease_held: 1,
      routes_announced: 2,
      unanswered_bytes: 0,
      redis_connects_total: 1,
      redis_losses_total: 0,
      frames_published_total: 2,
      frames_received_total: 0,
      'nacks_total{direction="sent"}': 0,
      'nacks_total{direction="received"}': 1,
      'takeovers_total{direction="in"}': 0,
      'takeovers_total{direction="out"}': 0,
      malformed_total: 0,
    })
    const { frames_received_total: received, 'nacks_total{direction="sent"}': nacks } = await scrape(other.port)
    assert.deepEqual([received, nacks], [1, 1])

    const moved = await TestClient.connect(other.relay.url)
    await moved.bind(stranger, null)
    await first.take('error')
    assert.equal((await scrape(other.port))['takeovers_total{direction="in"}'], 1)
    assert.equal((await scrape(one.port))['takeovers_total{direction="out"}'], 1)

    await redis.kill()
    await until(async () => (await scrape(one.port)).redis_up === 0, 'Redis to be lost')
    const alone = await scrape(one.port)
    assert.deepEqual([alone.lease_held, alone.routes_announced, alone.redis_losses_total], [1, 0, 1])
    assert.equal((await fetch(`http://127.0.0.1:${one.port}/readyz`)).status, 200)
    await redis.run()
    await until(async () => (await scrape(one.port)).routes_announced === 1, 'the route to be announced again')
    assert.equal((await scrape(one.port)).redis_connects_total, 2)
  } finally {
    await Promise.all([one.stop(), other.stop()])
  }
})
