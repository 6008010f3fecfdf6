import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { generateRouteKey } from '../../crypto/route.ts'
import type { RelayLimits } from '../limits.ts'
import type { Logger } from '../log.ts'
import { startRelay } from '../server.ts'
import { TestClient, withRelay } from '../test-client.ts'
import { BusRefusal } from './bus.ts'
import { channelOf, tokenKeyOf } from './names.ts'
import { newRoute, pairAt, TestNode, until, withNodes } from './test-node.ts'
import { freePort, TestRedis } from './test-redis.ts'

/** Quick, so that a test need not wait for half a minute. */
const QUICK = { clusterLease: 3_000, clusterRenew: 500, clusterAnswer: 1_000 }

async function withRedis(run: (redis: TestRedis) => Promise<void>, ...options: string[]): Promise<void> {
  const redis = await TestRedis.start(...options)
  try {
    await run(redis)
  } finally {
    await redis.stop()
  }
}

/** A relay in a process of its own, which can be stopped and killed. */
async function startProcess(redis: TestRedis, limits: Partial<RelayLimits>) {
  const module = JSON.stringify(new URL('../server.ts', import.meta.url).href)
  const code = `import { startRelay } from ${module}
console.log((await startRelay(${JSON.stringify({ redis: redis.url, limits })})).url)`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  const exited = once(child, 'exit')
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  assert.ok(child.stdout)
  for await (const url of createInterface({ input: child.stdout })) {
    return {
      url,
      signal: (signal: NodeJS.Signals) => child.kill(signal),
      kill: async () => {
        process.off('exit', killAtExit)
        child.kill('SIGKILL')
        await exited
      },
    }
  }
  throw new Error('the relay has not started')
}

test('Redis is killed and started anew: peers are offline meanwhile, and all is as before when it is back', () =>
  withRedis((redis) =>
    withNodes(redis, {}, async (one, other) => {
      const { first, second, a, b } = await pairAt(one, other)
      const here = await pairAt(one, one)
      await redis.kill()
      await first.hears('offline')
      await second.hears('offline')
      first.send(a, b)
      await first.hears('delivery-failed')
      here.first.send(here.a, here.b)
      await here.second.hears('frame')
      const [late, l] = [one.client(), newRoute()]
      late.bind(l, newRoute()) // cluster.redis.local
      await late.hears('bound')
      await redis.run()
      await first.hears('online')
      await second.hears('online')
      first.send(a, b)
      await second.hears('frame')
      second.send(b, a)
      await first.hears('frame')
      await until(
        async () => (await redis.ask('EXISTS', tokenKeyOf(channelOf(l)))) === 1,
        'the late route has its token',
      )
      assert.deepEqual([late.heard, here.first.heard, here.second.heard], [[], [], []])
      assert.equal(one.bus.counters().redisConnects, 2)
    }),
  ))

test('Redis is stopped: it counts as lost after the time for an answer, binds are answered, and nothing comes late', () =>
  withRedis((redis) =>
    withNodes(redis, QUICK, async (one, other) => {
      const { first, second, a, b } = await pairAt(one, other)
      const [leaving, gone] = [one.client(), newRoute()]
      leaving.bind(gone, null)
      await leaving.hears('bound')
      redis.pause()
      leaving.leave()
      const [waiting, w] = [one.client(), newRoute()]
      assert.equal(one.bus.counters().redisConnected, true)
      const began = performance.now()
      waiting.bind(w, newRoute())
      first.send(a, b)
      await waiting.hears('bound')
      assert.equal(one.bus.counters().redisConnected, false)
      // Not at once; something asked before the pause may have waited for some of the time already
      const took = performance.now() - began
      assert.ok(took > 0.5 * QUICK.clusterAnswer, `${took} ms`)
      await until(() => first.heard.length === 2, 'the frame is answered and the peer is offline')
      assert.deepEqual(first.heard.splice(0).toSorted(), ['delivery-failed', 'offline'])
      await second.hears('offline')
      redis.resume()
      await first.hears('online')
      await second.hears('online')
      await until(async () => (await redis.ask('EXISTS', tokenKeyOf(channelOf(w)))) === 1, 'the route has its token')
      first.send(a, b, 'after')
      await second.hears('frame')
      // The bind that Redis found when it went on was given up, and has not taken the route from itself.
      assert.deepEqual(waiting.heard, [])
      assert.equal(waiting.bindings.size, 1)
      assert.deepEqual(await redis.ask('PUBSUB', 'SHARDNUMSUB', channelOf(gone)), [channelOf(gone), 0])
    }),
  ))

test('of two that bound a route while Redis was away the later one keeps it', () =>
  withRedis((redis) =>
    withNodes(redis, {}, async (one, other) => {
      await redis.kill()
      await one.untilConnected(false)
      await other.untilConnected(false)
      const [early, later, a] = [one.client(), other.client(), newRoute()]
      early.bind(a, null)
      await early.hears('bound')
      await new Promise((resolve) => setTimeout(resolve, 50))
      later.bind(a, null)
      await later.hears('bound')
      await redis.run()
      await early.hears('superseded')
      await one.untilConnected()
      await other.untilConnected()
      assert.deepEqual(later.heard, [])
      assert.equal(later.bindings.size, 1)
    }),
  ))

test('a route that was bound without Redis after it was bound at a node with Redis takes it', () =>
  withRedis((redis) =>
    withNodes(redis, {}, async (one, other) => {
      const [early, later, a] = [one.client(), other.client(), newRoute()]
      early.bind(a, null)
      await early.hears('bound')
      await redis.kill()
      await other.untilConnected(false)
      later.bind(a, null)
      await later.hears('bound')
      await redis.run()
      await early.hears('superseded')
      assert.equal(later.bindings.size, 1)
    }),
  ))

test('what ends without Redis is told when it is back', () =>
  withRedis((redis) =>
    withNodes(redis, QUICK, async (one, other) => {
      const { first, second } = await pairAt(one, other)
      await redis.kill()
      await first.hears('offline')
      second.leave()
      await redis.run()
      await one.untilConnected()
      await other.untilConnected()
      await until(() => [...other.routes.bindings()].length === 0, 'nothing is bound there')
      assert.deepEqual(first.heard, [])
    }),
  ))

test('a node that has had no lease for as long as one lasts closes, once, those whose peer is not there', () =>
  withRedis((redis) =>
    withNodes(redis, { ...QUICK, clusterLease: 1_000 }, async (one, other) => {
      const { first } = await pairAt(one, other)
      const here = await pairAt(one, one)
      const open = one.client()
      open.bind(newRoute(), null)
      await open.hears('bound')
      await redis.kill()
      await first.hears('offline', 'closed 1001')
      await open.hears('closed 1001')
      const again = one.client()
      again.bind(newRoute(), newRoute())
      await again.hears('bound')
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      assert.deepEqual([again.heard, here.first.heard, here.second.heard], [[], [], []])
    }),
  ))

test('a node is killed: its clients are offline when its lease has ended', () =>
  withRedis(async (redis) => {
    const node = await TestNode.start(redis.url, QUICK)
    const gone = await startProcess(redis, QUICK)
    try {
      const [here, a] = [node.client(), newRoute()]
      const there = await TestClient.connect(gone.url)
      const key = generateRouteKey()
      const b = Buffer.from(key.routeId).toString('latin1')
      here.bind(a, b)
      await here.hears('bound')
      await there.bind(key, Buffer.from(a, 'latin1'))
      await here.hears('online')
      await gone.kill()
      here.send(a, b)
      await here.hears('delivery-failed')
      await here.hears('offline')
    } finally {
      await gone.kill()
      await node.stop()
    }
  }))

test('a node is stopped for longer than its lease: its clients are offline; when it goes on it sends them away', () =>
  withRedis(async (redis) => {
    const node = await TestNode.start(redis.url, QUICK)
    const stopped = await startProcess(redis, QUICK)
    try {
      const [here, a] = [node.client(), newRoute()]
      const there = await TestClient.connect(stopped.url)
      const key = generateRouteKey()
      here.bind(a, Buffer.from(key.routeId).toString('latin1'))
      await here.hears('bound')
      await there.bind(key, Buffer.from(a, 'latin1'))
      await here.hears('online')
      stopped.signal('SIGSTOP')
      await here.hears('offline')
      stopped.signal('SIGCONT')
      assert.equal(await there.closeCode(), 1001)
      const again = await TestClient.connect(stopped.url)
      await again.bind(key, Buffer.from(a, 'latin1'))
      await here.hears('online')
      again.ws.terminate()
    } finally {
      await stopped.kill()
      await node.stop()
    }
  }))

/** A logger that keeps every line. */
function keeping() {
  const lines: string[] = []
  const keep = (details: object, message: string) => lines.push(`${message} ${JSON.stringify(details)}`)
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep }
  return { lines, logger }
}

test('a relay starts without its Redis, says so, and finds it later; its password is in no line', async () => {
  const { lines, logger } = keeping()
  const redis = new TestRedis(await freePort(), '--requirepass', 's3cret')
  const url = redis.url.replace('//', '//:s3cret@')
  const running = withRelay({ redis: url, logger }, async (relay) => {
    assert.match(lines.join('\n'), /^Redis is not there: .*"redis:\/\/127\.0\.0\.1:\d+".*ECONNREFUSED/m)
    const client = await TestClient.connect(relay.url)
    await client.bind(generateRouteKey(), null)
    await redis.run()
    await until(() => relay.stats().cluster?.redisConnected === true, 'Redis is there')
    await client.leave()
  })
  await running.finally(() => redis.stop())
  assert.ok(!lines.join('\n').includes('s3cret'), lines.join('\n'))
})

test('a wrong password is refused, in one sentence without it', () =>
  withRedis(
    async (redis) => {
      for (const url of [redis.url, redis.url.replace('//', '//:wr0ng@')]) {
        await assert.rejects(startRelay({ redis: url }), (error: Error) => {
          assert.ok(error instanceof BusRefusal)
          assert.match(error.message, /^Cannot use the Redis at redis:\/\/127\.0\.0\.1:\d+: it .* password\.$/)
          return true
        })
      }
    },
    '--requirepass',
    's3cret',
  ))

/** Answers every command as `answer` says. */
async function fakeRedis(answer: (command: string) => string) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (text) => {
      for (const [, command = ''] of String(text).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) socket.write(answer(command))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const stop = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { url: `redis://127.0.0.1:${port}`, [Symbol.dispose]: stop }
}

const hello = (version: string, role = 'master') =>
  `%3\r\n$7\r\nversion\r\n$${version.length}\r\n${version}\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$${role.length}\r\n${role}\r\n`

test('a Redis before version 7 is refused, in one sentence', async () => {
  using old = await fakeRedis(() => hello('6.2.14'))
  await assert.rejects(
    startRelay({ redis: old.url }),
    /^Error: Cannot use the Redis at redis:.*: it is version 6\.2\.14, and a relay needs Redis 7 or newer, or Valkey\.$/,
  )
})

test('a replica, a Redis that does not answer and one that is gone are not used: the next address is', () =>
  withRedis(async (redis) => {
    const { lines, logger } = keeping()
    using replica = await fakeRedis(() => hello('7.2.0', 'slave'))
    using silent = await fakeRedis(() => '')
    const gone = `redis://127.0.0.1:${await freePort()}`
    await withRelay({ redis: [replica.url, silent.url, gone, redis.url], limits: QUICK }, async (relay) => {
      assert.equal(relay.stats().cluster?.redisConnected, true)
    })
    for (const [url, why] of [
      [replica.url, 'it is a replica'],
      [silent.url, 'it does not answer'],
    ] as const) {
      await withRelay({ redis: url, limits: QUICK, logger }, async () => {
        assert.match(lines.join('\n'), new RegExp(why))
      })
    }
  }))

test('a Redis that refuses what it is asked counts as lost', () =>
  withRedis(async (redis) => {
    const { lines, logger } = keeping()
    const node = await TestNode.start(redis.url, {}, logger)
    try {
      // Not for others, who find out what became of it.
      await redis.ask('CONFIG', 'SET', 'maxmemory', '1')
      const client = node.client()
      client.bind(newRoute(), null)
      await client.hears('bound')
      assert.match(lines.join('\n'), /it answered OOM/)
      await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
      await node.untilConnected()
    } finally {
      await node.stop()
    }
  }))
