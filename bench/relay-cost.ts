// relay.ping.*, and relay.cluster.{connect,bind,idle}.*: what a connection costs a node beside its frames, against a relay
// that stands alone. The sides of each pair are at two nodes.

import { generateRouteKey, type RouteKey } from '../impl-node/crypto/route.ts'
import { Cluster, RUNTIME_NAMES, topicsOverRedis } from './cluster.ts'
import type { Runtime } from './live.ts'
import { maskedFrame, OPCODE, RawClient } from './raw-client.ts'
import { compare, type Measured, takeTurns } from './rounds.ts'
import type { Row, Topic } from './row.ts'

const ROUNDS = 5
/** Connections of a round for the CPU, and of one for the memory. */
const FEW = 400
const MANY = 1_500
/** Connections that begin at the same time. */
const AT_ONCE = 64
/** Pings of each connection in a round. */
const PINGS = 10

const PING = maskedFrame(Buffer.from('{"type":"ping","timestamp":1}'), OPCODE.text)

/** Does `work` for each of so many, some at the same time. */
async function each(count: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let at = next++; at < count; at = next++) await work(at)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Connections, the even ones of which have the odd ones for their peers. */
class PairedClients {
  readonly #cluster: Cluster
  readonly #keys: readonly RouteKey[]
  readonly #clients: RawClient[] = []

  constructor(cluster: Cluster, count: number) {
    this.#cluster = cluster
    this.#keys = Array.from({ length: count }, () => generateRouteKey())
  }

  #urlOf(at: number): string {
    const { nodes } = this.#cluster
    return (nodes[at % nodes.length] as { url: string }).url
  }

  /** Up to the `hello`, which stays unread. */
  async connect(): Promise<void> {
    await each(this.#keys.length, async (at) => {
      const client = await RawClient.connect(this.#urlOf(at), '/v1')
      await client.untilHeard()
      this.#clients[at] = client
    })
  }

  /** Up to the presence. */
  async bind(): Promise<void> {
    const told = this.#clients.map(() => Promise.withResolvers<void>())
    for (const { promise } of told) promise.catch(() => {}) // Where a bind fails first, that is what is said.
    await each(this.#keys.length, async (at) => {
      const client = this.#clients[at] as RawClient
      await client.bind(this.#urlOf(at), this.#keys[at] as RouteKey, (this.#keys[at ^ 1] as RouteKey).routeId)
      const { resolve, reject } = told[at] as PromiseWithResolvers<void>
      client.message().then(({ type, code }) => {
        if (type === 'presence') resolve()
        else reject(new Error(`Cannot bind: the relay follows it with ${type} ${code ?? ''}`))
      }, reject)
    })
    await Promise.all(told.map(({ promise }) => promise))
  }

  async ping(): Promise<void> {
    await Promise.all(
      this.#clients.map(async (client) => {
        client.socket.write(PING)
        await client.message()
      }),
    )
  }

  leave(): void {
    for (const { socket } of this.#clients) socket.destroy()
  }
}

/** What nodes and Redis have used. */
async function usageOf({ nodes, redis }: Cluster, before: 'collect' | '' = '') {
  const all = await Promise.all(nodes.map((node) => node.usage(before)))
  const ofRedis = await redis?.usage()
  return {
    cpu: all.reduce((sum, { cpu }) => sum + cpu, 0),
    resident: all.reduce((sum, { resident }) => sum + resident, 0),
    redisCpu: ofRedis?.cpu ?? 0,
    redisMemory: ofRedis?.resident ?? 0,
  }
}

const CPU_WHAT = {
  'ping.': 'µs CPU per ping',
  'cluster.connect.': 'µs CPU per upgrade, all nodes',
  'cluster.bind.': 'µs CPU per bind, all nodes',
  'cluster.bind.redis.': 'µs CPU per bind, Redis',
} as const
const MEMORY_WHAT = {
  'cluster.idle.': 'KiB per connection, all nodes',
  'cluster.idle.redis.': 'KiB per connection, Redis',
} as const
type CpuWhat = keyof typeof CPU_WHAT
type MemoryWhat = keyof typeof MEMORY_WHAT

type Sample<What extends string> = Readonly<Record<What, number>>

async function cpuRound(cluster: Cluster): Promise<Sample<CpuWhat>> {
  const crowd = new PairedClients(cluster, FEW)
  try {
    const begun = await usageOf(cluster)
    await crowd.connect()
    const connected = await usageOf(cluster)
    await crowd.bind()
    const bound = await usageOf(cluster)
    for (let count = 0; count < PINGS; count++) await crowd.ping()
    const pinged = await usageOf(cluster)
    return {
      'ping.': (pinged.cpu - bound.cpu) / (FEW * PINGS),
      'cluster.connect.': (connected.cpu - begun.cpu) / FEW,
      'cluster.bind.': (bound.cpu - connected.cpu) / FEW,
      'cluster.bind.redis.': (bound.redisCpu - connected.redisCpu) / FEW,
    }
  } finally {
    crowd.leave()
  }
}

/** In processes that have had no other clients: what these have left is not given back. */
async function memoryRound(runtime: Runtime, size: number): Promise<Sample<MemoryWhat>> {
  const cluster = await Cluster.start(runtime, size, true)
  const crowd = new PairedClients(cluster, MANY)
  try {
    // Warm: what a program needs for its first clients counts for none.
    const first = new PairedClients(cluster, FEW)
    await first.connect()
    await first.bind()
    const before = await usageOf(cluster, 'collect')
    await crowd.connect()
    await crowd.bind()
    const after = await usageOf(cluster, 'collect')
    first.leave()
    return {
      'cluster.idle.': (after.resident - before.resident) / MANY / 1_024,
      'cluster.idle.redis.': (after.redisMemory - before.redisMemory) / MANY / 1_024,
    }
  } finally {
    crowd.leave()
    await cluster.end()
  }
}

/** The relay alone, and the cluster. */
const SIZES = [0, 2] as const

function rowsOf<What extends string>(
  runtime: Runtime,
  whats: Readonly<Record<What, string>>,
  samples: readonly (readonly Sample<What>[])[],
): Row[] {
  const name = RUNTIME_NAMES[runtime]
  const of = (at: 0 | 1, what: What): Measured => ({
    name: at === 0 ? `a relay alone (${name})` : `2 nodes, Redis (${name})`,
    samples: (samples[at] ?? []).map((all) => all[what]),
  })
  return (Object.entries(whats) as [What, string][]).map(([what, unit]) => ({
    ...{ id: `relay.${what}${runtime}`, unit, goal: null },
    // What Redis spends has its like in what the relay alone spends.
    ...compare(of(1, what), of(0, what.replace('redis.', '') as What)),
  }))
}

async function cpu(runtime: Runtime): Promise<Row[]> {
  const clusters: Cluster[] = []
  try {
    for (const size of SIZES) clusters.push(await Cluster.start(runtime, size))
    for (const cluster of clusters) await cpuRound(cluster)
    return rowsOf(runtime, CPU_WHAT, await takeTurns(clusters, ROUNDS, cpuRound))
  } finally {
    await Promise.all(clusters.map((cluster) => cluster.end()))
  }
}

const memory = async (runtime: Runtime): Promise<Row[]> =>
  rowsOf(runtime, MEMORY_WHAT, await takeTurns(SIZES, ROUNDS, (size) => memoryRound(runtime, size)))

const idsOf = (whats: object) => (runtime: Runtime) => Object.keys(whats).map((what) => `relay.${what}${runtime}`)

export const clusterCpu: readonly Topic[] = topicsOverRedis(idsOf(CPU_WHAT), cpu)
export const clusterMemory: readonly Topic[] = topicsOverRedis(idsOf(MEMORY_WHAT), memory)
