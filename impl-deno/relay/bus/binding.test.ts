// Binding a route at one of several nodes (spec/cluster.md, Binding a route).

import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { ClusterClaim, ClusterPresence } from '@happy-remote/schemas/cluster.ts'
import { newRoute, routed } from '../testing/client.ts'
import { clusterTest } from '../testing/nodes.ts'
import { channelOf, said, until } from '../testing/redis.ts'

clusterTest('a route is bound when its presence and then its claim are published', { nodes: 1 }, async (cluster) => {
  const puppet = await cluster.puppet()
  const [a, b] = [await newRoute(), await newRoute()]
  const [onA, onB] = [await puppet.listen(a), await puppet.listen(b)]
  await cluster.bound(0, a, b)
  await puppet.settled()
  deepEqual([onA.map(said), onB.map(said)], [['claim'], [`presence ${a.text} 11`]])
  const claim = ClusterClaim.decode(onA[0] as Uint8Array)
  const presence = ClusterPresence.decode(onB[0] as Uint8Array)
  deepEqual(claim.nodeId, presence.nodeId)
  deepEqual(presence.peer, b.id)
  equal(claim.token, await puppet.token(a))
  deepEqual(await puppet.leases(), [`hrc1:node:${claim.nodeId.toHex()}`])
  equal(await puppet.subscribers(a), 2)
})

clusterTest('an open route has a claim and no presence', { nodes: 1 }, async (cluster) => {
  const puppet = await cluster.puppet()
  const a = await newRoute()
  const onA = await puppet.listen(a)
  await cluster.bound(0, a, null)
  await puppet.settled()
  deepEqual(onA.map(said), ['claim'])
})

clusterTest(
  'each bind has a larger token, and everything in Redis expires within 30 s',
  { own: true },
  async (cluster) => {
    const puppet = await cluster.puppet()
    const [a, b] = [await newRoute(), await newRoute()]
    const atA = await cluster.bound(0, a, b)
    const first = await puppet.token(a)
    ok(Math.abs(first / 1_000 - Date.now()) < 60_000, `${first} are no microseconds since 1970`)
    await cluster.bind(atA, 0, a, b)
    const second = await puppet.token(a)
    ok(second > first)
    const ahead = second + 600_000_000
    await puppet.ask('SET', `${channelOf(a)}:token`, String(ahead), 'PX', '30000')
    await cluster.bind(atA, 0, a, null)
    equal(await puppet.token(a), ahead + 1)
    const keys = await puppet.keys()
    // Two nodes and a token
    equal(keys.length, 3)
    for (const key of keys) {
      const left = (await puppet.ask('PTTL', key)) as number
      ok(left > 0 && left <= 30_000, `${key} lives for ${left} ms`)
    }
  },
)

clusterTest(
  'a route that is bound at another node moves there, and its peer is told nothing',
  { nodes: 3 },
  async (cluster) => {
    const { a, b, atA, atB } = await cluster.pair(0, 1)
    let [old, at] = [atA, 0]
    // To the third node, to that of the peer, back to the first
    for (const next of [2, 1, 0]) {
      const moved = await cluster.bound(next, a, b)
      const { code, route } = await old.take('error')
      deepEqual([code, route], ['superseded', a.text])
      equal((await old.ended()).code, 4409)
      equal((await moved.take('presence')).status, 'online')
      moved.sendFrame(routed(a, b, `from ${next}`))
      deepEqual(await atB.takeFrame(), routed(a, b, `from ${next}`))
      atB.sendFrame(routed(b, a, `to ${next}`))
      deepEqual(await moved.takeFrame(), routed(b, a, `to ${next}`))
      deepEqual(await atB.settled(), [], `after it has moved from ${at} to ${next}`)
      old = moved
      at = next
    }
  },
)

clusterTest('frames sent while a route moves arrive at one of its two connections, each once', {}, async (cluster) => {
  const { a, b, atA, atB } = await cluster.pair(0, 0)
  const all = 2_000
  let sent = 0
  const sending = (async () => {
    for (; sent < all; sent++) {
      atB.sendFrame(routed(b, a, `${sent}`))
      if (sent % 20 === 0) await atB.settled()
    }
  })()
  await until(() => sent > all / 4, 'the first frames')
  const moved = await cluster.bound(1, a, b)
  await sending
  const got: string[] = []
  const gather = (heard: unknown[]) => {
    for (const one of heard) if (one instanceof Uint8Array) got.push(new TextDecoder().decode(one.subarray(33)))
  }
  await atA.ended()
  gather(atA.heard)
  while (got.at(-1) !== `${all - 1}`) gather([await moved.takeFrame()])
  deepEqual(
    got,
    Array.from({ length: all }, (_, i) => `${i}`),
  )
  deepEqual(await atB.settled(), [])
})

clusterTest('a connection keeps its other routes when one of them moves', {}, async (cluster) => {
  const [a, b] = [await newRoute(), await newRoute()]
  const atBoth = await cluster.bound(0, a, null)
  await cluster.bind(atBoth, 0, b, null)
  await cluster.bound(1, a, null)
  equal((await atBoth.take('error')).route, a.text)
  deepEqual(await atBoth.settled(), [])
})

clusterTest(
  'the larger claim takes the route, the smaller is answered, and an equal one is decided',
  { nodes: 1 },
  async (cluster) => {
    const puppet = await cluster.puppet()
    const a = await newRoute()
    const heard = await puppet.listen(a)
    const atA = await cluster.bound(0, a, null)
    await puppet.settled()
    const { token, nodeId } = ClusterClaim.decode(heard[0] as Uint8Array)
    await puppet.claim(a, token - 1)
    await until(() => heard.length === 3, 'the claim again')
    deepEqual(ClusterClaim.decode(heard[2] as Uint8Array), { token, nodeId })
    // Its own, whatever it says, is not answered; the smaller nodeId loses, too
    await puppet.claim(a, token + 1, nodeId)
    await puppet.claim(a, token, new Uint8Array(16))
    await until(() => heard.length === 6, 'the claim once more')
    deepEqual(ClusterClaim.decode(heard[5] as Uint8Array), { token, nodeId })
    deepEqual(await atA.settled(), [])
    await puppet.claim(a, token, new Uint8Array(16).fill(255))
    equal((await atA.take('error')).code, 'superseded')
    equal((await atA.ended()).code, 4409)
    await until(async () => (await puppet.subscribers(a)) === 1, 'the subscription to end')
  },
)

clusterTest('a node that has lost a route to another answers no frame for it', { nodes: 1 }, async (cluster) => {
  const puppet = await cluster.puppet()
  const [a, b] = [await newRoute(), await newRoute()]
  const [, onB] = [await puppet.listen(a), await puppet.listen(b)]
  await cluster.bound(0, a, b)
  // In one go, so that the frame is there before the subscription ends
  await Promise.all([puppet.claim(a, 2 ** 52), puppet.say(a, routed(b, a))])
  await until(() => onB.length === 2, 'the end of the presence')
  await until(async () => (await puppet.subscribers(a)) === 1, 'the subscription to end')
  deepEqual(onB.map(said), [`presence ${a.text} 11`, `presence ${a.text} 00`])
})

clusterTest('a route that is given up or lost is not listened to any more', { nodes: 1 }, async (cluster) => {
  const puppet = await cluster.puppet()
  const [a, b] = [await newRoute(), await newRoute()]
  const atA = await cluster.bound(0, a, b)
  await cluster.bind(atA, 0, b, a)
  atA.send({ type: 'unbind', route: a.text })
  await until(async () => (await puppet.subscribers(a)) === 0, 'the first subscription to end')
  equal(await puppet.subscribers(b), 1)
  atA.drop()
  await until(async () => (await puppet.subscribers(b)) === 0, 'the second subscription to end')
})

clusterTest(
  'of what is bound and given up in quick succession the last counts',
  { nodes: 1, own: true },
  async (cluster) => {
    const puppet = await cluster.puppet()
    const [a, b, c] = [await newRoute(), await newRoute(), await newRoute()]
    const origin = `ws://127.0.0.1:${cluster.nodes[0]?.port}`
    const [client, gone] = [await cluster.open(0), await cluster.open(0)]
    const [binding, unbinding] = [await client.bindMessage(a, b, origin), await client.bindMessage(c, b, origin)]
    const lost = await gone.bindMessage(b, a, origin)
    cluster.redis.pause()
    for (const message of [binding, { type: 'unbind', route: a.text }, binding, unbinding]) client.send(message)
    client.send({ type: 'unbind', route: c.text })
    gone.send(lost)
    await cluster.open(0)
    gone.drop()
    cluster.redis.resume()
    for (const route of [a, a, c]) equal((await client.take('bound')).route, route.text)
    deepEqual(await client.settled(), [])
    const counts = async () => await Promise.all([a, b, c].map((route) => puppet.subscribers(route)))
    await until(async () => `${await counts()}` === '1,0,0', 'what is not bound to be unsubscribed')
    equal(cluster.nodes[0]?.stats().routes, 1)
  },
)

clusterTest('two connections that bind one route at the same time leave it with one of them', {}, async (cluster) => {
  const a = await newRoute()
  for (let i = 0; i < 10; i++) {
    const both = await Promise.all([cluster.bound(0, a, null), cluster.bound(1, a, null)])
    const routes = () => cluster.nodes.map((node) => node.stats().routes)
    await until(() => `${routes().toSorted()}` === '0,1', 'one of them to lose it')
    const loser = both[routes().indexOf(0)]
    equal((await loser?.ended())?.code, 4409)
    const winner = both[routes().indexOf(1)]
    winner?.drop()
    await until(() => `${routes()}` === '0,0', 'the other to be gone')
  }
})

clusterTest('each node has a name of its own', { nodes: 3 }, async (cluster) => {
  const leases = (await (await cluster.puppet()).leases()).map((key) => key.slice('hrc1:node:'.length))
  for (const name of leases) ok(/^[0-9a-f]{32}$/.test(name), name)
  ok(new Set(leases).size >= 3)
  notEqual(leases[0], leases[1])
})
