// What a node knows of others that are silent (spec/cluster.md, Leases).

import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Client, newRoute, routed, within } from '../testing/client.ts'
import { type Cluster, clusterTest } from '../testing/nodes.ts'
import { said, until } from '../testing/redis.ts'

const statusOf = async (client: Client) => (await client.take('presence')).status

/** A lease ends as fast as a test can wait for. */
const SHORT = { limits: { clusterLease: 3_000, clusterRenew: 300 } }

/** A route at a node whose peer is bound at a puppet with a lease. */
async function withPuppet(cluster: Cluster) {
  const puppet = await cluster.puppet()
  const [a, b] = [await newRoute(), await newRoute()]
  await puppet.ask('SET', puppet.lease, '1')
  const onB = await puppet.listen(b)
  const atA = await cluster.bound(0, a, b)
  await puppet.presence(b, a, 1)
  equal(await statusOf(atA), 'online')
  return { puppet, a, b, atA, onB }
}

clusterTest(
  'a node renews its lease, and deletes it when it stops',
  { ...SHORT, nodes: 0, own: true },
  async (cluster) => {
    const puppet = await cluster.puppet()
    const node = await cluster.join()
    const [lease, ...others] = await puppet.leases()
    deepEqual(others, [])
    const left = async () => Number(await puppet.ask('PTTL', lease as string))
    ok((await left()) <= 3_000)
    await until(async () => (await left()) < 2_900, 'the lease to grow older')
    await until(async () => (await left()) > 2_900, 'the lease to be renewed')
    const route = await newRoute()
    const onB = await puppet.listen(route)
    await cluster.bound(0, await newRoute(), route)
    await node.close()
    deepEqual(await puppet.leases(), [])
    await puppet.settled()
    equal(onB.length, 2, 'the end of the presence has been published')
  },
)

clusterTest(
  'a peer whose node has lost its lease is offline, and gets no frames until it is told of again',
  { ...SHORT, nodes: 1 },
  async (cluster) => {
    const { puppet, a, b, atA, onB } = await withPuppet(cluster)
    atA.sendFrame(routed(a, b, 'first'))
    await until(() => onB.length === 2, 'the first frame')
    await puppet.ask('DEL', puppet.lease)
    equal(await statusOf(atA), 'offline')
    atA.sendFrame(routed(a, b, 'second'))
    await atA.take('delivery-failed')
    await puppet.ask('SET', puppet.lease, '1', 'PX', '30000')
    await puppet.presence(b, a, 1)
    equal(await statusOf(atA), 'online')
    atA.sendFrame(routed(a, b, 'third'))
    await until(() => onB.length === 3, 'the third frame')
    deepEqual(onB.map(said), [`presence ${a.text} 11`, 'frame first', 'frame third'])
    deepEqual(await atA.settled(), [])
  },
)

clusterTest(
  'a node whose lease had ended announces its routes again',
  { ...SHORT, nodes: 1, own: true },
  async (cluster) => {
    const { puppet, a, onB } = await withPuppet(cluster)
    const onA = await puppet.listen(a)
    await puppet.ask('DEL', puppet.lease)
    const [lease] = await puppet.leases()
    await puppet.ask('DEL', lease as string)
    await until(() => onA.length > 0 && onB.length > 1, 'the announcement')
    deepEqual([onA.map(said), onB.map(said)], [['claim'], [`presence ${a.text} 11`, `presence ${a.text} 11`]])
    deepEqual(await puppet.leases(), [lease])
  },
)

clusterTest(
  'a node without Redis for as long as a lease lives sends away whose peer is not here, once',
  { ...SHORT, nodes: 1, own: true },
  async (cluster) => {
    const near = await cluster.pair(0, 0)
    const [a, b, open] = [await newRoute(), await newRoute(), await newRoute()]
    const [atA, atOpen] = [await cluster.bound(0, a, b), await cluster.bound(0, open, null)]
    await cluster.redis.kill()
    const codes = [(await atA.ended()).code, (await atOpen.ended()).code]
    deepEqual([codes, cluster.nodes[0]?.stats().cluster?.isJoined], [[1001, 1001], false])
    const again = await cluster.bound(0, a, b)
    await until(() => cluster.nodes[0]?.stats().connections === 3, 'the first two to be gone')
    near.atA.sendFrame(routed(near.a, near.b, 'undisturbed'))
    deepEqual(await near.atB.takeFrame(), routed(near.a, near.b, 'undisturbed'))
    for (const client of [again, near.atA, near.atB]) deepEqual(await client.settled(), [])
  },
)

/** A relay as a process of its own. */
async function spawn(redis: string) {
  const main = new URL('../../cli/main.ts', import.meta.url).pathname
  const limits = ['clusterLease=1500', 'clusterRenew=300'].flatMap((limit) => ['--limit', limit])
  const child = new Deno.Command(Deno.execPath(), {
    args: ['run', '-A', main, 'relay', '--port', '0', '--json', '--redis', redis, ...limits],
    stdout: 'piped',
    stderr: 'null',
  }).spawn()
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  const { value = '' } = await within(reader.read(), 'the relay to listen')
  const end = async () => {
    try {
      child.kill('SIGKILL')
    } catch {
      // It has ended already.
    }
    await child.status
    await reader.cancel()
  }
  return { port: JSON.parse(value).port as number, child, end }
}

clusterTest(
  'a node that was stopped itself loses its peers, and its clients when it goes on',
  { limits: { clusterLease: 1_500, clusterRenew: 300 }, nodes: 1 },
  async (cluster) => {
    const other = await spawn(cluster.redis.url)
    try {
      const [a, b] = [await newRoute(), await newRoute()]
      const atA = await cluster.bound(0, a, b)
      const atB = await cluster.dial(other.port)
      await atB.bind(b, a, `ws://127.0.0.1:${other.port}`)
      equal(await statusOf(atA), 'online')
      other.child.kill('SIGSTOP')
      equal(await statusOf(atA), 'offline')
      atA.sendFrame(routed(a, b))
      await atA.take('delivery-failed')
      other.child.kill('SIGCONT')
      equal((await atB.ended()).code, 1001)
      const again = await cluster.dial(other.port)
      await again.bind(b, a, `ws://127.0.0.1:${other.port}`)
      equal(await statusOf(atA), 'online')
      atA.sendFrame(routed(a, b, 'again'))
      deepEqual(await again.takeFrame(), routed(a, b, 'again'))
      // Its connection goes, and with it what listened there
      other.child.kill('SIGKILL')
      await again.ended()
      const isFailed = async () => {
        atA.sendFrame(routed(a, b))
        return (await atA.settled()).some((one) => !(one instanceof Uint8Array) && one.type === 'delivery-failed')
      }
      // One answer in a second, and there was one before
      await until(isFailed, 'an answer that nobody is there')
    } finally {
      await other.end()
    }
  },
)
