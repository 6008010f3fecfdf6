// node bench/node-killed.ts [--connections 10000] [--impl node|deno|mixed]: a cluster of two nodes, one of which is killed
// while all of its clients are there and some of them work.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { RedisServer } from '../conformance/peers/redis-server.ts'
import { Stage } from '../conformance/soak/stage.ts'
import { generateRouteKey } from '../impl-node/crypto/route.ts'
import { Commands } from './commands.ts'
import { Front } from './front.ts'
import { IdleClient } from './idle-client.ts'
import { buildPrograms, targetOf } from './live.ts'
import { type Implementation, RelayProcess } from './relay-process.ts'

/** The clients of one address of the network: below the limits that a relay has by default. */
const PER_ADDRESS = 250
/** Connections that begin at the same time. */
const AT_ONCE = 128
/** ms between two looks. */
const LOOK = 20
/** ms for all clients to be back, on a machine that does much else. */
const PATIENCE = 180_000
/** Files that a process has open beside the connections of clients. */
const OTHER_FILES = 500

export interface Scenario {
  /** The node that is killed, and the other one. */
  readonly nodes: readonly [Implementation, Implementation]
  readonly connections: number
  /** Agent and controller of each pairing on which real programs work. */
  readonly working: readonly (readonly [Implementation, Implementation])[]
  /** ms for which everything is as it should be before the kill. */
  readonly quiet: number
}

export interface Verdict {
  readonly connections: number
  /** Connections of the killed node: idle clients, and programs. */
  readonly lost: { readonly idle: number; readonly programs: number }
  /** Ms from the kill until so many of the idle clients that were lost were bound again. */
  readonly again: { readonly p50: number; readonly p99: number; readonly all: number }
  /** Ms from the kill until the other node had the routes of all clients and programs. */
  readonly routes: number
  /** Idle clients that are bound, were told that their peer is there, and got the frame that it sent. */
  readonly bound: number
  readonly online: number
  readonly reached: number
  /** Frames of these that were not delivered, and attempts to connect that failed, by reason. */
  readonly failed: number
  readonly troubles: Readonly<Record<string, number>>
  /** Of the real programs: commands that are done once, and what is wrong. */
  readonly acknowledged: { readonly before: number; readonly all: number }
  readonly faults: readonly string[]
  /** MiB of the other node: with no clients, before the kill, and with all of them. */
  readonly memory: { readonly empty: number; readonly before: number; readonly after: number }
}

/** Throws where this process, and those that it starts, may not have so many connections. */
function needFiles(connections: number): void {
  const soft = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1])
  if (soft < connections + OTHER_FILES) {
    throw new Error(`${connections} connections need more open files than ${soft}: ulimit -n ${2 * connections}`)
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const latest = performance.now() + PATIENCE; performance.now() < latest; await sleep(LOOK)) {
    if (await holds()) return
  }
}

/** Pairs of clients, spread over the nodes and over pairs of nodes alike. */
function makeClients(count: number, origin: string, urls: readonly string[]): IdleClient[] {
  const client = (index: number, at: number, own: ReturnType<typeof generateRouteKey>, peer: Uint8Array) => {
    const localAddress = `127.0.1.${1 + Math.floor(index / PER_ADDRESS)}`
    return new IdleClient({ origin, urls: [...urls.slice(at), ...urls.slice(0, at)], localAddress }, own, peer)
  }
  return Array.from({ length: count / 2 }, (_, pair) => {
    const [a, b] = [generateRouteKey(), generateRouteKey()]
    const [atOfA, atOfB] = [pair % 2, Math.floor(pair / 2) % 2]
    return [client(2 * pair, atOfA, a, b.routeId), client(2 * pair + 1, atOfB, b, a.routeId)]
  }).flat()
}

async function startAll(clients: readonly IdleClient[]): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let client = clients[next++]; client; client = clients[next++]) await client.start()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)

async function startStages({ working }: Scenario, front: Front): Promise<Stage[]> {
  await buildPrograms([...new Set(working.flat())])
  const stages: Stage[] = []
  for (const [agent, controller] of working) {
    const cast = { agent: await targetOf(agent, 'agent'), controller: await targetOf(controller, 'controller') }
    const stage = new Stage(front.url, cast, [`${agent}-${controller}`])
    stages.push(stage)
    await stage.begin()
  }
  return stages
}

/** Brings the programs to the nodes: agent and controller to two, in turn, then both to one. */
async function spread(stages: readonly Stage[], front: Front): Promise<void> {
  for (const [index, { members }] of stages.entries()) {
    for (const [which, member] of members.entries()) {
      const at = (index + which * (index < 2 ? 1 : 2)) % 2
      const joined = front.joins[at] ?? 0
      front.prefer(at)
      await member.ask('drop', {})
      await until(() => (front.joins[at] ?? 0) > joined)
    }
  }
}

export async function killNode(scenario: Scenario, say: (line: string) => void = () => {}): Promise<Verdict> {
  const { connections, quiet } = scenario
  needFiles(connections)
  const redis = await RedisServer.start()
  const front = await Front.listen()
  const nodes: RelayProcess[] = []
  let clients: IdleClient[] = []
  let stages: Stage[] = []
  try {
    for (const implementation of scenario.nodes) {
      const options = ['--origin', front.url, '--redis', `redis://${redis.host}:${redis.port}`]
      nodes.push(await RelayProcess.start(implementation, ...options))
    }
    for (const { url } of nodes) front.add(url)
    const [doomed, other] = nodes as [RelayProcess, RelayProcess]
    const empty = await other.memory()
    const urls = nodes.map(({ url }) => url)
    clients = makeClients(connections, front.url, urls)
    await startAll(clients)
    stages = await startStages(scenario, front)
    await spread(stages, front)
    const commands = stages.map((stage) => new Commands(stage))
    const completed = () => sum(commands.map((each) => each.completed))
    await until(() => clients.every(({ isPeerOnline }) => isPeerOnline) && completed() > 0)
    say(`${connections} connections are bound, and ${stages.length} pairings of real programs work`)
    await sleep(quiet)
    const routes = sum(await Promise.all(nodes.map((node) => node.metric('happy_relay_routes'))))
    const before = {
      acknowledged: completed(),
      memory: await other.memory(),
      lost: clients.map(({ counts }) => counts.lost),
    }
    const there = clients.filter(({ url }) => url === doomed.url).length
    const programs = front.shares[0] ?? 0

    const killedAt = performance.now()
    await doomed.kill()
    front.prefer(1)
    const lost = () => clients.filter(({ counts }, index) => counts.lost > (before.lost[index] as number))
    // A process has ended before all who were connected to it have heard so.
    await until(() => lost().length >= there && clients.every(({ boundAt }) => boundAt !== undefined))
    const again = lost()
      .map(({ boundAt = Number.POSITIVE_INFINITY }) => boundAt - killedAt)
      .toSorted((a, b) => a - b)
    const at = (part: number) => again[Math.min(again.length - 1, Math.floor(part * again.length))] ?? Number.NaN
    say(`all are bound again after ${Math.round(at(1))} ms`)
    // Only now: to be asked is work for a node that has enough of it.
    await until(async () => (await other.metric('happy_relay_routes')) >= routes)
    const allRoutes = performance.now() - killedAt

    await until(() => clients.every(({ isPeerOnline }) => isPeerOnline))
    const [bound, online] = [
      clients.filter(({ boundAt }) => boundAt !== undefined).length,
      clients.filter(({ isPeerOnline }) => isPeerOnline).length,
    ]
    for (const client of clients) client.send()
    await until(() => clients.every(({ counts }) => counts.received > 0))
    const now = completed()
    await until(() => commands.every((each) => each.completed > 0) && completed() > now)
    const accounts = await Promise.all(commands.map((each) => each.end()))
    const troubles: Record<string, number> = {}
    for (const [why, count] of clients.flatMap((client) => [...client.troubles])) {
      troubles[why] = (troubles[why] ?? 0) + count
    }
    return {
      connections,
      lost: { idle: again.length, programs },
      again: { p50: at(0.5), p99: at(0.99), all: at(1) },
      routes: allRoutes,
      ...{ bound, online },
      reached: clients.filter(({ counts }) => counts.received === 1).length,
      failed: sum(clients.map(({ counts }) => counts.failed)),
      troubles,
      acknowledged: { before: before.acknowledged, all: sum(accounts.map(({ acknowledged }) => acknowledged)) },
      faults: accounts.flatMap(({ faults }) => faults),
      memory: { empty, before: before.memory, after: await other.memory() },
    }
  } finally {
    await Promise.all(stages.map((stage) => stage.end()))
    for (const client of clients) client.leave()
    front.close()
    await Promise.all(nodes.map((node) => node.stop()))
    await redis.end()
  }
}

const NODES: Readonly<Record<string, readonly [Implementation, Implementation]>> = {
  node: ['node', 'node'],
  deno: ['deno', 'deno'],
  mixed: ['node', 'deno'],
}
const WORKING = [
  ['node', 'deno'],
  ['deno', 'node'],
  ['node', 'node'],
  ['deno', 'deno'],
] as const
/** ms: the time that a connection lives before its client counts attempts from the beginning, and some. */
const QUIET = 35_000

if (import.meta.main) {
  const { values } = parseArgs({
    options: { connections: { type: 'string', default: '10000' }, impl: { type: 'string' } },
  })
  for (const [name, nodes] of Object.entries(NODES)) {
    if (values.impl !== undefined && values.impl !== name) continue
    const scenario = {
      nodes,
      connections: 4 * Math.ceil(Number(values.connections) / 4),
      working: WORKING,
      quiet: QUIET,
    }
    const verdict = await killNode(scenario, (line) => console.error(`${name}: ${line}`))
    console.log(
      JSON.stringify({ implementation: name, ...verdict }, (_, value) =>
        typeof value === 'number' ? Number(value.toFixed(1)) : value,
      ),
    )
  }
}
