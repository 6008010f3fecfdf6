// relay.cluster.{1,2,3}.*: what so many nodes over one Redis forward together, against a relay that stands alone; and
// relay.hop.*: what it costs that a peer is at another node.

import type { ClosedLoop, Load } from './closed-loop.ts'
import { Cluster, RUNTIME_NAMES, topicsOverRedis } from './cluster.ts'
import { echoTimes } from './echo.ts'
import type { Runtime } from './live.ts'
import { DIALECTS, type Pair } from './pair.ts'
import { compare, type Measured, percentile, takeTurns } from './rounds.ts'
import type { Row, Topic } from './row.ts'

const ROUNDS = 5
/** ms. */
const WARM_UP = 1_000
const ROUND = 500

/** Nodes; 0 is a relay that stands alone. */
const SIZES = [0, 1, 2, 3] as const
/** A multiple of 4 and of 9: the pairs of two nodes, and of three, have as many of them each. */
const TOGETHER: Load = { size: 256, pairs: 36, window: 2 }

const named = (size: number): string =>
  size === 0 ? 'a relay alone' : size === 1 ? '1 node, Redis' : `${size} nodes, Redis`

const CLUSTER_WHAT = {
  '': 'frames/s, all nodes',
  '.cpu': 'µs CPU per frame, all nodes',
  '.redis': 'µs CPU per frame, Redis',
} as const
type ClusterWhat = keyof typeof CLUSTER_WHAT
const clusterId = (size: number, what: ClusterWhat, runtime: Runtime) => `relay.cluster.${size}${what}.${runtime}`
/** One node gives Redis no frame. */
const clusterRows = (runtime: Runtime) =>
  SIZES.filter((size) => size > 0).flatMap((size) =>
    (Object.keys(CLUSTER_WHAT) as ClusterWhat[])
      .filter((what) => size > 1 || what !== '.redis')
      .map((what) => ({ id: clusterId(size, what, runtime), size, what })),
  )

async function together(runtime: Runtime): Promise<Row[]> {
  const contestants: { readonly size: number; readonly cluster: Cluster; readonly loop: ClosedLoop }[] = []
  const clusters: Cluster[] = []
  try {
    for (const size of SIZES) {
      const cluster = await Cluster.start(runtime, size)
      clusters.push(cluster)
      contestants.push({ size, cluster, loop: await cluster.load(TOGETHER) })
    }
    for (const { loop } of contestants) await loop.measure(WARM_UP)
    const samples = await takeTurns(contestants, ROUNDS, async ({ cluster, loop }) => {
      const { cpu, each, rate } = await loop.measure(ROUND)
      const redis = cluster.redis ? (each.at(-1) ?? 0) : 0
      return { '': rate, '.cpu': cpu - redis, '.redis': redis }
    })
    const of = (size: number, what: ClusterWhat): Measured => {
      const at = (SIZES as readonly number[]).indexOf(size)
      return {
        name: `${named(size)} (${RUNTIME_NAMES[runtime]})`,
        samples: (samples[at] ?? []).map((all) => all[what]),
      }
    }
    return clusterRows(runtime).map(({ id, size, what }) => ({
      ...{ id, unit: CLUSTER_WHAT[what], goal: null },
      // What Redis spends has its like in what the relay alone spends.
      ...compare(of(size, what), of(0, what === '' ? '' : '.cpu')),
    }))
  } finally {
    await Promise.all(contestants.map(({ loop }) => loop.end()))
    await Promise.all(clusters.map((cluster) => cluster.end()))
  }
}

/** One frame on its way for each direction: as with many clients that say little, nothing can be gathered. */
const APART: Load = { size: 256, pairs: 16, window: 1 }
/** Frames and their echoes in a round. */
const ECHOES = 300

const HOP_WHAT = {
  cpu: 'µs CPU per frame, all nodes',
  redis: 'µs CPU per frame, Redis',
  p50: 'ms, frame and echo',
  p99: 'ms, frame and echo',
} as const
type HopWhat = keyof typeof HOP_WHAT
const HOP_WHATS = Object.keys(HOP_WHAT) as HopWhat[]
const hopId = (what: HopWhat, runtime: Runtime) => `relay.hop.${what}.${runtime}`

interface Way {
  readonly loop: ClosedLoop
  readonly pair: Pair
}

async function hop(runtime: Runtime): Promise<Row[]> {
  const cluster = await Cluster.start(runtime, 2)
  const [one, two] = cluster.nodes.map(({ url }) => url) as [string, string]
  const ways: Way[] = []
  try {
    for (const places of [
      [one, two],
      [one, one],
    ] as const) {
      ways.push({ loop: await cluster.load(APART, () => places), pair: await DIALECTS.relay(places, '', APART.size) })
    }
    for (const { loop, pair } of ways) {
      await loop.measure(WARM_UP)
      await echoTimes(pair, ECHOES)
    }
    const samples = await takeTurns(ways, ROUNDS, async ({ loop, pair }) => {
      const { cpu, each } = await loop.measure(ROUND)
      const redis = each.at(-1) ?? 0
      const times = await echoTimes(pair, ECHOES)
      return { cpu: cpu - redis, redis, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
    })
    const name = RUNTIME_NAMES[runtime]
    const of = (way: 0 | 1, what: HopWhat): Measured => ({
      name: way === 0 ? `peer at another ${name} node` : `both at one ${name} node`,
      samples: (samples[way] ?? []).map((all) => all[what]),
    })
    return HOP_WHATS.map((what) => ({
      ...{ id: hopId(what, runtime), unit: HOP_WHAT[what], goal: null },
      ...compare(of(0, what), of(1, what === 'redis' ? 'cpu' : what)),
    }))
  } finally {
    for (const { a, b } of ways.map(({ pair }) => pair)) for (const { socket } of [a, b]) socket.destroy()
    await Promise.all(ways.map(({ loop }) => loop.end()))
    await cluster.end()
  }
}

const idsTogether = (runtime: Runtime) => clusterRows(runtime).map(({ id }) => id)
const idsOfHop = (runtime: Runtime) => HOP_WHATS.map((what) => hopId(what, runtime))

export const nodesTogether: readonly Topic[] = topicsOverRedis(idsTogether, together)
export const extraHop: readonly Topic[] = topicsOverRedis(idsOfHop, hop)
