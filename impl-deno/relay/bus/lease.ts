// The lease of this node, and what is known of the leases of others (spec/cluster.md, Leases).

import type { RelayLimits } from '../limits.ts'
import type { RouteTable } from '../table.ts'
import { leaseOf } from './envelopes.ts'
import type { Servers } from './servers.ts'

export class Lease {
  readonly #key: string
  readonly #limits: RelayLimits
  /** When the last renewal that succeeded was begun, at first the start; and the last of all. */
  #renewed = performance.now()
  #begun = 0
  #wasSet = false
  #isOverdueTold = false
  /** When each node was last heard to be the place of a peer. */
  readonly #heardOf = new Map<string, number>()

  constructor(node: string, limits: RelayLimits) {
    this.#key = leaseOf(node)
    this.#limits = limits
  }

  isDue(now: number): boolean {
    return now - this.#begun >= this.#limits.clusterRenew
  }

  /** cluster.lease.set; says whether it was still there. */
  async renew(servers: Servers): Promise<boolean> {
    const begun = performance.now()
    this.#begun = begun
    const life = String(this.#limits.clusterLease)
    const before = await servers.at(this.#key).commands.ask('SET', this.#key, '1', 'PX', life, 'GET')
    this.#renewed = begun
    this.#wasSet = true
    this.#isOverdueTold = false
    return before !== null
  }

  /** Whether the others see it. */
  isHeld(now: number): boolean {
    return this.#wasSet && now - this.#renewed <= this.#limits.clusterLease
  }

  /** True once for each time that it could not be renewed while it lives (cluster.lease.lost). */
  isOverdue(now: number): boolean {
    if (this.#isOverdueTold) return false
    this.#isOverdueTold = now - this.#renewed > this.#limits.clusterLease
    return this.#isOverdueTold
  }

  /** cluster.lease.clean */
  async end(servers: Servers): Promise<void> {
    await servers.at(this.#key).commands.ask('DEL', this.#key)
  }

  heardOf(node: string): void {
    this.#heardOf.set(node, performance.now())
  }

  /** cluster.lease.check */
  async checkOthers(servers: Servers, table: RouteTable): Promise<void> {
    const nodes = new Set<string>()
    for (const { elsewhere } of table.routes()) if (elsewhere) nodes.add(elsewhere)
    const missing = await this.#missing(servers, nodes)
    if (missing.size === 0) return
    for (const route of table.routes()) {
      if (!route.elsewhere || !missing.has(route.elsewhere)) continue
      route.isPeerLost = true
      table.forgetElsewhere(route)
    }
  }

  /** Those of `nodes` that have no lease, and were not heard of since they were asked for. */
  async #missing(servers: Servers, nodes: ReadonlySet<string>): Promise<Set<string>> {
    const begun = performance.now()
    for (const node of this.#heardOf.keys()) if (!nodes.has(node)) this.#heardOf.delete(node)
    const missing = new Set<string>()
    const look = async (node: string) => {
      const key = leaseOf(node)
      const there = await servers.at(key).commands.ask('EXISTS', key)
      if (there === 0 && (this.#heardOf.get(node) ?? 0) < begun) missing.add(node)
    }
    await Promise.all([...nodes].map(look))
    return missing
  }
}
