// Frames between nodes (spec/cluster.md, Frames).

import { deepEqual, equal, ok } from 'node:assert/strict'
import { newRoute, routed } from '../testing/client.ts'
import { clusterTest } from '../testing/nodes.ts'
import { said, until } from '../testing/redis.ts'

clusterTest('a frame arrives at another node as the very bytes, both ways and of every size', {}, async (cluster) => {
  const { a, b, atA, atB } = await cluster.pair(0, 1)
  for (const size of [0, 1, 92, 93, 126, 65_502, 65_503, 262_400 - 33]) {
    const payload = new Uint8Array(size).map((_, i) => i * 7 + size)
    atA.sendFrame(routed(a, b, payload))
    deepEqual(await atB.takeFrame(), routed(a, b, payload))
    atB.sendFrame(routed(b, a, payload))
    deepEqual(await atA.takeFrame(), routed(b, a, payload))
  }
  deepEqual([await atA.settled(), await atB.settled()], [[], []])
})

clusterTest('frames to another node arrive once each and in order', {}, async (cluster) => {
  const { a, b, atA, atB } = await cluster.pair(0, 1)
  for (let i = 0; i < 2_000; i++) atA.sendFrame(routed(a, b, `frame ${i}`))
  for (let i = 0; i < 2_000; i++) deepEqual(await atB.takeFrame(), routed(a, b, `frame ${i}`))
  deepEqual([await atA.settled(), await atB.settled()], [[], []])
})

clusterTest('a frame for a route that is bound here is not published', {}, async (cluster) => {
  const { a, b, atA, atB } = await cluster.pair(0, 0)
  const puppet = await cluster.puppet()
  const heard = await puppet.listen(b)
  atA.sendFrame(routed(a, b))
  await atB.takeFrame()
  await puppet.settled()
  equal(cluster.nodes[0]?.stats().cluster?.published, 0)
  deepEqual(heard, [])
})

clusterTest('a frame for nobody is answered as not delivered', {}, async (cluster) => {
  const [a, b] = [await newRoute(), await newRoute()]
  const atA = await cluster.bound(0, a, b)
  atA.sendFrame(routed(a, b))
  const { from, to, reason } = await atA.take('delivery-failed')
  deepEqual([from, to, reason], [a.text, b.text, 'offline'])
})

const SELDOM = { limits: { deliveryFailedRate: 600_000 } }

clusterTest(
  'the node of the recipient judges, and answers with at most one nack in a time',
  SELDOM,
  async (cluster) => {
    const { a, b, atA, atB } = await cluster.pair(0, 1)
    const puppet = await cluster.puppet()
    const stranger = await newRoute()
    const heard = await puppet.listen(stranger)
    for (let i = 0; i < 20; i++) await puppet.say(b, routed(stranger, b, `stray ${i}`))
    await until(() => heard.length > 0, 'a nack')
    atA.sendFrame(routed(a, b, 'behind them'))
    deepEqual(await atB.takeFrame(), routed(a, b, 'behind them'))
    deepEqual(heard.map(said), ['nack'])
  },
)

clusterTest('an open route of another node takes what an open route takes', {}, async (cluster) => {
  const [open, a] = [await newRoute(), await newRoute()]
  const [atOpen, atA] = [await cluster.bound(1, open, null), await cluster.bound(0, a, open)]
  atA.sendFrame(routed(a, open, new Uint8Array(2_049 - 33)))
  await atA.take('delivery-failed')
  for (let i = 0; i < 20; i++) atA.sendFrame(routed(a, open, new Uint8Array(2_048 - 33)))
  for (let i = 0; i < 20; i++) await atOpen.takeFrame()
  await cluster.bind(atA, 0, await newRoute(), open)
  const b = await newRoute()
  await cluster.bind(atA, 0, b, open)
  atA.sendFrame(routed(b, open))
  equal((await atA.take('delivery-failed')).from, b.text)
})

clusterTest('a nack is answered as a frame that is not delivered, at most once in a time', SELDOM, async (cluster) => {
  const { a, b, atA } = await cluster.pair(0, 1)
  const puppet = await cluster.puppet()
  const heard = await puppet.listen(a)
  for (let i = 0; i < 20; i++) await puppet.nack(a, b)
  await puppet.settled()
  equal(heard.length, 20)
  const { from, to } = await atA.take('delivery-failed')
  deepEqual([from, to], [a.text, b.text])
  deepEqual(await atA.settled(), [])
})

clusterTest('what is no envelope, or on the channel of another route, is ignored', {}, async (cluster) => {
  const { a, b, atA, atB } = await cluster.pair(0, 1)
  const puppet = await cluster.puppet()
  const [fromA, fromB] = [await puppet.listen(a), await puppet.listen(b)]
  const frame = routed(b, a, 'frame')
  const claim = new Uint8Array(26).fill(255, 1)
  claim[0] = 2
  const presence = new Uint8Array(51)
  presence.set([4])
  presence.set(b.id, 1)
  presence.set(a.id, 17)
  const bad = [
    new Uint8Array(0),
    Uint8Array.of(0),
    Uint8Array.of(1),
    Uint8Array.of(5, ...frame.subarray(1)),
    frame.slice(0, 32),
    claim,
    claim.slice(0, 24),
    // A token that no number holds
    claim.slice(0, 25),
    presence.slice(0, 50),
    presence.with(49, 2),
    presence.with(50, 2),
    Uint8Array.of(3, ...a.id, ...b.id, 0),
  ]
  for (const message of bad) equal(await puppet.say(a, message), 2)
  const elsewhere = [frame, Uint8Array.of(3, ...a.id, ...b.id), presence.with(49, 0)]
  for (const message of elsewhere) equal(await puppet.say(b, message), 2)
  // Behind all of them
  atB.sendFrame(frame)
  deepEqual(await atA.takeFrame(), frame)
  atA.sendFrame(routed(a, b, 'back'))
  deepEqual(await atB.takeFrame(), routed(a, b, 'back'))
  deepEqual([await atA.settled(), await atB.settled()], [[], []])
  await puppet.settled()
  deepEqual([fromA.length, fromB.length], [bad.length + 1, elsewhere.length + 1])
})

clusterTest(
  'frames that Redis does not answer are bounded',
  { own: true, limits: { clusterBuffer: 4_194_304 } },
  async (cluster) => {
    const { a, b, atA } = await cluster.pair(0, 1)
    cluster.redis.pause()
    // 20 MiB, of which the socket buffers of the kernel take some
    for (let i = 0; i < 80; i++) atA.sendFrame(routed(a, b, new Uint8Array(262_144)))
    await atA.take('delivery-failed')
    await atA.settled()
    const published = cluster.nodes[0]?.stats().cluster?.published as number
    ok(published <= 17, `${published} frames were published`)
  },
)
