// What a relay counts for its operator. Every name is of this list: none comes from a client.

import { codesAt, type RelayErrorCode } from '@happy-remote/schemas/errors.ts'

/** Why an upgrade was refused, by HTTP status. */
export const REFUSALS = { path: 404, subprotocol: 400, draining: 503, memory: 503, address: 429 } as const
export type Refusal = keyof typeof REFUSALS

const zeros = <K extends string>(names: readonly K[]) =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>

export class Counters {
  /** Connections. */
  accepted = 0
  forwarded = 0
  forwardedBytes = 0
  /** Frames answered as not delivered, whatever the reason. */
  failed = 0
  /** Those of them that a client was too slow for. */
  slow = 0
  /** Those of them that there was no memory for. */
  memory = 0
  /** Faults of the relay itself. */
  errors = 0
  readonly refused = zeros(Object.keys(REFUSALS) as Refusal[])
  /** Connections that the relay has ended with an error. */
  closed = zeros<RelayErrorCode>(codesAt('relay'))
}
