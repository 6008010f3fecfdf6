// Redis as a node sees it: one server, or the primaries of a Redis Cluster, from when they are reached until
// the first of them is lost. What comes after is another link.

import type { Clock } from '../clock.ts'
import { BusRefusal } from './bus.ts'
import { SLOTS, slotOf } from './names.ts'
import { lookEvery, RedisConnection, RedisLost } from './redis-connection.ts'
import { RedisServer, type RedisTimes } from './redis-server.ts'
import { type RedisAddress, shownRedis } from './redis-url.ts'

/** Sharded publish/subscribe came with it. */
const LEAST_VERSION = 7

interface RedisHello {
  readonly version: string
  readonly mode: string
  readonly role: string
}

/** Rows of CLUSTER SLOTS: first and last slot, the primary, its replicas. */
type SlotRow = [number, number, [string | null, number, ...unknown[]], ...unknown[]]

const REFUSALS: Record<string, string> = {
  WRONGPASS: 'it does not take the user or the password',
  NOAUTH: 'it wants a password',
}

export class RedisLink {
  readonly #connections: RedisConnection[] = []
  readonly #servers: RedisServer[] = []
  /** Of a Redis Cluster: the server of each slot. */
  #slots: RedisServer[] | undefined
  readonly #clock: Clock
  readonly #times: RedisTimes
  readonly #onLost: (link: RedisLink, error: unknown) => void
  #stopLooking = () => {}
  #isOver = false

  private constructor(clock: Clock, times: RedisTimes, onLost: (link: RedisLink, error: unknown) => void) {
    this.#clock = clock
    this.#times = times
    this.#onLost = onLost
  }

  /**
   * Tries the addresses in turn. `onLost` is called once, but not after `destroy`. Rejects with BusRefusal for a
   * Redis that cannot be used, and with any other error where none is there.
   */
  static async open(
    addresses: readonly RedisAddress[],
    clock: Clock,
    times: RedisTimes,
    onLost: (link: RedisLink, error: unknown) => void,
  ): Promise<RedisLink> {
    let problem: unknown
    for (const address of addresses) {
      const link = new RedisLink(clock, times, onLost)
      try {
        await link.#open(address)
        return link
      } catch (error) {
        link.destroy()
        if (error instanceof BusRefusal) throw error
        problem = error
      }
    }
    throw problem
  }

  async #open(address: RedisAddress): Promise<void> {
    this.#stopLooking = this.#clock.every(lookEvery(this.#times.answer), () => {
      // All of them, each time: they count the looks.
      const overdue = this.#connections.filter((connection) => connection.isOverdue())
      if (overdue.length > 0) this.fail(new RedisLost(`it has not answered for ${this.#times.answer} ms`))
    })
    const shown = shownRedis(address)
    const commands = await this.#connect(address).catch((error: Error) => {
      const why = REFUSALS[/^[A-Z]+/.exec(error.message)?.[0] ?? '']
      throw why ? new BusRefusal(`Cannot use the Redis at ${shown}: ${why}.`) : error
    })
    const { version, mode, role } = await commands.send<RedisHello>('HELLO')
    if (Number.parseInt(version, 10) < LEAST_VERSION) {
      throw new BusRefusal(
        `Cannot use the Redis at ${shown}: it is version ${version}, and a relay needs Redis 7 or newer, or Valkey.`,
      )
    }
    if (mode === 'cluster') {
      this.#slots = await this.#openSlots(address, await commands.send<SlotRow[]>('CLUSTER', 'SLOTS'))
    } else {
      if (role !== 'master') throw new RedisLost('it is a replica')
      await this.#openServer(address, commands)
    }
    if (this.#isOver) throw new RedisLost('it was lost at once')
  }

  async #connect(address: RedisAddress): Promise<RedisConnection> {
    const connection = await RedisConnection.open(address, this.#times.answer, this.fail)
    if (this.#isOver) connection.destroy()
    this.#connections.push(connection)
    return connection
  }

  async #openServer(address: RedisAddress, commands: RedisConnection): Promise<RedisServer> {
    const server = await RedisServer.of(commands, await this.#connect(address), this.#clock, this.#times)
    this.#servers.push(server)
    return server
  }

  async #openSlots(asked: RedisAddress, rows: SlotRow[]): Promise<RedisServer[]> {
    const slots = new Array<RedisServer | undefined>(SLOTS).fill(undefined)
    const known = new Map<string, RedisServer>()
    for (const [first, last, [host, port]] of rows) {
      // Without a host: the one that was asked.
      const address = { ...asked, host: host || asked.host, port }
      const name = shownRedis(address)
      const server = known.get(name) ?? (await this.#openServer(address, await this.#connect(address)))
      known.set(name, server)
      slots.fill(server, first, last + 1)
    }
    if (slots.includes(undefined)) throw new RedisLost('it is a Redis Cluster with slots that nobody has')
    return slots as RedisServer[]
  }

  /** The server where `name`, a channel or a key, lives. */
  serverOf(name: string): RedisServer {
    return (this.#slots ? this.#slots[slotOf(name)] : this.#servers[0]) as RedisServer
  }

  get servers(): readonly RedisServer[] {
    return this.#servers
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Gives the link up, because it cannot be trusted any more. */
  readonly fail = (error: unknown): void => {
    if (this.#isOver) return
    this.destroy()
    this.#onLost(this, error)
  }

  destroy(): void {
    this.#isOver = true
    this.#stopLooking()
    for (const connection of this.#connections) connection.destroy()
  }
}
