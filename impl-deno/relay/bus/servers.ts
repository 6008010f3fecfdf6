// The Redis of a cluster of relays: one server, or all primaries of one Redis Cluster.

import { type Greeting, RedisConnection } from './redis.ts'
import { type RedisAddress, shownRedis } from './redis-url.ts'
import { slotOf } from './slots.ts'

/** Redis 7 or newer: sharded publish/subscribe. */
const OLDEST = 7

/** What can never work with this Redis, as opposed to what may next time. */
export class UnusableRedis extends Error {}

/** A primary. Frames and commands have a connection of their own, which no flood of messages holds up. */
interface Server {
  readonly commands: RedisConnection
  readonly messages: RedisConnection
  /** The time of the server, in microseconds since 1970, at a time of performance.now(); rather too early. */
  clock(at: number): number
  /** Looks at the clock of the server again. */
  readClock(): Promise<void>
}

/** Slots from `first` to `last`, and who serves them. */
interface Range {
  readonly first: number
  readonly last: number
  readonly host: string
  readonly port: number
}

interface Events {
  /** Once, when any connection is lost or slots have moved. */
  lost(reason: string): void
}

export class Servers {
  readonly #address: RedisAddress
  readonly #answerTime: number
  readonly #events: Events
  readonly #servers: Server[] = []
  /** Of a Redis Cluster, by slot; empty for one server, which has them all. */
  readonly #bySlot: Server[] = []
  #ranges: readonly Range[] = []
  #ended = false

  private constructor(address: RedisAddress, answerTime: number, events: Events) {
    this.#address = address
    this.#answerTime = answerTime
    this.#events = events
  }

  /** Rejects with UnusableRedis, or with why it cannot be reached. */
  static async open(address: RedisAddress, answerTime: number, events: Events): Promise<Servers> {
    const servers = new Servers(address, answerTime, events)
    try {
      await servers.#open()
      return servers
    } catch (error) {
      servers.close()
      throw error
    }
  }

  async #open(): Promise<void> {
    const { server, greeting } = await this.#connect(this.#address)
    if (greeting.mode !== 'cluster') {
      this.#servers.push(server)
      return
    }
    try {
      this.#ranges = await readRanges(server, this.#address.host)
    } finally {
      server.commands.close()
      server.messages.close()
    }
    const known = new Map<string, Server>()
    for (const { first, last, host, port } of this.#ranges) {
      const name = `${host} ${port}`
      const one = known.get(name) ?? (await this.#connect({ ...this.#address, host, port })).server
      if (!known.has(name)) this.#servers.push(one)
      known.set(name, one)
      for (let slot = first; slot <= last; slot++) this.#bySlot[slot] = one
    }
  }

  async #connect(address: RedisAddress): Promise<{ server: Server; greeting: Greeting }> {
    const open = () => RedisConnection.open(address, this.#answerTime, (reason) => this.#end(reason))
    const { connection: commands, greeting } = await open().catch((error: Error) => {
      // Before HELLO there was Redis 5.
      throw /unknown command.*hello/i.test(error.message) ? tooOld(address, 'older than 6') : error
    })
    try {
      if (Number.parseInt(greeting.version, 10) < OLDEST) throw tooOld(address, greeting.version)
      if (greeting.role !== 'master') throw new Error(`${shownRedis(address)} is a replica, and no primary`)
      const { connection: messages } = await open()
      messages.onMoved(() => this.#end('slots have moved'))
      const server = serverOf(commands, messages)
      await server.readClock()
      return { server, greeting }
    } catch (error) {
      commands.close()
      throw error
    }
  }

  /** Who serves a key or channel. Throws where nobody does. */
  at(name: string): Server {
    const server = this.find(name)
    if (!server) throw new Error('nobody serves the slot')
    return server
  }

  /** The same, and undefined where nobody does. */
  find(name: string): Server | undefined {
    return this.#bySlot.length === 0 ? this.#servers[0] : this.#bySlot[slotOf(name)]
  }

  /** Looks at the clocks, and whether the slots are where they were; ends where not. */
  async lookAgain(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.readClock()))
    const [server] = this.#servers
    if (this.#bySlot.length === 0 || !server) return
    const now = await readRanges(server, this.#address.host)
    if (JSON.stringify(now) !== JSON.stringify(this.#ranges)) this.#end('slots have moved')
  }

  /** Ends when all that was sent so far has been answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#servers.flatMap(({ commands, messages }) => [commands.ask('PING'), messages.ask('PING')]))
  }

  /** Called every tick, with the time for which this program has run. */
  check(now: number): void {
    for (const { commands, messages } of this.#servers) {
      commands.check(now)
      messages.check(now)
    }
  }

  #end(reason: string): void {
    if (this.#ended) return
    this.close()
    this.#events.lost(reason)
  }

  close(): void {
    this.#ended = true
    for (const { commands, messages } of this.#servers) {
      commands.close()
      messages.close()
    }
  }
}

function serverOf(commands: RedisConnection, messages: RedisConnection): Server {
  let offset = 0
  return {
    commands,
    messages,
    clock: (at) => at * 1_000 + offset,
    async readClock() {
      const [seconds, microseconds] = (await commands.ask('TIME')) as [string, string]
      offset = Number(seconds) * 1_000_000 + Number(microseconds) - performance.now() * 1_000
    },
  }
}

const tooOld = (address: RedisAddress, version: string): UnusableRedis =>
  new UnusableRedis(`Cannot use ${shownRedis(address)}: it is Redis ${version}, and ${OLDEST} or newer is needed`)

type SlotsReply = [first: number, last: number, primary: [host: string | null, port: number]][]

async function readRanges({ commands }: Server, seed: string): Promise<Range[]> {
  const reply = (await commands.ask('CLUSTER', 'SLOTS')) as SlotsReply
  return reply
    .map(([first, last, [host, port]]) => ({ first, last, host: host || seed, port }))
    .toSorted((a, b) => a.first - b.first)
}
