// Connections and binds per network address: the only identity of a client that has proven nothing yet.

import { isIPv6 } from 'node:net'
import { Bucket } from './bucket.ts'
import type { Clock } from './clock.ts'
import type { RelayLimits } from './limits.ts'

/** How many seconds' worth of its rate an address may use at once: a house full of devices that reconnect. */
const BURST_SECONDS = 10

/** An IPv4 address as it is; an IPv6 address as its /64, which is what one customer gets. */
export function addressGroup(remoteAddress: string | undefined): string {
  if (remoteAddress === undefined) return 'unknown'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)
  if (mapped) return mapped[1] as string
  if (!isIPv6(remoteAddress)) return remoteAddress
  const [head = '', tail] = (remoteAddress.split('%')[0] as string).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...new Array<string>(Math.max(0, zeros)).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

export class Address {
  connections = 0
  readonly arrivals: Bucket
  readonly binds: Bucket

  constructor(limits: RelayLimits, now: number) {
    this.arrivals = new Bucket(limits.connectionsPerSecond, limits.connectionsPerSecond * BURST_SECONDS, now)
    this.binds = new Bucket(limits.bindsPerSecond, limits.bindsPerSecond * BURST_SECONDS, now)
  }
}

export type Admission = 'accept' | 'rate-limited' | 'refuse'

export class Addresses {
  readonly #limits: RelayLimits
  readonly #clock: Clock
  readonly #known = new Map<string, Address>()

  constructor(limits: RelayLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  get size(): number {
    return this.#known.size
  }

  /**
   * relay.bind.rate: `rate-limited` is a connection that is told so and closed; `refuse` one that is
   * not even upgraded, because as many connections again are being told so already.
   */
  admit(group: string): { address: Address; admission: Admission } {
    let address = this.#known.get(group)
    if (address === undefined) {
      address = new Address(this.#limits, this.#clock.monotonic())
      this.#known.set(group, address)
    }
    const { connections } = this.#limits
    if (address.connections >= 2 * connections) return { address, admission: 'refuse' }
    const within = address.connections < connections && address.arrivals.take(1, this.#clock.monotonic)
    return { address, admission: within ? 'accept' : 'rate-limited' }
  }

  /**
   * For a request that is no upgrade, which counts as a new connection for as long as it is answered. Undefined
   * where it is one too many; else to be called when its answer is out or its client gone.
   */
  ask(group: string): (() => void) | undefined {
    const { address, admission } = this.admit(group)
    if (admission !== 'accept') return undefined
    address.connections++
    return () => void address.connections--
  }

  /** Forgets the addresses that have no connection and owe nothing. */
  sweep(now: number): void {
    for (const [group, address] of this.#known) {
      if (address.connections === 0 && address.arrivals.isFull(now) && address.binds.isFull(now)) {
        this.#known.delete(group)
      }
    }
  }
}
