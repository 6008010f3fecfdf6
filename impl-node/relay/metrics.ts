// What a relay counts, in the words of Prometheus. Every label has its values from a list of this program:
// a client that could choose one could fill the memory of whoever gathers them.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { BusCounters } from './bus/bus.ts'
import type { Relay, RelayStats } from './server.ts'

/** A number, or one for each value of the label. */
type Value = number | Readonly<Record<string, number>>

interface Metric<Stats> {
  readonly help: string
  readonly label?: string
  readonly of: (stats: Stats) => Value
}

type Metrics<Stats> = Readonly<Record<string, Metric<Stats>>>

const GAUGES: Metrics<RelayStats> = {
  connections: { help: 'Connections that are open.', of: ({ connections }) => connections },
  routes: { help: 'Routes that are bound.', of: ({ routes }) => routes },
  addresses: { help: 'Network addresses with a connection or a debt.', of: ({ addresses }) => addresses },
  unsent_bytes: { help: 'Bytes that wait for clients to read them.', of: ({ unsent }) => unsent },
}

const COUNTERS: Metrics<RelayStats> = {
  connections_total: { help: 'Connections that were accepted.', of: ({ accepted }) => accepted },
  frames_forwarded_total: { help: 'Frames that were forwarded.', of: ({ forwarded }) => forwarded },
  frame_bytes_forwarded_total: {
    help: 'Bytes of frames that were forwarded.',
    of: ({ forwardedBytes }) => forwardedBytes,
  },
  frames_failed_total: { help: 'Frames that were answered as not delivered.', of: ({ failed }) => failed },
  internal_errors_total: { help: 'Faults of the relay itself.', of: ({ errors }) => errors },
  frames_dropped_total: {
    help: 'Frames that were dropped for a limit.',
    label: 'reason',
    of: ({ slow, memory }) => ({ slow, memory }),
  },
  upgrades_refused_total: { help: 'Upgrades that were refused.', label: 'reason', of: ({ refused }) => refused },
  connections_closed_total: {
    help: 'Connections that were ended with an error.',
    label: 'code',
    of: ({ closed }) => closed,
  },
}

// Of a relay that has others beside it.

const CLUSTER_GAUGES: Metrics<BusCounters> = {
  cluster_redis_up: {
    help: 'Whether Redis is there: without it only clients of this relay reach each other.',
    of: ({ redisConnected }) => Number(redisConnected),
  },
  cluster_lease_held: {
    help: 'Whether the other relays see this one as alive.',
    of: ({ isLeaseHeld }) => Number(isLeaseHeld),
  },
  cluster_routes_announced: { help: 'Routes here that other relays know of.', of: ({ announced }) => announced },
  cluster_unanswered_bytes: {
    help: 'Bytes of frames that Redis has not answered for.',
    of: ({ unanswered }) => unanswered,
  },
}

const CLUSTER_COUNTERS: Metrics<BusCounters> = {
  cluster_redis_connects_total: { help: 'Times that Redis was reached.', of: ({ redisConnects }) => redisConnects },
  cluster_redis_losses_total: { help: 'Times that Redis was lost.', of: ({ redisLosses }) => redisLosses },
  cluster_frames_published_total: { help: 'Frames given to other relays.', of: ({ published }) => published },
  cluster_frames_received_total: {
    help: 'Frames from other relays that were forwarded here.',
    of: ({ received }) => received,
  },
  cluster_nacks_total: {
    help: 'Frames that other relays were told of as not delivered, and that they told of.',
    label: 'direction',
    of: ({ nacks, nacked }) => ({ sent: nacks, received: nacked }),
  },
  cluster_takeovers_total: {
    help: 'Routes that moved here from another relay, and from here to another relay.',
    label: 'direction',
    of: ({ takenOver, lost }) => ({ in: takenOver, out: lost }),
  },
  cluster_malformed_total: {
    help: 'Messages of other relays that could not be read.',
    of: ({ malformed }) => malformed,
  },
}

/** Of prom-client's own: these count what is open one by one, which takes a relay with 10,000 connections 40 ms. */
const TOO_SLOW = ['handles', 'requests', 'resources']
  .flatMap((what) => [`nodejs_active_${what}`, `nodejs_active_${what}_total`])
  .concat('process_open_fds')

/** What `read` gives, read once for all that ask in the same turn of the event loop: every series of an answer does. */
function oncePerTurn<T>(read: () => T): () => T {
  let held: { readonly value: T } | undefined
  return () => {
    if (held === undefined) {
      held = { value: read() }
      queueMicrotask(() => {
        held = undefined
      })
    }
    return held.value
  }
}

function each<Stats>(
  { label, of }: Metric<Stats>,
  stats: Stats,
  take: (labels: Record<string, string>, value: number) => void,
): void {
  const value = of(stats)
  if (typeof value === 'number') take({}, value)
  else for (const [name, one] of Object.entries(value)) take({ [label as string]: name }, one)
}

export function relayMetrics(relay: Relay): Registry {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  function add<Stats>(gauges: Metrics<Stats>, counters: Metrics<Stats>, stats: () => Stats): void {
    const common = (name: string, { help, label }: Metric<Stats>) => ({
      ...{ name: `happy_relay_${name}`, help, registers },
      ...(label !== undefined && { labelNames: [label] }),
    })
    for (const [name, metric] of Object.entries(gauges)) {
      new Gauge({
        ...common(name, metric),
        collect() {
          each(metric, stats(), (labels, value) => this.set(labels, value))
        },
      })
    }
    for (const [name, metric] of Object.entries(counters)) {
      new Counter({
        ...common(name, metric),
        collect() {
          this.reset()
          each(metric, stats(), (labels, value) => this.inc(labels, value))
        },
      })
    }
  }
  const stats = oncePerTurn(() => relay.stats())
  add(GAUGES, COUNTERS, stats)
  const { cluster } = stats()
  if (cluster) add(CLUSTER_GAUGES, CLUSTER_COUNTERS, () => stats().cluster ?? cluster)
  const limits = new Gauge({
    name: 'happy_relay_limit',
    help: 'What the operator allows.',
    registers,
    labelNames: ['name'],
  })
  for (const [name, value] of Object.entries(relay.limits)) limits.set({ name }, value)
  collectDefaultMetrics({ register: registry })
  for (const name of TOO_SLOW) registry.removeSingleMetric(name)
  return registry
}
