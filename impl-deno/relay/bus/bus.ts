// What joins a relay to those beside it: nothing, or Redis (spec/cluster.md).

import type { Route } from '../table.ts'

/** How a node is now, and how often what has happened since the start. */
export interface BusStats {
  /** Whether this node has Redis. */
  readonly isJoined: boolean
  /** Whether its lease lives. */
  readonly holdsLease: boolean
  /** Its routes of which the others know. */
  readonly announced: number
  /** Bytes of frames that Redis has not answered. */
  readonly unanswered: number
  /** Times that Redis was found, and lost. */
  readonly found: number
  readonly lost: number
  /** Frames given to Redis, and frames of other nodes forwarded here. */
  readonly published: number
  readonly received: number
  readonly nacksSent: number
  readonly nacksReceived: number
  /** Routes that other nodes had when they were bound here, and routes of this node that others have taken. */
  readonly takenOver: number
  readonly yielded: number
  /** Messages on the channels that are no envelopes, or not for that channel. */
  readonly malformed: number
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
