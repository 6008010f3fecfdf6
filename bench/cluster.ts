// Some nodes of one implementation over a Redis of their own, under load.

import { Untestable } from '../conformance/shim/trouble.ts'
import { ClosedLoop, LIMITS, type Load } from './closed-loop.ts'
import { RUNTIMES, type Runtime } from './live.ts'
import { DIALECTS, type Pair, type Places } from './pair.ts'
import { RedisProcess } from './redis-process.ts'
import type { Row, Topic } from './row.ts'
import { Subject } from './subject.ts'

/** A topic for each runtime, so that one that fails takes none of the other. Without a Redis none has rows, and one line says so. */
export function topicsOverRedis(
  idsOf: (runtime: Runtime) => readonly string[],
  measure: (runtime: Runtime) => Promise<readonly Row[]>,
): Topic[] {
  return RUNTIMES.map((runtime) => ({
    ids: idsOf(runtime),
    needsReferences: () => false,
    async measure(isWanted) {
      try {
        return await measure(runtime)
      } catch (error) {
        if (!(error instanceof Untestable)) throw error
        console.error(`bench: ${error.message}, so ${idsOf(runtime).filter(isWanted).join(', ')} are left out`)
        return []
      }
    },
  }))
}

export const RUNTIME_NAMES = { node: 'Node', deno: 'Deno' } as const

/** What no load reaches, of connections as well; on a machine that does much else all may take its time, and nobody pings. */
const OPEN = {
  ...LIMITS,
  connections: 1_000_000,
  connectionsPerSecond: 1_000_000,
  bindsPerSecond: 1_000_000,
  messagesPerSecond: 1_000_000,
  relayBind: 600_000,
  relaySilence: 600_000,
}

export class Cluster {
  readonly nodes: readonly Subject[]
  /** Undefined: the one node stands alone. */
  readonly redis: RedisProcess | undefined

  private constructor(nodes: readonly Subject[], redis: RedisProcess | undefined) {
    this.nodes = nodes
    this.redis = redis
  }

  /** `count` 0: a relay that stands alone. */
  static async start(runtime: Runtime, count: number, collects = false): Promise<Cluster> {
    const redis = count > 0 ? await RedisProcess.start() : undefined
    const nodes: Subject[] = []
    const options = { limits: OPEN, collects, ...(redis && { redis: redis.url }) }
    try {
      for (let at = 0; at < Math.max(1, count); at++) {
        nodes.push(await Subject.start(`relay (${RUNTIME_NAMES[runtime]})`, options))
      }
      return new Cluster(nodes, redis)
    } catch (error) {
      await new Cluster(nodes, redis).end()
      throw error
    }
  }

  /** Where the sides of pair number `index` connect: over all nodes, and all pairs of nodes, alike. */
  places(index: number): Places {
    const { length } = this.nodes
    return [this.#url(index % length), this.#url(Math.floor(index / length) % length)]
  }

  #url(at: number): string {
    return (this.nodes[at] as Subject).url
  }

  /** `places` says where the sides of a pair connect. What it measures of each is in the order of nodes and Redis. */
  async load({ pairs, size, window }: Load, places = (index: number) => this.places(index)): Promise<ClosedLoop> {
    const connected: Pair[] = []
    for (let at = 0; at < pairs; at++) connected.push(await DIALECTS.relay(places(at), '', size))
    return new ClosedLoop([...this.nodes, ...(this.redis ? [this.redis] : [])], connected, window)
  }

  async end(): Promise<void> {
    await Promise.all([...this.nodes.map((node) => node.end()), this.redis?.end()])
  }
}
