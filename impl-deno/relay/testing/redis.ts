// Redis for tests: a server of a test's own, which it may end and pause, and a node that does as told.

import { Buffer } from 'node:buffer'
import process from 'node:process'
import { ClusterClaim, ClusterNack, ClusterPresence } from '@happy-remote/schemas/cluster.ts'
import { createClient } from '@redis/client'
import { routeText } from '../table.ts'
import { type RouteKey, WAIT, within } from './client.ts'

/** ms between two looks at what cannot be waited for. */
const LOOK = 10

/** Resolves with the first truth that `look` finds. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
): Promise<T> {
  const latest = performance.now() + WAIT
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > latest) throw new Error(`Waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK))
  }
}

/** Whether there is a redis-server here. Without one, and without REDIS_URL, the tests fail. */
function canStart(): boolean {
  if (!process.env.REDIS_URL) return true
  try {
    return new Deno.Command('redis-server', { args: ['--version'] }).outputSync().success
  } catch {
    return false
  }
}

export class RedisServer {
  static readonly canStart = canStart()
  readonly url: string
  readonly port: number
  #process: Deno.ChildProcess | undefined

  private constructor(port: number, url = `redis://127.0.0.1:${port}`) {
    this.port = port
    this.url = url
  }

  /** One that does not run yet. */
  static reserve(): RedisServer {
    const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 })
    const { port } = listener.addr
    listener.close()
    return new RedisServer(port)
  }

  /** One that runs; the one of REDIS_URL where that is named, which must not be ended or paused. */
  static async shared(): Promise<RedisServer> {
    const named = process.env.REDIS_URL
    if (named) return new RedisServer(0, named)
    const server = RedisServer.reserve()
    await server.start()
    return server
  }

  async start(...options: string[]): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...options]
    this.#process = new Deno.Command('redis-server', { args, stdout: 'null', stderr: 'null' }).spawn()
    await until(() => this.#listens(), 'redis-server to listen')
  }

  async #listens(): Promise<boolean> {
    try {
      const connection = await Deno.connect({ hostname: '127.0.0.1', port: this.port })
      connection.close()
      return true
    } catch {
      return false
    }
  }

  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    running?.kill('SIGKILL')
    await running?.status
  }
}

const hex = (route: RouteKey): string => route.id.toHex()
export const channelOf = (route: RouteKey): string => `hrc1:{${hex(route)}}`

/** What was said on a channel, as text that a test can compare: nodes are left out. */
export function said(message: Uint8Array): string {
  switch (message[0]) {
    case 1:
      return `frame ${new TextDecoder().decode(message.subarray(33))}`
    case 2:
      return 'claim'
    case 3:
      return 'nack'
    default: {
      const { route, online, wantAnswer } = ClusterPresence.decode(message)
      return `presence ${routeText(route)} ${online}${wantAnswer}`
    }
  }
}

/** A node that does nothing but what a test tells it. */
export class Puppet {
  readonly id = crypto.getRandomValues(new Uint8Array(16))
  readonly #client: ReturnType<typeof connect>
  readonly #listener: ReturnType<typeof connect>

  private constructor(commands: ReturnType<typeof connect>, messages: ReturnType<typeof connect>) {
    this.#client = commands
    this.#listener = messages
  }

  static async join(url: string): Promise<Puppet> {
    const [commands, messages] = [connect(url), connect(url)]
    await within(Promise.all([commands.connect(), messages.connect()]), 'Redis')
    return new Puppet(commands, messages)
  }

  ask(...args: string[]): Promise<unknown> {
    return this.#client.sendCommand(args)
  }

  /** Listens on the channel of `route`; what is said there is gathered. */
  async listen(route: RouteKey): Promise<Uint8Array<ArrayBuffer>[]> {
    const heard: Uint8Array<ArrayBuffer>[] = []
    await this.#listener.sSubscribe(channelOf(route), (message: Buffer) => heard.push(new Uint8Array(message)), true)
    return heard
  }

  /** Resolves when all that was published before has been heard here, too: its connection is one of several. */
  async settled(): Promise<void> {
    await this.#listener.ping()
  }

  /** Publishes on the channel of `route`, and says how many heard it. */
  say(route: RouteKey, message: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#client.sPublish(channelOf(route), Buffer.from(message))
  }

  claim(route: RouteKey, token: number, nodeId: Uint8Array = this.id): Promise<number> {
    return this.say(route, ClusterClaim.encode({ token, nodeId }))
  }

  nack(from: RouteKey, to: RouteKey): Promise<number> {
    return this.say(from, ClusterNack.encode({ from: from.id, to: to.id }))
  }

  presence(
    route: RouteKey,
    peer: RouteKey,
    online: number,
    wantAnswer = 0,
    nodeId: Uint8Array = this.id,
  ): Promise<number> {
    return this.say(peer, ClusterPresence.encode({ route: route.id, peer: peer.id, nodeId, online, wantAnswer }))
  }

  async token(route: RouteKey): Promise<number> {
    return Number(await this.#client.get(`${channelOf(route)}:token`))
  }

  /** Lets the nodes in, where Redis was started with a password. */
  async letIn(): Promise<void> {
    await this.ask('CONFIG', 'SET', 'requirepass', '')
  }

  get lease(): string {
    return `hrc1:node:${this.id.toHex()}`
  }

  /** The leases of all nodes. */
  leases(): Promise<string[]> {
    return this.#client.keys('hrc1:node:*')
  }

  async keys(): Promise<string[]> {
    return await this.#client.keys('*')
  }

  async subscribers(route: RouteKey): Promise<number> {
    const channel = channelOf(route)
    const [, count] = (await this.ask('PUBSUB', 'SHARDNUMSUB', channel)) as [string, number]
    return count
  }

  leave(): void {
    this.#client.destroy()
    this.#listener.destroy()
  }
}

function connect(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: false } })
  // It ends with its server.
  client.on('error', () => {})
  return client
}
