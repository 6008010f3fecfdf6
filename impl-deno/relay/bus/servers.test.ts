// A Redis Cluster of two primaries, as one Redis.

import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Relay, startRelay } from '../server.ts'
import { Client, newRoute, type RouteKey, routed } from '../testing/client.ts'
import { channelOf, Puppet, RedisServer, until } from '../testing/redis.ts'
import { slotOf } from './slots.ts'

const SLOTS = 16_384
const HALF = SLOTS / 2

async function startCluster() {
  const folder = await Deno.makeTempDir()
  const servers = [RedisServer.reserve(), RedisServer.reserve()] as const
  const puppets: Puppet[] = []
  for (const [i, server] of servers.entries()) {
    const busPort = String(RedisServer.reserve().port)
    const options = ['--cluster-enabled', 'yes', '--cluster-config-file', `${i}.conf`, '--dir', folder]
    await server.start(...options, '--cluster-port', busPort, '--cluster-node-timeout', '1000')
    const puppet = await Puppet.join(server.url)
    await puppet.ask('CLUSTER', 'ADDSLOTSRANGE', String(i * HALF), String(i * HALF + HALF - 1))
    await puppet.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
    if (i > 0) await puppets[0]?.ask('CLUSTER', 'MEET', '127.0.0.1', String(server.port), busPort)
    puppets.push(puppet)
  }
  const isWhole = async (puppet: Puppet) => String(await puppet.ask('CLUSTER', 'INFO')).includes('cluster_state:ok')
  for (const puppet of puppets) await until(() => isWhole(puppet), 'the cluster')
  const end = async () => {
    for (const puppet of puppets) puppet.leave()
    await Promise.all(servers.map((server) => server.kill()))
    await Deno.remove(folder, { recursive: true })
  }
  return { servers, puppets, end }
}

/** A route whose names belong to one half of the slots. */
async function routeIn(half: number): Promise<RouteKey> {
  for (;;) {
    const route = await newRoute()
    if (Math.floor(slotOf(channelOf(route)) / HALF) === half) return route
  }
}

const bind = async (node: Relay, route: RouteKey, peer: RouteKey) => {
  const client = await Client.open(node.port)
  await client.bind(route, peer, `ws://127.0.0.1:${node.port}`)
  return client
}

const name = 'in a Redis Cluster each route is at the primary of its slot, and slots that move are found again'
Deno.test({ name, ignore: !RedisServer.canStart, fn: inCluster })

async function inCluster(): Promise<void> {
  const { servers, puppets, end } = await startCluster()
  const limits = { clusterRenew: 300, closeTime: 200 }
  const nodes = [
    await startRelay({ redis: servers[0].url, limits }),
    await startRelay({ redis: servers[1].url, limits }),
  ] as const
  const clients: Client[] = []
  const pairs: [RouteKey, RouteKey, Client, Client][] = []
  for (const half of [0, 1, 0, 1]) {
    const [a, b] = [await routeIn(half), await routeIn(pairs.length < 2 ? half : 1 - half)]
    const [atA, atB] = [await bind(nodes[0], a, b), await bind(nodes[1], b, a)]
    clients.push(atA, atB)
    for (const client of [atA, atB]) equal((await client.take('presence')).status, 'online')
    atA.sendFrame(routed(a, b, 'there'))
    deepEqual(await atB.takeFrame(), routed(a, b, 'there'))
    equal(await puppets[half]?.subscribers(a), 1)
    pairs.push([a, b, atA, atB])
  }

  const [a, b, atA, atB] = pairs[0] as (typeof pairs)[number]
  const slot = String(slotOf(channelOf(a)))
  const target = String(await puppets[1]?.ask('CLUSTER', 'MYID'))
  const source = String(await puppets[0]?.ask('CLUSTER', 'MYID'))
  await puppets[1]?.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source)
  await puppets[0]?.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
  // The token of the route, which has to be there before the slot is
  await puppets[0]?.ask('DEL', `${channelOf(a)}:token`)
  for (const puppet of puppets.toReversed()) await puppet.ask('CLUSTER', 'SETSLOT', slot, 'NODE', target)
  await until(async () => (await puppets[1]?.subscribers(a)) === 1, 'the route to be at the other primary')
  const arrives = async () => {
    atB.sendFrame(routed(b, a, 'back'))
    await atB.settled()
    return (await atA.settled()).some((one) => one instanceof Uint8Array)
  }
  await until(arrives, 'a frame on the new way')
  ok(nodes.some((node) => (node.stats().cluster?.lost ?? 0) > 0))

  for (const client of clients) client.drop()
  await Promise.all(clients.map((client) => client.ended()))
  await Promise.all(nodes.map((node) => node.close()))
  await end()
}
