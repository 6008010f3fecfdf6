// The tally of a relay for Prometheus. The values of each label are in a list here or in a table of the
// protocol; none is a client's choice.

import { Counter, Gauge, type Metric, Registry } from 'prom-client'
import type { BusStats } from './bus/bus.ts'
import type { Relay, RelayStats } from './server.ts'

interface Series<S = RelayStats> {
  readonly type: typeof Counter | typeof Gauge
  readonly help: string
  readonly label?: string
  /** One number, or one for each value of the label. */
  of(stats: S): number | Readonly<Record<string, number>>
}

const counter = <S = RelayStats>(help: string, of: Series<S>['of'], label?: string): Series<S> => ({
  type: Counter,
  help,
  of,
  ...(label && { label }),
})
const gauge = <S = RelayStats>(help: string, of: Series<S>['of']): Series<S> => ({ type: Gauge, help, of })

/** The same names in both implementations. */
const SERIES: Readonly<Record<string, Series>> = {
  connections: gauge('Open connections.', (stats) => stats.connections),
  routes: gauge('Bound routes.', (stats) => stats.routes),
  addresses: gauge('Network addresses that are counted.', (stats) => stats.addresses),
  unsent_bytes: gauge('Bytes that clients have not read yet.', (stats) => stats.unsent),
  connections_total: counter('Accepted connections.', (stats) => stats.accepted),
  frames_forwarded_total: counter('Forwarded frames.', (stats) => stats.forwarded),
  frame_bytes_forwarded_total: counter('Bytes of forwarded frames.', (stats) => stats.forwardedBytes),
  frames_failed_total: counter('Frames that were not delivered.', (stats) => stats.failed),
  internal_errors_total: counter('Defects of the relay.', (stats) => stats.errors),
  frames_dropped_total: counter('Frames over a limit.', ({ slow, memory }) => ({ slow, memory }), 'reason'),
  upgrades_refused_total: counter('Refused upgrades.', (stats) => stats.refused, 'reason'),
  connections_closed_total: counter('Connections that were ended with an error.', (stats) => stats.closed, 'code'),
}

/** Of a relay that is one of several. */
const CLUSTER: Readonly<Record<string, Series<BusStats>>> = {
  redis_up: gauge('Whether Redis is there; without it clients of other relays cannot be reached.', (stats) =>
    Number(stats.isJoined),
  ),
  lease_held: gauge('Whether the lease of this relay lives.', (stats) => Number(stats.holdsLease)),
  routes_announced: gauge('Routes of this relay that the others know of.', (stats) => stats.announced),
  unanswered_bytes: gauge('Bytes of frames that Redis has not answered.', (stats) => stats.unanswered),
  redis_connects_total: counter('Times that Redis was found.', (stats) => stats.found),
  redis_losses_total: counter('Times that Redis was lost.', (stats) => stats.lost),
  frames_published_total: counter('Frames given to Redis.', (stats) => stats.published),
  frames_received_total: counter('Frames of other relays that were forwarded here.', (stats) => stats.received),
  nacks_total: counter(
    'Frames that were said not to be delivered, to other relays and by them.',
    ({ nacksSent: sent, nacksReceived: received }) => ({ sent, received }),
    'direction',
  ),
  takeovers_total: counter(
    'Routes that have moved here from another relay, and from here to another.',
    (stats) => ({ in: stats.takenOver, out: stats.yielded }),
    'direction',
  ),
  malformed_total: counter('Messages of other relays that cannot be read.', (stats) => stats.malformed),
}

function fill<S>(
  metric: Metric & { inc(labels: Record<string, string>, by: number): void },
  series: Series<S>,
  stats: S,
) {
  metric.reset()
  const value = series.of(stats)
  const all = typeof value === 'number' ? [[undefined, value] as const] : Object.entries(value)
  for (const [name, amount] of all) metric.inc(series.label && name ? { [series.label]: name } : {}, amount)
}

/** One reading for all series of an answer: they ask without an `await` in between. */
function shared<S>(read: () => S): () => S {
  let last: { readonly stats: S } | null = null
  return () => {
    if (last) return last.stats
    last = { stats: read() }
    queueMicrotask(() => (last = null))
    return last.stats
  }
}

/** Text in the format of Prometheus, and its media type. */
export function relayMetrics(relay: Relay): { text(): Promise<string>; readonly type: string } {
  const registry = new Registry()
  const stats = shared(() => relay.stats())
  const add = <S>(name: string, series: Series<S>, read: () => S) => {
    const { type: Type, help, label } = series
    new Type({
      ...{ name, help, registers: [registry], labelNames: label ? [label] : [] },
      collect() {
        fill(this as never, series, read())
      },
    })
  }
  for (const [name, series] of Object.entries(SERIES)) add(`happy_relay_${name}`, series, stats)
  const { cluster } = stats()
  if (cluster) {
    const read = () => stats().cluster ?? cluster
    for (const [name, series] of Object.entries(CLUSTER)) add(`happy_relay_cluster_${name}`, series, read)
  }
  const limits = gauge('What the operator allows.', () => relay.limits)
  add('happy_relay_limit', { ...limits, label: 'name' }, stats)
  add(
    'process_resident_memory_bytes',
    gauge('Resident memory.', () => Deno.memoryUsage().rss),
    stats,
  )
  return { text: () => registry.metrics(), type: registry.contentType }
}
