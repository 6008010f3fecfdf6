// What joins a relay to those beside it: nothing, or Redis (spec/cluster.md).

import type { Route } from '../table.ts'

/** How often what has happened since the start. */
export interface BusStats {
  /** Whether this node has Redis now. */
  readonly isJoined: boolean
  /** Times that Redis was lost. */
  readonly lost: number
  /** Frames given to Redis, frames of other nodes forwarded here, frames of either kind that were not delivered. */
  readonly published: number
  readonly received: number
  readonly undelivered: number
}

export interface Bus {
  /**
   * Ends when the first attempt to reach the others has ended, however it did. Rejects where they can never be
   * reached like this.
   */
  start(): Promise<void>
  /**
   * Does all that has to be done before a proven route of 16 bytes may be bound here, and calls `bind` then, which
   * answers false where the connection has ended meanwhile. Undefined where that was at once.
   */
  admit(id: Uint8Array, peer: Uint8Array | null, bind: () => boolean): Promise<void> | undefined
  /** `route` is bound here no more. */
  left(route: Route): void
  /** Hands a frame to whoever has bound `to`, which is not bound here; false where it is not delivered. */
  publish(from: Route, to: string, frame: ArrayBuffer): boolean
  /** Undefined where nobody is beside this relay. */
  stats(): BusStats | undefined
  /** Ends in bounded time, when this relay has given up its routes. */
  close(): Promise<void>
}
