// Without Redis, and with it again (spec/cluster.md, Without Redis).

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { ClusterClaim } from '@happy-remote/schemas/cluster.ts'
import { startRelay } from '../server.ts'
import { type Client, newRoute, type RouteKey, routed } from '../testing/client.ts'
import { type Cluster, clusterTest } from '../testing/nodes.ts'
import { channelOf, RedisServer, said, until } from '../testing/redis.ts'
import { UnusableRedis } from './servers.ts'

const statusOf = async (client: Client) => (await client.take('presence')).status
const isJoined = ({ nodes }: Cluster) => nodes.every((node) => node.stats().cluster?.isJoined)
const isAlone = ({ nodes }: Cluster) => nodes.every((node) => node.stats().cluster?.isJoined === false)

async function fails(client: Client, from: RouteKey, to: RouteKey): Promise<void> {
  client.sendFrame(routed(from, to))
  const failed = await client.take('delivery-failed')
  deepEqual([failed.from, failed.to], [from.text, to.text])
}

async function arrives(at: Client, from: RouteKey, to: RouteKey, by: Client): Promise<void> {
  by.sendFrame(routed(from, to, 'arrives'))
  deepEqual(await at.takeFrame(), routed(from, to, 'arrives'))
}

/** The password of a Redis that lets no node in yet. */
const CLOSED = 'unknown-to-nodes'
/** A server that a test ends: a busy machine is not taken for a Redis that does not answer. */
const OWN = { limits: { clusterAnswer: 10_000 }, own: true } as const
/** One that a test pauses, for so many ms at least. */
const PAUSED_FOR = 3_000
const PAUSED = { limits: { clusterAnswer: PAUSED_FOR }, own: true } as const

clusterTest(
  'Redis ends and comes back: pairs of one node go on, others are told, and find each other again',
  OWN,
  async (cluster) => {
    const far = await cluster.pair(0, 1)
    const near = await cluster.pair(0, 0)
    await cluster.redis.kill()
    deepEqual([await statusOf(far.atA), await statusOf(far.atB)], ['offline', 'offline'])
    await fails(far.atA, far.a, far.b)
    await arrives(near.atB, near.a, near.b, near.atA)
    // Whoever comes now is served
    const local = await cluster.pair(1, 1)
    await arrives(local.atB, local.a, local.b, local.atA)
    await cluster.redis.start()
    deepEqual([await statusOf(far.atA), await statusOf(far.atB)], ['online', 'online'])
    await arrives(far.atB, far.a, far.b, far.atA)
    await arrives(far.atA, far.b, far.a, far.atB)
    for (const client of [near.atA, near.atB, local.atA, local.atB]) deepEqual(await client.settled(), [])
    const complaints = cluster.log.filter(({ level }) => level === 'warn')
    ok(complaints.length >= 2)
    match(complaints[0]?.event ?? '', /^There is no Redis/)
  },
)

clusterTest(
  'Redis that is paused counts as lost, and a bind that waits for it is answered then',
  PAUSED,
  async (cluster) => {
    const { a, b, atA, atB } = await cluster.pair(0, 1)
    const waiting = await cluster.open(0)
    const c = await newRoute()
    cluster.redis.pause()
    atA.sendFrame(routed(a, b))
    const lost = () => cluster.log.filter(({ event }) => event.startsWith('There is no Redis'))
    deepEqual(lost(), [])
    const begun = performance.now()
    await cluster.bind(waiting, 0, c, null)
    ok(lost().length > 0)
    // Not at once; something asked before the pause may have waited for some of the time already
    ok(performance.now() - begun >= 0.5 * PAUSED_FOR)
    await atA.take('delivery-failed')
    deepEqual([await statusOf(atA), await statusOf(atB)], ['offline', 'offline'])
    cluster.redis.resume()
    deepEqual([await statusOf(atA), await statusOf(atB)], ['online', 'online'])
    await arrives(atB, a, b, atA)
    // What was lost was dropped
    deepEqual([await atA.settled(), await atB.settled()], [[], []])
  },
)

clusterTest(
  'a node starts without Redis, says so, and joins when it is there',
  { ...OWN, own: 'unstarted' },
  async (cluster) => {
    const [a, b] = [await newRoute(), await newRoute()]
    const [atA, atB] = [await cluster.bound(0, a, b), await cluster.bound(1, b, a)]
    await fails(atA, a, b)
    const [line] = cluster.log
    deepEqual([line?.level, JSON.parse(line?.details ?? '').redis], ['warn', cluster.redis.url])
    match(line?.event ?? '', /There is no Redis: this relay serves those who are connected to it, and tries again/)
    await cluster.redis.start()
    deepEqual([await statusOf(atA), await statusOf(atB)], ['online', 'online'])
    await arrives(atB, a, b, atA)
  },
)

for (const [first, last] of [
  [0, 1],
  [1, 0],
] as const) {
  const name = `of two connections that bound a route without Redis the later keeps it, at node ${last}`
  clusterTest(name, { ...OWN, own: 'unstarted' }, async (cluster) => {
    const a = await newRoute()
    const early = await cluster.bound(first, a, null)
    const late = await cluster.bound(last, a, null)
    deepEqual([await early.settled(), await late.settled()], [[], []])
    await cluster.redis.start()
    equal((await early.take('error')).code, 'superseded')
    equal((await early.ended()).code, 4409)
    await until(() => isJoined(cluster), 'both nodes to be back')
    deepEqual(await late.settled(), [])
  })
}

clusterTest(
  'a route keeps its token while Redis is away, and one that is bound meanwhile gets that of its age',
  { ...OWN, nodes: 1 },
  async (cluster) => {
    const [a, b, c] = [await newRoute(), await newRoute(), await newRoute()]
    const puppet = await cluster.puppet()
    await cluster.bound(0, a, null)
    const token = await puppet.token(a)
    await cluster.redis.kill()
    await until(() => isAlone(cluster), 'Redis to be lost')
    const atB = await cluster.bound(0, b, null)
    const boundAt = Date.now()
    const atC = await cluster.bound(0, c, null)
    await cluster.redis.start('--requirepass', CLOSED)
    const after = await cluster.puppet(CLOSED)
    // Bound elsewhere since
    await after.ask('SET', `${channelOf(c)}:token`, String((boundAt + 600_000) * 1_000), 'PX', '30000')
    const onA = await after.listen(a)
    const onB = await after.listen(b)
    await after.letIn()
    await until(() => onA.length > 0 && onB.length > 0, 'the claims')
    equal(ClusterClaim.decode(onA[0] as Uint8Array).token, token)
    const late = ClusterClaim.decode(onB[0] as Uint8Array).token
    equal(late, await after.token(b))
    ok(Math.abs(late / 1_000 - boundAt) < 10_000, `${late / 1_000 - boundAt} ms from the bind`)
    equal((await atC.ended()).code, 4409)
    deepEqual(await atB.settled(), [])
  },
)

clusterTest('many routes are announced again when Redis is back', OWN, async (cluster) => {
  const routes = await Promise.all(Array.from({ length: 256 }, newRoute))
  const clients: Client[] = []
  for (let node = 0; node < 4; node++) clients.push(await cluster.open(node % 2))
  // Each with its neighbour, at the other node
  for (const [i, route] of routes.entries()) {
    await cluster.bind(clients[i % 4] as Client, i % 2, route, routes[i ^ 1] as RouteKey)
  }
  for (let i = 0; i < routes.length; i++) equal(await statusOf(clients[i % 4] as Client), 'online')
  await cluster.redis.kill()
  for (let i = 0; i < routes.length; i++) equal(await statusOf(clients[i % 4] as Client), 'offline')
  await cluster.redis.start()
  for (let i = 0; i < routes.length; i++) equal(await statusOf(clients[i % 4] as Client), 'online')
  for (const client of clients) deepEqual(await client.settled(), [])
})

/** Something that greets as a Redis does. */
function greeter(answer: string): Deno.Listener {
  const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 })
  const greet = async (connection: Deno.Conn) => {
    try {
      const buffer = new Uint8Array(4_096)
      while ((await connection.read(buffer)) !== null) await connection.write(new TextEncoder().encode(answer))
      connection.close()
    } catch {
      // The other side is gone.
    }
  }
  void (async () => {
    for await (const connection of listener) void greet(connection)
  })()
  return listener
}

const greeting = (version: string, role: string) =>
  `%3\r\n${['version', version, 'mode', 'standalone', 'role', role].map((text) => `$${text.length}\r\n${text}\r\n`).join('')}`

for (const [what, answer, reason] of [
  ['Redis 6', greeting('6.2.14', 'master'), /it is Redis 6\.2\.14, and 7 or newer is needed$/],
  [
    'Redis 5',
    '-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n',
    /it is Redis older than 6, and 7 or newer/,
  ],
] as const) {
  Deno.test(`a node does not start with ${what}`, async () => {
    const listener = greeter(answer)
    const { port } = listener.addr as Deno.NetAddr
    await rejects(startRelay({ redis: `redis://127.0.0.1:${port}` }), (error: Error) => {
      ok(error instanceof UnusableRedis)
      match(error.message, new RegExp(`^Cannot use redis://127\\.0\\.0\\.1:${port}: `))
      match(error.message, reason)
      return true
    })
    listener.close()
  })
}

Deno.test('a replica is no Redis to join at', async () => {
  const listener = greeter(greeting('7.2.0', 'replica'))
  const reasons: unknown[] = []
  const redis = `redis://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`
  const node = await startRelay({ redis, log: (_level, _event, details) => reasons.push(details?.reason) })
  match(String(reasons[0]), /is a replica, and no primary$/)
  await node.close()
  listener.close()
})

Deno.test({ name: 'a password is never shown', ignore: !RedisServer.canStart, fn: withPassword })

async function withPassword(): Promise<void> {
  const redis = RedisServer.reserve()
  await redis.start('--requirepass', 'right')
  const lines: string[] = []
  const url = redis.url.replace('//', '//default:wrong-secret@')
  const node = await startRelay({ redis: url, log: (...line) => lines.push(JSON.stringify(line)) })
  equal(node.stats().cluster?.isJoined, false)
  ok(lines.length > 0)
  ok(!lines.some((line) => line.includes('secret')))
  await node.close()
  const right = await startRelay({ redis: redis.url.replace('//', '//:right@') })
  equal(right.stats().cluster?.isJoined, true)
  await right.close()
  await redis.kill()
}

clusterTest('presence comes before the claim when a node is back', { ...OWN, nodes: 1 }, async (cluster) => {
  const [a, b] = [await newRoute(), await newRoute()]
  await cluster.bound(0, a, b)
  await cluster.redis.kill()
  await until(() => isAlone(cluster), 'Redis to be lost')
  await cluster.redis.start('--requirepass', CLOSED)
  const puppet = await cluster.puppet(CLOSED)
  const heard = await puppet.listen(b)
  await puppet.letIn()
  await until(() => heard.length > 0, 'the presence')
  deepEqual(heard.map(said), [`presence ${a.text} 11`])
  equal(await puppet.subscribers(a), 1)
  equal((await puppet.leases()).length, 1)
})

/** A way to Redis that can be cut. */
function wayTo(port: number) {
  const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 })
  const open = new Set<Deno.Conn>()
  let isCut = false
  const copy = async (from: Deno.Conn, to: Deno.Conn) => {
    await from.readable.pipeTo(to.writable).catch(() => {})
  }
  void (async () => {
    for await (const near of listener) {
      if (isCut) {
        near.close()
        continue
      }
      const far = await Deno.connect({ hostname: '127.0.0.1', port })
      for (const one of [near, far]) open.add(one)
      void Promise.all([copy(near, far), copy(far, near)])
    }
  })()
  const cut = () => {
    isCut = true
    for (const one of open) {
      try {
        one.close()
      } catch {
        // Its other side was first.
      }
    }
    open.clear()
  }
  return {
    port: (listener.addr as Deno.NetAddr).port,
    cut,
    mend: () => {
      isCut = false
    },
    end: () => {
      cut()
      listener.close()
    },
  }
}

clusterTest('a node that alone was without Redis makes up for the presence that has ended', OWN, async (cluster) => {
  const way = wayTo(cluster.redis.port)
  const node = await startRelay({ redis: `redis://127.0.0.1:${way.port}`, limits: { closeTime: 200 } })
  try {
    const [a, b, c, d] = [await newRoute(), await newRoute(), await newRoute(), await newRoute()]
    const origin = `ws://127.0.0.1:${node.port}`
    const here = await cluster.dial(node.port)
    const there = await cluster.bound(0, b, a)
    await cluster.bind(there, 0, d, c)
    for (const [route, peer] of [
      [a, b],
      [c, d],
    ] as const) {
      await here.bind(route, peer, origin)
      deepEqual([await statusOf(here), await statusOf(there)], ['online', 'online'])
    }
    way.cut()
    deepEqual([await statusOf(here), await statusOf(here)], ['offline', 'offline'])
    here.send({ type: 'unbind', route: a.text })
    await here.bind(c, b, origin)
    deepEqual(await there.settled(), [])
    way.mend()
    const ended = [await there.take('presence'), await there.take('presence')]
    deepEqual(
      ended.map(({ route, status }) => `${route} ${status}`).toSorted(),
      [`${b.text} offline`, `${d.text} offline`].toSorted(),
    )
    deepEqual(await here.settled(), [])
  } finally {
    await node.close()
    way.end()
  }
})
