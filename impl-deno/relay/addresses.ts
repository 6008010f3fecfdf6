// The limits per network address (relay.bind.rate).

import type { Clock } from './context.ts'
import type { RelayLimits } from './limits.ts'

interface Address {
  connections: number
  second: number
  opened: number
  binds: number
}

export class AddressRates {
  readonly #addresses = new Map<string, Address>()
  readonly #limits: RelayLimits
  readonly #clock: Clock

  constructor(limits: RelayLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  get size(): number {
    return this.#addresses.size
  }

  #at(name: string): Address {
    const { second } = this.#clock
    let address = this.#addresses.get(name)
    if (!address) {
      address = { connections: 0, second, opened: 0, binds: 0 }
      this.#addresses.set(name, address)
    } else if (address.second !== second) {
      Object.assign(address, { second, opened: 0, binds: 0 })
    }
    return address
  }

  /** Counts a connection, and says whether it may stay. Each is given back with `leave`. */
  enter(name: string): boolean {
    const address = this.#at(name)
    address.connections++
    address.opened++
    return address.connections <= this.#limits.connections && address.opened <= this.#limits.connectionsPerSecond
  }

  /** So many connections are there, refused ones that have not left among them, that another is not even upgraded. */
  isCrowded(name: string): boolean {
    return (this.#addresses.get(name)?.connections ?? 0) >= 2 * this.#limits.connections
  }

  /** Counts a request for a file as a connection, and says whether it is answered. If so it is given back with `leave`. */
  ask(name: string): boolean {
    if (this.enter(name)) return true
    this.leave(name)
    return false
  }

  leave(name: string): void {
    this.#at(name).connections--
  }

  /** Counts a bind, and says whether it may be verified. */
  bind(name: string): boolean {
    const address = this.#at(name)
    address.binds++
    return address.binds <= this.#limits.bindsPerSecond
  }

  /** Forgets addresses that have nothing left to count. */
  sweep(): void {
    for (const [name, { connections, second }] of this.#addresses) {
      if (connections === 0 && second !== this.#clock.second) this.#addresses.delete(name)
    }
  }
}
