// The sign of life of a node, and the look for those of others (spec/cluster.md, "Leases").

import { leaseKeyOf } from './names.ts'
import type { RedisLink } from './redis-link.ts'

export class Lease {
  readonly #key: string
  readonly #life: number
  /** When a renewal that succeeded was begun, by the monotonic clock. */
  #renewedAt: number
  #isLapseSaid = false
  #wasSet = false

  constructor(nodeId: string, life: number, now: number) {
    this.#key = leaseKeyOf(nodeId)
    this.#life = life
    this.#renewedAt = now
  }

  /** Whether it was still there (cluster.lease.again). */
  async renew(link: RedisLink, now: number): Promise<boolean> {
    const before = await link
      .serverOf(this.#key)
      .commands.send<string | null>('SET', this.#key, '1', 'PX', String(this.#life), 'GET')
    this.#renewedAt = now
    this.#isLapseSaid = false
    this.#wasSet = true
    return before !== null
  }

  /** True once for each time that it could not be renewed while it lasts (cluster.lease.lost). */
  hasLapsed(now: number): boolean {
    if (this.#isLapseSaid || now - this.#renewedAt < this.#life) return false
    this.#isLapseSaid = true
    return true
  }

  isHeld(now: number): boolean {
    return this.#wasSet && now - this.#renewedAt < this.#life
  }

  /** cluster.lease.clean */
  async drop(link: RedisLink): Promise<void> {
    await link.serverOf(this.#key).commands.send('DEL', this.#key)
  }
}

export async function isAlive(link: RedisLink, nodeId: string): Promise<boolean> {
  const key = leaseKeyOf(nodeId)
  return (await link.serverOf(key).commands.send<number>('EXISTS', key)) === 1
}
