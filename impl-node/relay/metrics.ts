// What a relay counts, in the words of Prometheus. Every label has its values from a list of this program:
// a client that could choose one could fill the memory of whoever gathers them.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Relay, RelayStats } from './server.ts'

type Value = (stats: RelayStats) => number
type Values = (stats: RelayStats) => Readonly<Record<string, number>>

const GAUGES: Readonly<Record<string, [string, Value]>> = {
  connections: ['Connections that are open.', ({ connections }) => connections],
  routes: ['Routes that are bound.', ({ routes }) => routes],
  addresses: ['Network addresses with a connection or a debt.', ({ addresses }) => addresses],
  unsent_bytes: ['Bytes that wait for clients to read them.', ({ unsent }) => unsent],
}

const COUNTERS: Readonly<Record<string, [string, Value]>> = {
  connections_total: ['Connections that were accepted.', ({ accepted }) => accepted],
  frames_forwarded_total: ['Frames that were forwarded.', ({ forwarded }) => forwarded],
  frame_bytes_forwarded_total: ['Bytes of frames that were forwarded.', ({ forwardedBytes }) => forwardedBytes],
  frames_failed_total: ['Frames that were answered as not delivered.', ({ failed }) => failed],
  internal_errors_total: ['Faults of the relay itself.', ({ errors }) => errors],
}

const LABELLED: Readonly<Record<string, [string, string, Values]>> = {
  frames_dropped_total: ['Frames that were dropped for a limit.', 'reason', ({ slow, memory }) => ({ slow, memory })],
  upgrades_refused_total: ['Upgrades that were refused.', 'reason', ({ refused }) => refused],
  connections_closed_total: ['Connections that were ended with an error.', 'code', ({ closed }) => closed],
}

export function relayMetrics(relay: Relay): Registry {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  for (const [name, [help, value]] of Object.entries(GAUGES)) {
    new Gauge({
      name: `happy_relay_${name}`,
      help,
      registers,
      collect() {
        this.set(value(relay.stats()))
      },
    })
  }
  for (const [name, [help, value]] of Object.entries(COUNTERS)) {
    new Counter({
      name: `happy_relay_${name}`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(value(relay.stats()))
      },
    })
  }
  for (const [name, [help, label, values]] of Object.entries(LABELLED)) {
    new Counter({
      ...{ name: `happy_relay_${name}`, help, registers, labelNames: [label] },
      collect() {
        this.reset()
        for (const [key, value] of Object.entries(values(relay.stats()))) this.inc({ [label]: key }, value)
      },
    })
  }
  const limits = new Gauge({
    name: 'happy_relay_limit',
    help: 'What the operator allows.',
    registers,
    labelNames: ['name'],
  })
  for (const [name, value] of Object.entries(relay.limits)) limits.set({ name }, value)
  collectDefaultMetrics({ register: registry })
  return registry
}
