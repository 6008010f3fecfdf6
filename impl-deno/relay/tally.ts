// What the operator of a relay can count. All names are fixed here: no client chooses one.

import { codesAt, type RelayErrorCode } from '@happy-remote/schemas/errors.ts'

const REASONS = ['path', 'subprotocol', 'draining', 'memory', 'address'] as const
/** Why a connection did not come about. */
export type Refusal = (typeof REASONS)[number]

const fromZero = <N extends string>(names: readonly N[]): Record<N, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<N, number>

export class Tally {
  accepted = 0
  forwarded = 0
  forwardedBytes = 0
  /** Frames that were not delivered, for any reason. */
  failed = 0
  /** Of these: the recipient is a slow consumer. */
  slow = 0
  /** Of these: too much is unsent altogether. */
  memory = 0
  /** Defects of the relay. */
  errors = 0
  readonly refused = fromZero(REASONS)
  /** Connections that were ended with an error. */
  readonly closed = fromZero<RelayErrorCode>(codesAt('relay'))
}
