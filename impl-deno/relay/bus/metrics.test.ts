// What /metrics say of a node.

import { deepEqual, equal } from 'node:assert/strict'
import { type Admin, startAdmin } from '../admin.ts'
import { startRelay } from '../server.ts'
import { newRoute, routed } from '../testing/client.ts'
import { clusterTest } from '../testing/nodes.ts'
import { until } from '../testing/redis.ts'

/** What a relay tells of its cluster, by name without what all names begin with. */
async function scrape({ port }: Admin): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const lines = text.matchAll(/^happy_relay_cluster_(\S+) (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
}

Deno.test('/metrics of a relay that stands alone say nothing of a cluster', async () => {
  const relay = await startRelay()
  const admin = startAdmin(relay, '127.0.0.1', 0)
  deepEqual(await scrape(admin), {})
  await Promise.all([relay.close(), admin.close()])
})

clusterTest(
  '/metrics tell of Redis, of the lease, of frames, nacks and routes that move; without Redis a relay is ready',
  { own: true },
  async (cluster) => {
    const [one, other] = cluster.nodes.map((node) => startAdmin(node, '127.0.0.1', 0)) as [Admin, Admin]
    const { a, b, atA, atB } = await cluster.pair(0, 1)
    atA.sendFrame(routed(a, b))
    await atB.takeFrame()
    const stranger = await newRoute()
    await cluster.bind(atA, 0, stranger, null)
    atA.sendFrame(routed(stranger, b))
    await atA.take('delivery-failed')
    // The answer of Redis to a frame may come behind what the frame has caused.
    await until(async () => (await scrape(one)).unanswered_bytes === 0, 'the answers of Redis')
    deepEqual(await scrape(one), {
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
    const { frames_received_total: received, 'nacks_total{direction="sent"}': nacks } = await scrape(other)
    deepEqual([received, nacks], [1, 1])

    await cluster.bound(1, stranger, null)
    await atA.take('error')
    equal((await scrape(other))['takeovers_total{direction="in"}'], 1)
    equal((await scrape(one))['takeovers_total{direction="out"}'], 1)

    await cluster.redis.kill()
    await until(async () => (await scrape(one)).redis_up === 0, 'Redis to be lost')
    const alone = await scrape(one)
    deepEqual([alone.lease_held, alone.routes_announced, alone.redis_losses_total], [1, 0, 1])
    const ready = await fetch(`http://127.0.0.1:${one.port}/readyz`)
    deepEqual([ready.status, await ready.text()], [200, 'ready\n'])
    await cluster.redis.start()
    await until(async () => (await scrape(one)).routes_announced === 1, 'the route to be announced again')
    equal((await scrape(one)).redis_connects_total, 2)
    await Promise.all([one.close(), other.close()])
  },
)
