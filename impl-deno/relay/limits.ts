// What a relay allows: the protocol's numbers and the operator's (spec/relay.md, Limits of a relay).

import { limits } from '@happy-remote/schemas/limits.ts'

/** Times are ms, sizes are bytes. The first fourteen are the protocol's; only a test has a reason to change them. */
export const defaultLimits = {
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
  clusterLease: limits.clusterLease,
  clusterRenew: limits.clusterRenew,
  clusterAnswer: limits.clusterAnswer,
  clusterBuffer: limits.clusterBuffer,
  /** Connections of one network address, at once and new in a second. */
  connections: 4_096,
  connectionsPerSecond: 200,
  /** Binds from one network address. */
  bindsPerSecond: 500,
  /** Text frames on one connection. */
  messagesPerSecond: 200,
  /** Routed frames and their bytes of one route; those of routes that are not bound there count for the connection. */
  framesPerSecond: 50_000,
  bytesPerSecond: 268_435_456,
  /** Pairs of routes on one connection whose last `delivery-failed` is remembered. */
  failedPairs: 4_096,
  /** Open routes whose count is kept after they were lost. */
  openRemembered: 65_536,
  /** Unsent bytes of all connections; frames never make it more than twice as much. */
  totalBuffer: 268_435_456,
  /** From `draining` to the close, and what clients are asked to wait before they come back. */
  drainTime: 2_000,
  reconnectAfter: 1_000,
  /** For which a client may take to fall silent before a close, and again to answer it. */
  closeTime: 2_000,
}

export type RelayLimits = { readonly [K in keyof typeof defaultLimits]: number }
export type RelayLimitName = keyof RelayLimits

export const isRelayLimit = (name: string): name is RelayLimitName => Object.hasOwn(defaultLimits, name)

/** The defaults with `changes`. Throws RangeError for a value that no relay can keep to. */
export function relayLimits(changes: Partial<RelayLimits> = {}): RelayLimits {
  for (const [name, value] of Object.entries(changes)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`Cannot use ${value} as ${name}: it is no whole number from 0`)
    }
  }
  const chosen = { ...defaultLimits, ...changes }
  // relay.hello.max-frame
  if (chosen.maxFrame < limits.maxFrame) {
    throw new RangeError(
      `Cannot use ${chosen.maxFrame} as maxFrame: clients leave a relay below ${limits.maxFrame} bytes`,
    )
  }
  return chosen
}
