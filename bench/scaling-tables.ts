// The figures of spec/scaling.md, as its tables.

import { table } from '../spec/tables.ts'
import { ASSUMED, type Ceiling, type Costs, ceilingOf, type Demand, type Need, needOf, trafficOf } from './capacity.ts'
import { type Constants, costsOf, NEEDED_ROWS, speechOf } from './constants.ts'
import { IMPLEMENTATIONS, type Implementation } from './relay-process.ts'
import { type Storm, simulate } from './storm.ts'

const NAMES: Readonly<Record<Implementation, string>> = { node: 'Node', deno: 'Deno' }
/** A million who are there and say nothing, and a hundred thousand who work. */
const IDLE = { idle: 1_000_000, active: 0 } as const satisfies Demand
const ACTIVE = { idle: 0, active: 100_000 } as const satisfies Demand
const BOTH = { idle: 1_000_000, active: 100_000 } as const satisfies Demand
const SEED = 1
/** ms of a way through the network and back: a phone. */
const ROUND_TRIP = 60

/** Three digits that count. */
const number = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 })
const seconds = (value: number): string =>
  Number.isFinite(value) ? `${value.toLocaleString('en', { maximumSignificantDigits: 2 })} s` : 'not in 10 min'

type Line<T> = readonly [name: string, value: (of: T) => string]

/** A line for each of `lines`, a column for each of `columns`. */
function byColumn<T>(head: string, lines: readonly Line<T>[], columns: readonly (readonly [string, T])[]): string {
  return table(
    [head, ...columns.map(([name]) => name)],
    lines.map(([name, value]) => [name, ...columns.map(([, of]) => value(of))]),
  )
}
const each = <T>(of: (name: Implementation) => T) => IMPLEMENTATIONS.map((name) => [NAMES[name], of(name)] as const)

/** When, and on what machine. */
function origin(constants: Constants): string {
  const rows = new Map<string, string[]>()
  for (const id of NEEDED_ROWS) {
    const { measured } = constants[id] as { measured: string }
    rows.set(measured, [...(rows.get(measured) ?? []), id])
  }
  const lines = [...rows].map(([measured, ids]) => [measured, `${ids.length} of ${NEEDED_ROWS.length}`])
  return table(['measured', 'rows'], lines)
}

const COSTS: readonly Line<Costs>[] = [
  ['KiB at the nodes for a connection with its route', ({ idle }) => number(idle)],
  ['KiB at Redis for a route', ({ idleRedis }) => number(idleRedis)],
  ['µs for a ping and its pong', ({ ping }) => number(ping)],
  ['µs for an upgrade, until the `hello`', ({ connect }) => number(connect)],
  ['µs for a bind, until the presence', ({ bind }) => number(bind)],
  ['µs of Redis for a bind', ({ bindRedis }) => number(bindRedis)],
  ['µs for a frame of 256 bytes', ({ frame }) => number(frame)],
  ['µs for each further KiB', ({ kib }) => number(kib)],
  ['µs for a frame whose peer is at another node, both nodes together', ({ hop }) => number(hop)],
  ['µs of Redis for such a frame', ({ hopRedis }) => number(hopRedis)],
]

function assumptions(constants: Constants): string {
  const speech = speechOf(constants)
  const { frames, bytes } = trafficOf(speech)
  const speaking = `${number(speech.framesPerSecond)} a second of ${number(speech.bytes)} bytes`
  return table(
    ['assumed', 'value', 'from'],
    [
      ['connections of a pairing', String(ASSUMED.connectionsPerPairing), 'both sides are there, each on its own'],
      ['a ping of each connection', `${ASSUMED.pingEvery} s`, '`relay.ping.interval`'],
      ['connects of a client in a day', String(ASSUMED.connectsPerDay), 'a phone that sleeps and moves'],
      ['an assistant speaks', `${number(100 * ASSUMED.speaking)} %`, 'of the time of an active pairing'],
      ['frames while it speaks', speaking, '`batch.*.node`: 250 events a second, batched'],
      ['frames back meanwhile', `${ASSUMED.acksPerSecond} a second`, '`session.window.ack`'],
      ['so an active pairing has', `${number(frames)} frames a second of ${number(bytes / frames)} bytes`, 'both ways'],
      ['bytes around a frame', String(ASSUMED.frameOverhead), 'TLS, WebSocket, TCP and IP'],
      ['a core is used up to', `${number(100 * ASSUMED.busy)} %`, 'the rest is for bursts'],
      ['memory of a node for its clients', `${ASSUMED.nodeMemory} GiB`, 'a heap of V8 ends at 4'],
    ],
  )
}

const NEED: readonly Line<Need>[] = [
  ['connections', ({ connections }) => number(connections)],
  ['pings a second', ({ pings }) => number(pings)],
  ['connects a second', ({ connects }) => number(connects)],
  ['frames a second', ({ frames }) => number(frames)],
  ['cores for pings', ({ cores }) => number(cores.pings)],
  ['cores for connects', ({ cores }) => number(cores.connects)],
  ['cores for frames', ({ cores }) => number(cores.frames)],
  ['GiB of all nodes', ({ memory }) => number(memory)],
  ['nodes for the CPU', ({ nodesByCpu }) => number(nodesByCpu)],
  ['nodes for the memory', ({ nodesByMemory }) => number(nodesByMemory)],
  ['**nodes**, of a core each', ({ nodes }) => `**${number(nodes)}**`],
  ['cores of Redis', ({ redis }) => number(redis.cores)],
  ['**shards of Redis**', ({ redis }) => `**${number(redis.shards)}**`],
  ['GiB of Redis', ({ redis }) => number(redis.memory)],
  ['Mbit/s from clients, and as much to them', ({ megabits }) => number(megabits)],
  ['Mbit/s into Redis, and as much out of it', ({ redis }) => number(redis.megabits)],
]

function need(constants: Constants): string {
  const columns = IMPLEMENTATIONS.flatMap((name) =>
    (
      [
        ['idle', IDLE],
        ['active', ACTIVE],
        ['both', BOTH],
      ] as const
    ).map(([what, demand]) => {
      const needed = needOf(demand, costsOf(constants, name), speechOf(constants))
      return [`${NAMES[name]}: ${what}`, needed] as const
    }),
  )
  return byColumn('needed', NEED, columns)
}

const CEILING: readonly Line<Ceiling>[] = [
  ['a node, of memory: idle pairings', ({ idleByMemory }) => number(idleByMemory)],
  ['a node, of CPU for pings: idle pairings', ({ idleByPings }) => number(idleByPings)],
  ['**first, with idle pairings**', (all) => (all.idleByMemory < all.idleByPings ? '**memory**' : '**CPU for pings**')],
  ['a relay that stands alone, of CPU: active pairings', ({ activeAlone }) => number(activeAlone)],
  ['a node, of CPU, every peer elsewhere: active pairings', ({ activeHopping }) => number(activeHopping)],
  ['a Redis server, every peer elsewhere: active pairings', ({ activeOfRedis }) => number(activeOfRedis)],
  [
    '**first, with active pairings**',
    (all) => (all.activeHopping < all.activeOfRedis ? '**CPU of the nodes**' : '**Redis**'),
  ],
  ['so a Redis server carries so many full nodes', (all) => number(all.activeOfRedis / all.activeHopping)],
  ['a Redis server: binds a second', ({ bindsOfRedis }) => number(bindsOfRedis)],
]

type Case = Omit<Storm, 'seed' | 'connect' | 'redis'> & { readonly name: string }

function casesOf(constants: Constants, implementation: Implementation): Case[] {
  const { nodes, connections, cores, redis } = needOf(BOTH, costsOf(constants, implementation), speechOf(constants))
  const told = { isSilent: false, roundTrip: ROUND_TRIP }
  const large = {
    clients: Math.round(connections / nodes),
    survivors: nodes - 1,
    shards: redis.shards,
    busy: cores.all / nodes,
  }
  const two = { survivors: 1, shards: 1 }
  return [
    { name: '1 of 2, 10,000 connections on loopback', clients: 5_000, ...two, busy: 0, isSilent: false, roundTrip: 0 },
    { name: '1 of 2, 50,000 idle connections', clients: 25_000, ...two, busy: 0.1, ...told },
    { name: `1 of ${nodes}, as needed for both`, ...large, ...told },
    { name: 'the same, without a sign', ...large, ...told, isSilent: true },
  ]
}

const storm = (constants: Constants): string =>
  table(
    ['', 'node that ends', 'clients of it', 'half are back', '99 %', 'all', 'attempts'],
    IMPLEMENTATIONS.flatMap((implementation) => {
      const { connect, bind, bindRedis } = costsOf(constants, implementation)
      return casesOf(constants, implementation).map((one) => {
        const times = { connect: (connect + bind) / 1_000, redis: bindRedis / 1_000 }
        const { half, most, all, attempts } = simulate({ seed: SEED, ...one, ...times })
        const back = [half, most, all].map(seconds)
        return [NAMES[implementation], one.name, number(one.clients), ...back, number(attempts)]
      })
    }),
  )

const TABLES: Readonly<Record<string, (constants: Constants) => string>> = {
  origin,
  costs: (constants) =>
    byColumn(
      'measured',
      COSTS,
      each((name) => costsOf(constants, name)),
    ),
  assumptions,
  need,
  ceiling: (constants) =>
    byColumn(
      'is full with',
      CEILING,
      each((name) => ceilingOf(costsOf(constants, name), speechOf(constants))),
    ),
  storm,
}
export const TABLE_NAMES = Object.keys(TABLES)

/** One table of spec/scaling.md. Throws where there is none of that name. */
export function scalingTable(name: string, constants: Constants): string {
  const write = TABLES[name]
  if (write === undefined) throw new Error(`Cannot reckon: there is no table ${name}`)
  return write(constants)
}

const BLOCK = /(<!-- reckoned: (\w+) -->\n)[\s\S]*?(<!-- \/reckoned -->)/g

/** The page with every table as it is reckoned. */
export const pageWith = (page: string, constants: Constants): string =>
  page.replace(
    BLOCK,
    (_, open: string, name: string, close: string) => `${open}\n${scalingTable(name, constants)}\n\n${close}`,
  )
