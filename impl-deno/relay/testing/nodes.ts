// Relays that are joined by one Redis, and their clients.

import type { RelayLimits } from '../limits.ts'
import { type Relay, startRelay } from '../server.ts'
import { Client, type DialOptions, newRoute, type RouteKey } from './client.ts'
import { Puppet, RedisServer } from './redis.ts'

export interface LogLine {
  readonly level: string
  readonly event: string
  readonly details: string
}

export interface Cluster {
  readonly redis: RedisServer
  readonly nodes: Relay[]
  readonly log: LogLine[]
  /** Starts a further node. */
  join(limits?: Partial<RelayLimits>): Promise<Relay>
  /** With the password of a Redis that lets no node in yet. */
  puppet(password?: string): Promise<Puppet>
  open(node: number, options?: DialOptions): Promise<Client>
  /** The same at a port. */
  dial(port: number, options?: DialOptions): Promise<Client>
  /** A connection at a node on which `route` is bound. */
  bound(node: number, route: RouteKey, peer: RouteKey | null, options?: DialOptions): Promise<Client>
  bind(client: Client, node: number, route: RouteKey, peer: RouteKey | null): Promise<unknown>
  /** Two routes that name each other, at two nodes, both told so. */
  pair(nodeOfA: number, nodeOfB: number): Promise<{ a: RouteKey; b: RouteKey; atA: Client; atB: Client }>
}

export interface ClusterOptions {
  readonly nodes?: number
  readonly limits?: Partial<RelayLimits>
  /** Whether the test ends or pauses Redis, `unstarted` where it starts it as well. */
  readonly own?: true | 'unstarted'
}

const ROOMY = { messagesPerSecond: 1e9, bindsPerSecond: 1e9, connectionsPerSecond: 1e9, drainTime: 0, closeTime: 200 }

/** A test with nodes of its own. All that it opened is ended with it. */
export function clusterTest(name: string, options: ClusterOptions, test: (cluster: Cluster) => Promise<void>): void {
  const ignore = Boolean(options.own) && !RedisServer.canStart
  Deno.test({ name, ignore, fn: () => withNodes(options, test) })
}

async function withNodes(options: ClusterOptions, test: (cluster: Cluster) => Promise<void>): Promise<void> {
  const redis = options.own ? RedisServer.reserve() : await RedisServer.shared()
  if (options.own === true) await redis.start()
  const nodes: Relay[] = []
  const clients: Client[] = []
  const puppets: Puppet[] = []
  const log: LogLine[] = []
  const join = async (limits?: Partial<RelayLimits>) => {
    const node = await startRelay({
      redis: redis.url,
      limits: { ...ROOMY, ...options.limits, ...limits },
      log: (level, event, details) => log.push({ level, event, details: JSON.stringify(details ?? {}) }),
    })
    nodes.push(node)
    return node
  }
  const portOf = (node: number) => (nodes[node] as Relay).port
  const dial = async (port: number, dialOptions?: DialOptions) => {
    const client = await Client.open(port, dialOptions)
    clients.push(client)
    return client
  }
  const open = (node: number, dialOptions?: DialOptions) => dial(portOf(node), dialOptions)
  const bind = (client: Client, node: number, route: RouteKey, peer: RouteKey | null) =>
    client.bind(route, peer, `ws://127.0.0.1:${portOf(node)}`)
  const bound = async (node: number, route: RouteKey, peer: RouteKey | null, dialOptions?: DialOptions) => {
    const client = await open(node, dialOptions)
    await bind(client, node, route, peer)
    return client
  }
  const pair = async (nodeOfA: number, nodeOfB: number) => {
    const [a, b] = [await newRoute(), await newRoute()]
    const [atA, atB] = [await bound(nodeOfA, a, b), await bound(nodeOfB, b, a)]
    await Promise.all([atA.take('presence'), atB.take('presence')])
    return { a, b, atA, atB }
  }
  const puppet = async (password?: string) => {
    const one = await Puppet.join(password ? redis.url.replace('//', `//:${password}@`) : redis.url)
    puppets.push(one)
    return one
  }
  try {
    for (let i = 0; i < (options.nodes ?? 2); i++) await join()
    await test({ redis, nodes, log, join, puppet, open, dial, bound, bind, pair })
  } finally {
    redis.resume()
    for (const client of clients) {
      client.drop()
      client.resume()
    }
    await Promise.all(clients.map((client) => client.ended()))
    await Promise.all(nodes.map((node) => node.close()))
    for (const one of puppets) one.leave()
    await redis.kill()
  }
}
