// Who is told of whom across nodes (spec/cluster.md, Presence between nodes).

import { deepEqual, equal } from 'node:assert/strict'
import { ClusterPresence } from '@happy-remote/schemas/cluster.ts'
import { type Client, newRoute, type RouteKey, routed } from '../testing/client.ts'
import { type Cluster, clusterTest } from '../testing/nodes.ts'
import { type Puppet, said, until } from '../testing/redis.ts'

const statusOf = async (client: Client) => (await client.take('presence')).status

/** What a client was told since, when all that the puppet said has arrived. */
async function after(puppet: Puppet, atA: Client, a: RouteKey): Promise<unknown[]> {
  const stray = await newRoute()
  const answers = await puppet.listen(stray)
  await puppet.say(a, routed(stray, a))
  await until(() => answers.length > 0, 'a nack behind what was said')
  return (await atA.settled()).map((one) => (one instanceof Uint8Array ? 'frame' : `${one.type} ${one.status}`))
}

/** A route at a node whose peer is bound at a puppet, both told so. */
async function withPuppet(cluster: Cluster) {
  const puppet = await cluster.puppet()
  const [a, b] = [await newRoute(), await newRoute()]
  const atB = await puppet.listen(b)
  await puppet.ask('SET', puppet.lease, '1', 'PX', '30000')
  const atA = await cluster.bound(0, a, b)
  await puppet.presence(b, a, 1)
  equal(await statusOf(atA), 'online')
  return { puppet, a, b, atA, atB }
}

clusterTest('both are told when a pair becomes mutual, and the other when it ends', {}, async (cluster) => {
  const { a, b, atA, atB } = await cluster.pair(0, 1)
  atB.drop()
  equal(await statusOf(atA), 'offline')
  const again = await cluster.bound(1, b, a)
  deepEqual([await statusOf(atA), await statusOf(again)], ['online', 'online'])
  again.send({ type: 'unbind', route: b.text })
  equal(await statusOf(atA), 'offline')
  await cluster.bind(again, 1, b, a)
  deepEqual([await statusOf(atA), await statusOf(again)], ['online', 'online'])
  await cluster.bind(again, 1, b, await newRoute())
  equal(await statusOf(atA), 'offline')
  deepEqual([await atA.settled(), await again.settled()], [[], []])
})

clusterTest('who binds again with the same peer is told again, and the peer is not', {}, async (cluster) => {
  const { a, b, atA, atB } = await cluster.pair(0, 1)
  await cluster.bind(atA, 0, a, b)
  equal(await statusOf(atA), 'online')
  await cluster.bind(atB, 1, b, a)
  equal(await statusOf(atB), 'online')
  deepEqual([await atA.settled(), await atB.settled()], [[], []])
})

clusterTest('a route whose peer has another peer is told nothing', {}, async (cluster) => {
  const [a, b, c] = [await newRoute(), await newRoute(), await newRoute()]
  const [atA, atB] = [await cluster.bound(0, a, b), await cluster.bound(1, b, c)]
  const atC = await cluster.bound(0, c, b)
  deepEqual([await statusOf(atB), await statusOf(atC)], ['online', 'online'])
  deepEqual(await atA.settled(), [])
})

clusterTest('presence is told once, and again when a frame was not delivered since', { nodes: 1 }, async (cluster) => {
  const { puppet, a, b, atA } = await withPuppet(cluster)
  await puppet.presence(b, a, 1)
  deepEqual(await after(puppet, atA, a), [])
  await puppet.nack(a, b)
  await atA.take('delivery-failed')
  await puppet.presence(b, a, 1)
  equal(await statusOf(atA), 'online')
})

clusterTest('who wants an answer gets one, and else nobody', { nodes: 1 }, async (cluster) => {
  const { puppet, a, b, atA, atB } = await withPuppet(cluster)
  await puppet.presence(b, a, 1, 1)
  await until(() => atB.length === 2, 'an answer')
  deepEqual(atB.map(said), [`presence ${a.text} 11`, `presence ${a.text} 10`])
  deepEqual(ClusterPresence.decode(atB[1] as Uint8Array).peer, b.id)
  await puppet.presence(b, a, 1)
  deepEqual(await after(puppet, atA, a), [])
  equal(atB.length, 2)
})

clusterTest('presence of a stranger causes nothing', { nodes: 1 }, async (cluster) => {
  const { puppet, a, b, atA } = await withPuppet(cluster)
  const stranger = await newRoute()
  const heard = await puppet.listen(stranger)
  await puppet.presence(stranger, a, 1, 1)
  await puppet.presence(stranger, a, 0, 1)
  // About the peer, and on the channel of somebody else
  await puppet.say(
    a,
    ClusterPresence.encode({ route: b.id, peer: stranger.id, nodeId: puppet.id, online: 0, wantAnswer: 0 }),
  )
  deepEqual(await after(puppet, atA, a), [])
  await puppet.settled()
  deepEqual(heard, [])
})

clusterTest('offline counts only from the node that told last of the peer', { nodes: 1 }, async (cluster) => {
  const { puppet, a, b, atA } = await withPuppet(cluster)
  const other = crypto.getRandomValues(new Uint8Array(16))
  await puppet.presence(b, a, 0, 0, other)
  deepEqual(await after(puppet, atA, a), [])
  await puppet.presence(b, a, 1, 0, other)
  await puppet.presence(b, a, 0)
  deepEqual(await after(puppet, atA, a), [])
  await puppet.presence(b, a, 0, 0, other)
  equal(await statusOf(atA), 'offline')
})

clusterTest(
  'a pair that has met at one node is online, whatever other nodes say of the past',
  { nodes: 1 },
  async (cluster) => {
    const { puppet, a, b, atA } = await withPuppet(cluster)
    const atB = await cluster.bound(0, b, a)
    equal(await statusOf(atB), 'online')
    await puppet.presence(b, a, 0)
    deepEqual(await after(puppet, atA, a), [])
    atB.drop()
    equal(await statusOf(atA), 'offline')
  },
)

clusterTest('a peer that moves to a node that has told of it stays online', { nodes: 1 }, async (cluster) => {
  const { a, b, atA, atB } = await cluster.pair(0, 0)
  const puppet = await cluster.puppet()
  await puppet.presence(b, a, 1)
  await puppet.claim(b, 2 ** 52)
  equal((await atB.take('error')).code, 'superseded')
  deepEqual(await after(puppet, atA, a), [])
  await puppet.presence(b, a, 0)
  equal(await statusOf(atA), 'offline')
})
