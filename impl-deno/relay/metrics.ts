// The tally of a relay for Prometheus. The values of each label are in a list here or in a table of the
// protocol; none is a client's choice.

import { Counter, Gauge, type Metric, Registry } from 'prom-client'
import type { Relay, RelayStats } from './server.ts'

interface Series {
  readonly type: typeof Counter | typeof Gauge
  readonly help: string
  readonly label?: string
  /** One number, or one for each value of the label. */
  of(stats: RelayStats): number | Readonly<Record<string, number>>
}

const counter = (help: string, of: Series['of'], label?: string): Series => ({
  type: Counter,
  help,
  of,
  ...(label && { label }),
})
const gauge = (help: string, of: Series['of']): Series => ({ type: Gauge, help, of })

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

function fill(
  metric: Metric & { inc(labels: Record<string, string>, by: number): void },
  series: Series,
  stats: RelayStats,
) {
  metric.reset()
  const value = series.of(stats)
  const all = typeof value === 'number' ? [[undefined, value] as const] : Object.entries(value)
  for (const [name, amount] of all) metric.inc(series.label && name ? { [series.label]: name } : {}, amount)
}

/** Text in the format of Prometheus, and its media type. */
export function relayMetrics(relay: Relay): { text(): Promise<string>; readonly type: string } {
  const registry = new Registry()
  const add = (name: string, series: Series) => {
    const { type: Type, help, label } = series
    new Type({
      ...{ name, help, registers: [registry], labelNames: label ? [label] : [] },
      collect() {
        fill(this as never, series, relay.stats())
      },
    })
  }
  for (const [name, series] of Object.entries(SERIES)) add(`happy_relay_${name}`, series)
  add('happy_relay_limit', { ...gauge('What the operator allows.', () => relay.limits), label: 'name' })
  add(
    'process_resident_memory_bytes',
    gauge('Resident memory.', () => Deno.memoryUsage().rss),
  )
  return { text: () => registry.metrics(), type: registry.contentType }
}
