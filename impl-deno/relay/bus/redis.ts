// One connection to a Redis server. Nothing is sent twice and nothing waits for a connection to come: what has no
// answer when the connection ends has failed.

import type { Buffer } from 'node:buffer'
import { type RedisAddress, shownRedis } from './redis-url.ts'

export type Argument = string | Buffer

/** Answers are awaited for so long, ms; a ping goes out so often. */
const PING_EVERY = 2_000

/** What Redis says of itself in HELLO. */
export interface Greeting {
  readonly version: string
  readonly mode: string
  readonly role: string
}

type Client = Awaited<ReturnType<typeof createClient>>

async function createClient({ host, port, tls, username, password }: RedisAddress, connectTimeout: number) {
  // Only a node of a cluster has to load it.
  const redis = await import('@redis/client')
  return redis.createClient({
    socket: { host, port, ...(tls && { tls: true }), reconnectStrategy: false, connectTimeout },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    RESP: 3,
    disableOfflineQueue: true,
    // Two commands that a user with few rights may not give
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // A timer for each command, which ends when the command is written: `check` does better.
    commandOptions: { timeout: 0 },
  })
}

export class RedisConnection {
  readonly #client: Client
  readonly #answerTime: number
  readonly #lost: (reason: string) => void
  #sent = 0
  #answered = 0
  /** How many commands were sent when: those answered since are dropped. */
  readonly #marks: { readonly at: number; readonly sent: number }[] = []
  #pinged = 0
  #ended = false

  private constructor(client: Client, answerTime: number, lost: (reason: string) => void) {
    this.#client = client
    this.#answerTime = answerTime
    this.#lost = lost
  }

  /** Rejects where there is no Redis that answers within `answerTime` ms. `lost` is called once, unless it is closed. */
  static async open(
    address: RedisAddress,
    answerTime: number,
    lost: (reason: string) => void,
  ): Promise<{ connection: RedisConnection; greeting: Greeting }> {
    const client = await createClient(address, answerTime)
    const connection = new RedisConnection(client, answerTime, lost)
    client.on('error', (error: Error) => connection.#end(error.message))
    const opening = client.connect()
    try {
      await inTime(opening, answerTime, `${shownRedis(address)} does not answer`)
      const greeting = connection.ask('HELLO', '3') as Promise<unknown>
      return {
        connection,
        greeting: (await inTime(greeting, answerTime, `${shownRedis(address)} does not answer`)) as Greeting,
      }
    } catch (error) {
      connection.close()
      // A socket that opens after all is closed as well.
      opening.then(
        () => client.destroy(),
        () => {},
      )
      throw error
    }
  }

  /** Sends a command; one of the two is called when it is over. */
  send(args: readonly Argument[], answered: (reply: unknown) => void, failed: (error: Error) => void): void {
    this.#sent++
    this.#client.sendCommand(args).then(
      (reply: unknown) => {
        this.#answered++
        answered(reply)
      },
      (error: Error) => {
        this.#answered++
        failed(error)
      },
    )
  }

  ask(...args: Argument[]): Promise<unknown> {
    return new Promise((resolve, reject) => this.send(args, resolve, reject))
  }

  async subscribe(channel: string, heard: (message: Buffer) => void): Promise<void> {
    this.#sent++
    await this.#client.sSubscribe(channel, heard, true).finally(() => this.#answered++)
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#sent++
    await this.#client.sUnsubscribe(channel).finally(() => this.#answered++)
  }

  /** Calls `moved` when the server takes a subscription away, because it serves the slot no more. */
  onMoved(moved: () => void): void {
    this.#client.on('sharded-channel-moved', moved)
  }

  /** Called every tick; finds out that nothing is answered any more. `now` is the time for which this program has run. */
  check(now: number): void {
    const marks = this.#marks
    while (marks[0] && marks[0].sent <= this.#answered) marks.shift()
    if (marks[0] && now - marks[0].at > this.#answerTime) {
      this.#end('it does not answer')
      return
    }
    if (this.#sent > (marks.at(-1)?.sent ?? this.#answered)) marks.push({ at: now, sent: this.#sent })
    if (now - this.#pinged >= PING_EVERY) {
      this.#pinged = now
      this.ask('PING').catch(() => {})
    }
  }

  #end(reason: string): void {
    if (this.#ended) return
    this.close()
    this.#lost(reason)
  }

  /** Fails all that is not answered yet. */
  close(): void {
    if (this.#ended) return
    this.#ended = true
    this.#client.destroy()
  }
}

async function inTime<T>(promise: Promise<T>, ms: number, late: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), ms)
  })
  return await Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}
