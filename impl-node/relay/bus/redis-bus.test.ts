import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RouteId } from '../frame.ts'
import { claim, nack, presence } from './envelope.ts'
import { channelOf, leaseKeyOf, tokenKeyOf } from './names.ts'
import type { RedisConnection } from './redis-connection.ts'
import { frameOf, newRoute, pairAt, TestNode, until, withNodes } from './test-node.ts'
import { TestRedis } from './test-redis.ts'

let redis: TestRedis
before(async () => {
  redis = await TestRedis.shared()
})
after(() => redis.stop())

/** Somebody at Redis who hears the channel of `route`. */
async function listen(route: RouteId) {
  const connection = await redis.connect()
  const heard: Buffer[] = []
  await connection.subscribe(channelOf(route), (message) => heard.push(Buffer.from(message)))
  return { connection, heard, [Symbol.dispose]: () => connection.destroy() }
}

const say = (connection: RedisConnection, route: RouteId, message: Buffer) =>
  connection.send<number>('SPUBLISH', channelOf(route), message)
const subscribers = async (route: RouteId) =>
  (await redis.ask<[string, number]>('PUBSUB', 'SHARDNUMSUB', channelOf(route)))[1]

test('a pair at two nodes exchanges frames, the same bytes in the same order', () =>
  withNodes(redis, {}, async (one, other) => {
    const { first, second, a, b } = await pairAt(one, other)
    const sent = Array.from({ length: 500 }, (_, i) => Buffer.alloc(i * 7, i))
    for (const payload of sent) first.send(a, b, payload)
    for (const payload of sent) second.send(b, a, payload)
    await until(() => first.frames.length >= sent.length && second.frames.length >= sent.length, 'all frames are there')
    assert.deepEqual(
      second.frames,
      sent.map((payload) => frameOf(a, b, payload)),
    )
    assert.deepEqual(
      first.frames,
      sent.map((payload) => frameOf(b, a, payload)),
    )
    assert.equal(one.bus.counters().published, sent.length)
    assert.equal(one.bus.counters().received, sent.length)
  }))

test('frames between two routes of one node are not published', () =>
  withNodes(redis, {}, async (one) => {
    const { first, second, a, b } = await pairAt(one, one)
    first.send(a, b)
    await second.hears('frame')
    assert.equal(one.bus.counters().published, 0)
  }))

test('a frame to a route that is bound nowhere is answered, and so is one that the other node may not forward', () =>
  withNodes(redis, {}, async (one, other) => {
    const { first, second, a } = await pairAt(one, other)
    first.send(a, newRoute())
    await first.hears('delivery-failed')
    const [stranger, s] = [other.client(), newRoute()]
    stranger.bind(s, a)
    await stranger.hears('bound')
    stranger.send(s, a) // the peer of `a` is another
    await stranger.hears('delivery-failed')
    assert.equal(one.bus.counters().nacks, 1)
    second.takes = false
    first.send(a, [...second.bindings.keys()][0] ?? '')
    await first.hears('delivery-failed')
  }))

test('an open route takes 20 frames from other nodes', () =>
  withNodes(redis, {}, async (one, other) => {
    const [agent, phone, a, p] = [one.client(), other.client(), newRoute(), newRoute()]
    agent.bind(a, null)
    phone.bind(p, a)
    await agent.hears('bound')
    await phone.hears('bound')
    for (let i = 0; i < 22; i++) phone.send(p, a)
    await phone.hears('delivery-failed')
    await until(() => agent.frames.length >= 20, '20 frames are there')
    assert.equal(agent.frames.length, 20)
  }))

test('a route that is bound at another node is taken from the old connection, and its peer is told nothing', () =>
  withNodes(redis, {}, async (one, other) => {
    const { first, second, a, b } = await pairAt(one, other)
    const moved = one.client()
    moved.bind(b, a)
    await second.hears('superseded')
    await moved.hears('bound', 'online')
    first.send(a, b)
    await moved.hears('frame')
    const back = other.client()
    back.bind(b, a)
    await moved.hears('superseded')
    await back.hears('bound', 'online')
    first.send(a, b)
    await back.hears('frame')
    await until(async () => (await subscribers(b)) === 1, 'only one node is subscribed')
    assert.deepEqual(first.heard, [])
    back.leave()
    await first.hears('offline')
  }))

test('no frame is answered as not delivered while its recipient moves between nodes', () =>
  withNodes(redis, {}, async (one, other) => {
    const third = await TestNode.start(redis.url)
    const { first, a, b } = await pairAt(third, one)
    for (let i = 0; i < 20; i++) {
      const moved = [one, other][(i + 1) % 2]?.client()
      moved?.bind(b, a)
      const isThere = () => moved?.heard.includes('online') === true
      await until(() => {
        first.send(a, b)
        return isThere()
      }, 'it has moved')
    }
    const last = first.heard.splice(0)
    await third.stop()
    assert.deepEqual(last, [])
  }))

test('of binds at the same time on nodes and connections one counts, and every other connection is told', () =>
  withNodes(redis, {}, async (one, other) => {
    const [a, b] = [newRoute(), newRoute()]
    const owners = Array.from({ length: 12 }, (_, i) => (i % 2 ? one : other).client())
    for (const owner of owners) owner.bind(a, b)
    await until(() => owners.filter(({ heard }) => heard.at(-1) === 'superseded').length === 11, 'one is left')
    const [last, ...more] = owners.filter(({ bindings }) => bindings.size > 0)
    assert.deepEqual(more, [])
    await last?.hears('bound')
    await until(async () => (await subscribers(a)) === 1, 'one node is subscribed')
    // Only the last one of each node was ever told "bound".
    assert.ok(owners.filter(({ heard }) => heard.includes('bound')).length <= 1)
    assert.ok(owners.every(({ heard }) => heard.length <= 2))
  }))

test('bind, unbind and bind again while Redis is slow: each is settled, and the last one is true', () =>
  withNodes(redis, {}, async (one) => {
    const [client, a, b, c] = [one.client(), newRoute(), newRoute(), newRoute()]
    client.bind(a, b)
    client.unbind(a)
    client.bind(a, c)
    client.bind(a, b)
    await client.hears('bound', 'bound')
    await until(async () => (await subscribers(a)) === 1, 'it is subscribed')
    client.bind(a, c)
    client.leave()
    await until(async () => (await subscribers(a)) === 0, 'it is not subscribed any more')
    assert.deepEqual(client.heard, [])
  }))

test('two routes of one connection are a pair, and "bound" comes before the presence that it causes', () =>
  withNodes(redis, {}, async (one) => {
    const [client, a, b, c] = [one.client(), newRoute(), newRoute(), newRoute()]
    client.bind(a, b)
    client.bind(b, a)
    await until(() => client.heard.length >= 4, 'all is said')
    assert.deepEqual(client.heard.splice(0).toSorted(), ['bound', 'bound', 'online', 'online'])
    client.bind(b, c)
    await client.hears('bound', 'offline')
  }))

test('presence ends with the unbind, the connection and a bind with another peer', () =>
  withNodes(redis, {}, async (one, other) => {
    const { first, second, a, b } = await pairAt(one, other)
    second.unbind(b)
    await first.hears('offline')
    second.bind(b, a)
    await second.hears('bound', 'online')
    await first.hears('online')
    second.bind(b, newRoute())
    await second.hears('bound')
    await first.hears('offline')
    second.bind(b, a)
    await second.hears('bound', 'online')
    await first.hears('online')
    second.leave()
    await first.hears('offline')
  }))

test('presence with "online" 0 of another node than the last is ignored', () =>
  withNodes(redis, {}, async (one, other) => {
    const { first, a, b } = await pairAt(one, other)
    using redisSide = await listen(b)
    const end = { route: b, peer: a, nodeId: newRoute(), isOnline: false, wantsAnswer: false }
    await say(redisSide.connection, a, presence(end))
    await say(redisSide.connection, a, presence({ ...end, isOnline: true }))
    await say(redisSide.connection, a, presence(end))
    await first.hears('offline')
  }))

test('a claim with a smaller token is answered with the own one, and one with a larger token takes the route', () =>
  withNodes(redis, {}, async (one) => {
    const [client, a] = [one.client(), newRoute()]
    using others = await listen(a)
    client.bind(a, null)
    await client.hears('bound')
    await until(() => others.heard.length === 1, 'the claim is heard')
    const stored = Number(await redis.ask<string>('GET', tokenKeyOf(channelOf(a))))
    await say(others.connection, a, claim(stored - 1, newRoute()))
    await until(() => others.heard.length === 3, 'the claim is heard again')
    assert.deepEqual(others.heard[2], others.heard[0])
    // Of equal tokens the larger node id wins.
    await say(others.connection, a, claim(stored, '\x00'.repeat(16)))
    await until(() => others.heard.length === 5, 'the claim is heard again')
    await say(others.connection, a, claim(stored, '\xff'.repeat(16)))
    await client.hears('superseded')
    await until(async () => (await subscribers(a)) === 1, 'the node has given the channel up')
  }))

test('of two nodes at which a route is bound at the same time the one that keeps it is the last that its peer hears of', () =>
  withNodes(redis, {}, async (one, other) => {
    const [client, a, b] = [one.client(), newRoute(), newRoute()]
    const peer = other.client()
    client.bind(a, b)
    peer.bind(b, a)
    await client.hears('bound', 'online')
    await peer.hears('bound', 'online')
    // A third node, whose older bind of `a` comes late: it tells the peer, claims, hears the newer claim, and ends.
    using third = await listen(a)
    const nodeId = newRoute()
    const said = { route: a, peer: b, nodeId, isOnline: true, wantsAnswer: false }
    await say(third.connection, b, presence(said))
    await say(third.connection, a, claim(1, nodeId))
    await until(() => third.heard.length >= 2, 'the newer claim is heard')
    await say(third.connection, b, presence({ ...said, isOnline: false }))
    client.send(a, b)
    await peer.hears('frame')
  }))

test('a claim that comes before the own token is known is compared with it', () =>
  withNodes(redis, {}, async (one) => {
    const [client, a, b] = [one.client(), newRoute(), newRoute()]
    client.bind(a, b)
    await client.hears('bound')
    using others = await listen(a)
    const taken = say(others.connection, a, claim(2 ** 52, newRoute()))
    client.bind(a, b)
    await taken
    await client.hears('superseded')
    assert.equal(client.bindings.size, 0)
  }))

test('what is no envelope, or not one of its channel, changes nothing', () =>
  withNodes(redis, {}, async (one, other) => {
    const { first, second, a, b } = await pairAt(one, other)
    using others = await listen(b)
    const ghost = { route: b, peer: newRoute(), nodeId: newRoute(), isOnline: true, wantsAnswer: true }
    const wrong = [
      Buffer.alloc(0),
      Buffer.of(0),
      Buffer.of(1),
      Buffer.of(9, 9),
      claim(1, newRoute()).subarray(1),
      Buffer.concat([claim(2 ** 52, newRoute()), Buffer.of(0)]),
      frameOf(b, a).subarray(0, 32),
      frameOf(b, newRoute()),
      nack(b, a),
      presence(ghost),
      presence({ ...ghost, route: newRoute(), peer: a }),
    ]
    for (const message of wrong) await say(others.connection, a, message)
    first.send(a, b)
    await second.hears('frame')
    second.send(b, a)
    await first.hears('frame')
    assert.deepEqual(others.heard, [frameOf(a, b)])
    assert.equal(one.bus.counters().malformed, 10)
  }))

test('nacks are sent once a second for a pair, and answered', () =>
  withNodes(redis, {}, async (one, other) => {
    const { first, a, b } = await pairAt(one, other)
    const stranger = newRoute()
    using others = await listen(stranger)
    const started = performance.now()
    for (let i = 0; i < 50; i++) await say(others.connection, a, frameOf(stranger, a))
    await until(() => others.heard.length > 0, 'a nack is heard')
    assert.deepEqual(others.heard[0], nack(stranger, a))
    assert.ok(others.heard.length <= 1 + (performance.now() - started) / 1_000)
    await say(others.connection, a, nack(a, b))
    await first.hears('delivery-failed')
    // The peer is doubtful now: being told of it again is news.
    const again = { route: b, peer: a, nodeId: newRoute(), isOnline: true, wantsAnswer: false }
    await say(others.connection, a, presence(again))
    await first.hears('online')
    await say(others.connection, a, presence(again))
    await say(others.connection, a, presence({ ...again, isOnline: false }))
    await first.hears('offline')
  }))

test('everything in Redis expires, and a node that stops takes its lease away', async () => {
  const limits = { clusterLease: 2_000, clusterRenew: 300 }
  const before = new Set(await redis.ask<string[]>('KEYS', 'hrc1:node:*'))
  const node = await TestNode.start(redis.url, limits)
  const [client, a] = [node.client(), newRoute()]
  client.bind(a, newRoute())
  await client.hears('bound')
  const [lease = ''] = (await redis.ask<string[]>('KEYS', 'hrc1:node:*')).filter((key) => !before.has(key))
  for (const key of [lease, tokenKeyOf(channelOf(a))]) {
    const left = await redis.ask<number>('PTTL', key)
    assert.ok(left > 0 && left <= limits.clusterLease, `${key} ${left}`)
  }
  await until(async () => (await redis.ask<number>('EXISTS', tokenKeyOf(channelOf(a)))) === 0, 'the token has expired')
  assert.equal(await redis.ask('EXISTS', lease), 1)
  await node.stop()
  assert.equal(await redis.ask('EXISTS', lease), 0)
  assert.equal(await subscribers(a), 0)
})

test('peers at a node without a lease are offline, and frames to them not delivered, until they are told of again', () =>
  withNodes(redis, { clusterRenew: 100 }, async (one, other) => {
    const { first, a, b } = await pairAt(one, other)
    using dead = await listen(b)
    const nodeId = newRoute()
    const said = { route: b, peer: a, nodeId, isOnline: true, wantsAnswer: false }
    await redis.ask('SET', leaseKeyOf(nodeId), '1', 'PX', '30000')
    other.routes.release([...other.routes.bindings()][0]?.owner as never)
    await first.hears('offline')
    await say(dead.connection, a, presence(said))
    await first.hears('online')
    first.send(a, b)
    await until(() => dead.heard.some((each) => each.equals(frameOf(a, b))), 'the frame is there')
    await redis.ask('DEL', leaseKeyOf(nodeId))
    await first.hears('offline')
    const { published } = one.bus.counters()
    first.send(a, b)
    await first.hears('delivery-failed')
    assert.equal(one.bus.counters().published, published)
    await redis.ask('SET', leaseKeyOf(nodeId), '1', 'PX', '30000')
    await say(dead.connection, a, presence(said))
    await first.hears('online')
    first.send(a, b)
    await until(() => one.bus.counters().published === published + 1, 'the frame is published')
  }))

test('a node whose lease has ended announces its routes again', () =>
  withNodes(redis, { clusterRenew: 200 }, async (one) => {
    const [client, a, b] = [one.client(), newRoute(), newRoute()]
    using atPeer = await listen(b)
    using atRoute = await listen(a)
    const before = new Set(await redis.ask<string[]>('KEYS', 'hrc1:node:*'))
    client.bind(a, b)
    await client.hears('bound')
    await until(() => atRoute.heard.length === 1, 'the claim is heard')
    for (const key of before) await redis.ask('DEL', key)
    await until(() => atRoute.heard.length === 2 && atPeer.heard.length === 2, 'all is heard again')
    assert.deepEqual(atRoute.heard[1], atRoute.heard[0])
    assert.deepEqual(atPeer.heard[1], atPeer.heard[0])
  }))
