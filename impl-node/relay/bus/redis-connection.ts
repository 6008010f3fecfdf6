// One connection to one Redis server. It is used until the first thing goes wrong, and then never again:
// nothing is repeated, so nothing can arrive twice or late (cluster.frame.order).

import type { RedisAddress } from './redis-url.ts'

type Argument = string | Buffer
type Listener = (message: Buffer) => void

/** The part of a client of `@redis/client` that is used here. */
interface Client {
  connect(): Promise<unknown>
  destroy(): void
  sendCommand<T>(args: Argument[]): Promise<T>
  sSubscribe(channel: string, listener: Listener, isBuffer: true): Promise<void>
  sUnsubscribe(channel: string): Promise<void>
  on(event: string, listener: (...args: unknown[]) => void): unknown
}

/** Why Redis is lost, in words that hold no secret, no route and nothing that a client sent. */
export class RedisLost extends Error {}

/** Error of the library, of the system or of Redis, for the operator. */
export function redisProblem(error: unknown): string {
  if (error instanceof RedisLost) return error.message
  const { code, message, constructor: kind } = error as NodeJS.ErrnoException
  if (code) return code
  // Only the code of what Redis answered: the rest may quote what it was sent.
  const [, answered] = /^([A-Z]{3,}) /.exec(message) ?? []
  return answered ? `it answered ${answered}` : kind.name
}

/** An answer is looked for this often within the time that it may take. */
const LOOKS = 20

async function makeClient({ host, port, isTls, username, password }: RedisAddress, time: number): Promise<Client> {
  // Loaded here, because a relay that stands alone has no use for it.
  const { createClient } = await import('@redis/client')
  return createClient({
    socket: { host, port, ...(isTls && { tls: true as const }), connectTimeout: time, reconnectStrategy: false },
    ...(username && { username }),
    ...(password && { password }),
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // What the library would do after a time-out is to forget a command that it has not sent; see isOverdue.
    commandOptions: { timeout: 0 },
  })
}

export class RedisConnection {
  readonly #client: Client
  readonly #lost: (error: unknown) => void
  #sent = 0
  #answered = 0
  /** How many commands had been sent at each of the last looks. */
  #looks: number[] = []
  /** Bytes of frames that Redis has not answered for. */
  unanswered = 0

  private constructor(client: Client, lost: (error: unknown) => void) {
    this.#client = client
    this.#lost = lost
  }

  /** `lost` is called when the connection ends by itself. Rejects where it is not there within `time` ms. */
  static async open(address: RedisAddress, time: number, lost: (error: unknown) => void): Promise<RedisConnection> {
    const client = await makeClient(address, time)
    // A server that is stopped takes the connection and does not say a word.
    let isSilent = false
    const silence = setTimeout(() => {
      isSilent = true
      client.destroy()
    }, time)
    // `terminated` says it; without a listener `error` would be thrown.
    client.on('error', () => {})
    client.on('terminated', lost)
    client.on('sharded-channel-moved', () => lost(new RedisLost('it has given a slot to another server')))
    try {
      await client.connect()
      return new RedisConnection(client, lost)
    } catch (error) {
      client.destroy()
      throw isSilent ? new RedisLost('it does not answer') : error
    } finally {
      clearTimeout(silence)
    }
  }

  #counted<T>(answer: Promise<T>): Promise<T> {
    this.#sent++
    return answer.finally(() => this.#answered++)
  }

  /** Rejects where Redis refuses, or is lost before it has answered. */
  send<T>(...args: Argument[]): Promise<T> {
    return this.#counted(this.#client.sendCommand<T>(args))
  }

  /** Behind all that was published before. `settle` gets the number of subscribers, 0 where nobody knows. */
  publish(channel: string, message: Buffer, settle: (subscribers: number) => void): void {
    this.#sent++
    const { length } = message
    this.unanswered += length
    this.#client.sendCommand<number>(['SPUBLISH', channel, message]).then(
      (subscribers) => {
        this.#answered++
        this.unanswered -= length
        settle(subscribers)
      },
      (error) => {
        this.#answered++
        this.unanswered -= length
        settle(0) // cluster.frame.unanswered
        this.#lost(error)
      },
    )
  }

  subscribe(channel: string, listener: Listener): Promise<void> {
    return this.#counted(this.#client.sSubscribe(channel, listener, true))
  }

  unsubscribe(channel: string): Promise<void> {
    return this.#counted(this.#client.sUnsubscribe(channel))
  }

  /**
   * To be called 20 times in the time that an answer may take: whether one takes longer. Calls are counted, not
   * milliseconds, because a process that was stopped itself has not waited.
   */
  isOverdue(): boolean {
    const [oldest] = this.#looks
    if (this.#looks.length >= LOOKS - 1 && oldest !== undefined) {
      if (this.#answered < oldest) return true
      this.#looks.shift()
    }
    this.#looks.push(this.#sent)
    return false
  }

  destroy(): void {
    this.#client.destroy()
  }
}

export const lookEvery = (answerTime: number): number => answerTime / LOOKS
