// How the relays that serve one address reach each other: alone, or through Redis (spec/cluster.md).

import type { RouteId } from '../frame.ts'
import type { Binding } from '../routes.ts'

/** What a bus may ask of the table of routes. */
export interface Table {
  bindings(): Iterable<Binding>
  /** Gives `frame` to the connection of `to` if `from` is permitted; false where it was not taken. */
  deliver(to: Binding, from: RouteId, frame: Buffer): boolean
  /** Another node has taken the route. */
  displace(binding: Binding): void
  /** The peer of `binding` is bound at `nodeId`. */
  peerFound(binding: Binding, nodeId: string): void
  /** The peer of `binding` is not bound any more where it was last. `isNodeDead`: nothing that is sent there arrives. */
  peerLost(binding: Binding, isNodeDead: boolean): void
  /** Sends every client away that could reach its peer through another node. */
  closeUnpaired(): void
}

export interface BusCounters {
  /** Frames given to other nodes, and got from them. */
  readonly published: number
  readonly received: number
  /** Bytes of what Redis has not answered for. */
  readonly unanswered: number
  /** Frames from other nodes that could not be forwarded, and were said to be so; and frames that others said so of. */
  readonly nacks: number
  readonly nacked: number
  /** Messages that are no envelopes, or not for the channel on which they came. */
  readonly malformed: number
  /** How often Redis was reached and lost, and whether it is there now. */
  readonly redisConnects: number
  readonly redisLosses: number
  readonly redisConnected: boolean
  /** Whether the others see this node as alive. */
  readonly isLeaseHeld: boolean
  /** Routes of this node that the others know of. */
  readonly announced: number
  /** Routes that were bound here while another node had them, and the other way round. */
  readonly takenOver: number
  readonly lost: number
}

export interface Bus {
  /** Called once, before all else. Rejects with BusRefusal where it can never work. */
  open(table: Table): Promise<void>
  /** `binding` is in the table. `settle` is called once: now, or when the other nodes know. */
  join(binding: Binding, settle: () => void): void
  /** `binding` is not in the table any more, and nothing is in its place. */
  leave(binding: Binding): void
  /** Gives `frame` to the node where `to` is bound; false where it cannot. What is found out later goes to `from.owner`. */
  publish(from: Binding, to: RouteId, frame: Buffer): boolean
  /** Undefined where there is no other node. */
  counters(): BusCounters | undefined
  close(): Promise<void>
}

/** A sentence for the operator: this bus cannot be used, now or later. */
export class BusRefusal extends Error {}

/** Of a relay that stands alone: nobody to tell, nobody to ask. */
export const aloneBus: Bus = {
  open: async () => {},
  join: (_, settle) => settle(),
  leave() {},
  publish: () => false,
  counters: () => undefined,
  close: async () => {},
}
