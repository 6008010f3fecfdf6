// What one relay allows: the numbers of the protocol, and those that are the operator's choice.

import { limits } from '@happy-remote/schemas/limits.ts'

/** Times are milliseconds, sizes bytes, rates per second. "Per address" is per IPv4 address or IPv6 /64. */
export const defaultLimits = {
  // Fixed by spec/relay.md and spec/cluster.md, changed only by tests; `maxFrame` may be raised.
  maxFrame: limits.maxFrame,
  relayText: limits.relayText,
  relayBuffer: limits.relayBuffer,
  relayRoutes: limits.relayRoutes,
  relayBind: limits.relayBind,
  relaySilence: limits.relaySilence,
  openFrames: limits.openFrames,
  openFrameSize: limits.openFrameSize,
  openMemory: limits.openMemory,
  deliveryFailedRate: limits.deliveryFailedRate,
  // Of a cluster.
  clusterLease: limits.clusterLease,
  clusterRenew: limits.clusterRenew,
  clusterAnswer: limits.clusterAnswer,
  clusterBuffer: limits.clusterBuffer,
  /** Silence after which the relay sends a WebSocket ping. */
  pingAfter: limits.pingEvery,

  // The operator's choice. The defaults never meet an honest client, even behind one proxy address.
  /** Connections open at once, per address. */
  connections: 4_096,
  /** New connections, per address. */
  connectionsPerSecond: 200,
  /** Binds, each of which may cost a signature, per address. */
  bindsPerSecond: 500,
  /** Control messages, and frames from a route that is not bound there, per connection. */
  messagesPerSecond: 200,
  /** Routed frames, per route. */
  framesPerSecond: 50_000,
  /** Bytes of routed frames, per route. */
  bytesPerSecond: 268_435_456,
  /** Open routes whose counts are remembered after they are gone. */
  openRemembered: 65_536,
  /** Unsent bytes of all connections together; the double of it is never exceeded by frames. */
  totalBuffer: 268_435_456,
  /** For the head of a request, and for the TLS handshake before it. */
  headerTime: 10_000,
  /** Bytes of the head of a request. */
  headerSize: 16_384,
  /** Between `draining` and close 1001, unless all clients leave before. */
  drainTime: 2_000,
  /** What `draining` asks clients to wait before they reconnect. */
  reconnectAfter: 1_000,
  /** After which a connection whose peer does not complete the closing handshake is cut. */
  closeTime: 2_000,
}

export type RelayLimits = { readonly [K in keyof typeof defaultLimits]: number }
export type RelayLimitName = keyof RelayLimits

export const isRelayLimit = (name: string): name is RelayLimitName => Object.hasOwn(defaultLimits, name)

/** The defaults with `changes`. Throws RangeError for a value that is not a positive integer, or a `maxFrame` below the protocol's. */
export function relayLimits(changes: Partial<RelayLimits> = {}): RelayLimits {
  const chosen = { ...defaultLimits, ...changes }
  for (const [name, value] of Object.entries(chosen)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`Cannot use ${value} as the relay limit ${name}: it is not a positive integer`)
    }
  }
  // relay.hello.max-frame
  if (chosen.maxFrame < limits.maxFrame) {
    throw new RangeError(
      `Cannot use ${chosen.maxFrame} as maxFrame: clients leave a relay below ${limits.maxFrame} bytes`,
    )
  }
  return chosen
}
