// What a node of a cluster consists of, for the rooms that need each other.

import type { RelayLimits } from '../limits.ts'
import type { RouteTable } from '../table.ts'
import type { Courier } from './courier.ts'
import type { Lease } from './lease.ts'
import type { Link } from './link.ts'
import type { Voice } from './voice.ts'

export interface NodeParts {
  /** The key of its name (cluster.node.id). */
  readonly id: string
  readonly table: RouteTable
  readonly limits: RelayLimits
  readonly link: Link
  readonly lease: Lease
  readonly voice: Voice
  readonly courier: Courier
}
