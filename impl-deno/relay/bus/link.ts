// The way of a node to Redis: found, lost, and found again (spec/cluster.md, Without Redis).

import type { Log } from '../context.ts'
import type { RelayLimits } from '../limits.ts'
import { type RedisAddress, shownRedis } from './redis-url.ts'
import { Servers, UnusableRedis } from './servers.ts'

/** ms: the first attempt to reach Redis again is made within so much, each further one within twice as much. */
const FIRST_RETRY = 500
/** ms: of a longer time between two looks at the clock this program was stopped, and what Redis has answered lies unread. */
const LONGEST_TICK = 500

export interface LinkEvents {
  /** Has to succeed before Redis counts as there. */
  prepare(servers: Servers): Promise<void>
  joined(servers: Servers): void
  lost(reason: string): void
}

export class Link {
  readonly #address: RedisAddress
  readonly #limits: RelayLimits
  readonly #log: Log
  readonly #events: LinkEvents
  #servers: Servers | undefined
  #found = 0
  #lost = 0
  #retries = 0
  /** What was said last of why there is no Redis: the same is not said again. */
  #complaint = ''
  #checked = performance.now()
  #awake = 0
  #retrying: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  constructor(address: RedisAddress, limits: RelayLimits, log: Log, events: LinkEvents) {
    this.#address = address
    this.#limits = limits
    this.#log = log
    this.#events = events
  }

  /** Undefined while there is no Redis. */
  get servers(): Servers | undefined {
    return this.#servers
  }

  /** Times that Redis was found. */
  get found(): number {
    return this.#found
  }

  /** Times that Redis was lost. */
  get lost(): number {
    return this.#lost
  }

  /** Ends when the first attempt has ended. Rejects with UnusableRedis. */
  async start(): Promise<void> {
    try {
      await this.#join()
    } catch (error) {
      if (error instanceof UnusableRedis) throw error
      this.#retry(error as Error)
    }
  }

  async #join(): Promise<void> {
    let opened: Servers | undefined
    let gone: string | undefined
    const lost = (reason: string) => {
      gone = reason
      if (opened) this.lose(opened, reason)
    }
    opened = await Servers.open(this.#address, this.#limits.clusterAnswer, { lost })
    try {
      if (!this.#isClosed) await this.#events.prepare(opened)
      if (gone !== undefined) throw new Error(gone)
    } catch (error) {
      opened.close()
      throw error
    }
    if (this.#isClosed) {
      opened.close()
      return
    }
    this.#servers = opened
    this.#found++
    this.#retries = 0
    this.#complaint = ''
    this.#log('info', 'Redis is there', { redis: shownRedis(this.#address) })
    this.#events.joined(opened)
  }

  #retry(error: Error): void {
    if (this.#isClosed) return
    const reason = this.#withoutPassword(error.message)
    if (reason !== this.#complaint) {
      this.#complaint = reason
      const event = 'There is no Redis: this relay serves those who are connected to it, and tries again'
      this.#log('warn', event, { redis: shownRedis(this.#address), reason })
    }
    const most = Math.min(this.#limits.clusterAnswer, FIRST_RETRY * 2 ** this.#retries++)
    this.#retrying = setTimeout(() => {
      this.#join().catch((failed: Error) => this.#retry(failed))
    }, Math.random() * most)
  }

  #withoutPassword(text: string): string {
    const { password } = this.#address
    return password === undefined ? text : text.replaceAll(password, '…')
  }

  /** Cuts the connections: `servers` do not answer, or not as they must. All that waits for an answer fails. */
  lose(servers: Servers, reason: string): void {
    if (this.#servers !== servers) return
    this.#servers = undefined
    this.#lost++
    servers.close()
    this.#events.lost(reason)
    this.#retry(new Error(reason))
  }

  /** ms for which this program has run, and not been stopped, since it began. */
  get awake(): number {
    return this.#awake
  }

  /** Called every tick. */
  check(now: number): void {
    this.#awake += Math.min(now - this.#checked, LONGEST_TICK)
    this.#checked = now
    this.#servers?.check(this.#awake)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retrying)
    this.#servers?.close()
    this.#servers = undefined
  }
}
