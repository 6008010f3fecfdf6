// What all connections of one relay share.

import type { AddressRates } from './addresses.ts'
import type { Bus } from './bus/bus.ts'
import type { Connection } from './connection.ts'
import type { RelayLimits } from './limits.ts'
import type { RouteTable } from './table.ts'
import type { Tally } from './tally.ts'
import type { Unsent } from './unsent.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
/** Never given a payload, a key or a whole route (relay.privacy.log). */
export type Log = (level: LogLevel, event: string, details?: Readonly<Record<string, string | number>>) => void

/** Read once for each frame, so it is a plain field that one timer moves on. */
export interface Clock {
  /** The time of `performance.now()` at the last tick: behind by as long as the program was busy since. */
  now: number
  /** Counts the windows of the rates. */
  second: number
}

export interface RelayContext {
  readonly limits: RelayLimits
  /** What a client may have signed (relay.bind.origin). */
  readonly origins: readonly string[]
  readonly table: RouteTable
  readonly bus: Bus
  readonly addresses: AddressRates
  readonly unsent: Unsent
  readonly tally: Tally
  readonly clock: Clock
  readonly log: Log
  /** Called once by each connection, when nothing of it is left. */
  gone(connection: Connection): void
}
