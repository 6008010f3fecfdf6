import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { channelOf, slotOf, tokenKeyOf } from './names.ts'
import { pairAt, TestNode, until } from './test-node.ts'
import { freePort, TestRedis } from './test-redis.ts'

const run = promisify(execFile)
const PAIRS = 12
/** In which the servers notice that one of them is gone. */
const NODE_TIMEOUT = '1000'

let servers: TestRedis[] = []
const urls = () => servers.map(({ url }) => url)

before(async () => {
  // The bus of a server is at its own port plus 10,000 unless it is told another.
  servers = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const bus = String(await freePort())
      return TestRedis.start('--cluster-enabled', 'yes', '--cluster-port', bus, '--cluster-node-timeout', NODE_TIMEOUT)
    }),
  )
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'])
  const isWhole = async (redis: TestRedis) => (await redis.ask<string>('CLUSTER', 'INFO')).includes('cluster_state:ok')
  for (const redis of servers) await until(() => isWhole(redis), 'the servers have found each other')
})
after(() => Promise.all(servers.map((redis) => redis.stop())))

test('two nodes over a Redis Cluster of three primaries: pairs, presence, frames and takeover in all slots', async () => {
  const [url = ''] = urls()
  const [one, other] = [await TestNode.start(url), await TestNode.start(urls())]
  try {
    const pairs = await Promise.all(Array.from({ length: PAIRS }, () => pairAt(one, other)))
    for (const { first, second, a, b } of pairs) {
      first.send(a, b, 'to the other node')
      await second.hears('frame')
      second.send(b, a, 'and back')
      await first.hears('frame')
      const moved = one.client()
      moved.bind(b, a)
      await second.hears('superseded')
      await moved.hears('bound', 'online')
      moved.leave()
      await first.hears('offline')
    }
    // Every server had its part.
    for (const redis of servers) {
      const keys = await redis.ask<string[]>('KEYS', 'hrc1:{*')
      assert.ok(keys.length > 0, `no token at ${redis.url}`)
    }
  } finally {
    await Promise.all([one.stop(), other.stop()])
  }
})

test('one primary is killed and started anew: the routes come back with it', async () => {
  const [one, other] = [await TestNode.start(urls()), await TestNode.start(urls())]
  try {
    const pairs = await Promise.all(Array.from({ length: PAIRS }, () => pairAt(one, other)))
    await servers[1]?.kill()
    for (const { first } of pairs) await first.hears('offline')
    await servers[1]?.run()
    for (const { first, second } of pairs) {
      await until(() => first.heard.at(-1) === 'online' && second.heard.at(-1) === 'online', 'both know of each other')
    }
    for (const { first, second, a, b } of pairs) {
      first.send(a, b)
      await until(() => second.frames.length === 1, 'the frame is there')
    }
  } finally {
    await Promise.all([one.stop(), other.stop()])
  }
})

test('a slot moves to another server: its route moves, too', async () => {
  const [one, other] = [await TestNode.start(urls()), await TestNode.start(urls())]
  try {
    const { first, second, a, b } = await pairAt(one, other)
    const channel = channelOf(b)
    const slot = String(slotOf(channel))
    const owners = await Promise.all(servers.map((redis) => redis.ask<string[]>('KEYS', tokenKeyOf(channel))))
    const at = owners.findIndex((keys) => keys.length > 0)
    const [from, to] = [servers[at], servers[(at + 1) % servers.length]]
    assert.ok(from && to)
    const [fromId, toId] = await Promise.all([from, to].map((redis) => redis.ask<string>('CLUSTER', 'MYID')))
    await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId ?? '')
    await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId ?? '')
    await from.ask('DEL', tokenKeyOf(channel))
    for (const redis of [to, from]) await redis.ask('CLUSTER', 'SETSLOT', slot, 'NODE', toId ?? '')
    await until(() => {
      first.send(a, b)
      return second.frames.length > 0
    }, 'frames arrive again')
    const count = await to.ask<[string, number]>('PUBSUB', 'SHARDNUMSUB', channel)
    assert.equal(count[1], 1)
  } finally {
    await Promise.all([one.stop(), other.stop()])
  }
})
