// Ten thousand agents at one server: they come, all at once, and stay.

import { setTimeout as sleep } from 'node:timers/promises'
import { generateRouteKey, type RouteKey } from '../impl-node/crypto/route.ts'
import { RawClient } from './raw-client.ts'
import { PROGRAMS, type ProgramName, Subject } from './subject.ts'

/** A relay keeps its own limits for one address: there are so many that none is reached. */
const ADDRESSES = 100
/** Connections on their way to `bound`: below the queue of each server's kernel socket, which drops what is more. */
const AT_ONCE = 100
/** Whoever is measured does nothing with those who say nothing, for longer than this takes. */
const LIMITS = { relaySilence: 3_600_000 }
/** Asks for the memory, ms apart: pages are given back a while after a collection. */
const ASKS = 3
const ASK_EVERY = 200
/** ms for which a server that is quiet uses less than so many µs of CPU; and the longest to wait for that. */
const QUIET = { time: 250, cpu: 15_000, patience: 20_000 }

const addressOf = (at: number) => `127.0.0.${2 + (at % ADDRESSES)}`

/** Signing is theirs, and its keys are made beforehand. */
export const agentKeys = (count: number): RouteKey[] => Array.from({ length: count }, () => generateRouteKey())

export class Crowd {
  readonly subject: Subject
  readonly #keys: readonly RouteKey[]
  readonly #isRelay: boolean
  readonly #clients: RawClient[] = []
  /** Other paths each time: a bare forwarder would take who comes again for its own peer. */
  #wave = 0

  private constructor(subject: Subject, keys: readonly RouteKey[]) {
    this.subject = subject
    this.#keys = keys
    this.#isRelay = PROGRAMS[subject.name].speaks === 'relay'
  }

  static async begin(name: ProgramName, keys: readonly RouteKey[]): Promise<Crowd> {
    return new Crowd(await Subject.start(name, { limits: LIMITS, collects: true }), keys)
  }

  /** Connects, and where it is a relay binds, until there are so many in all. */
  async gather(count: number): Promise<void> {
    let next = this.#clients.length
    const worker = async () => {
      while (next < count) this.#clients.push(await this.#enter(next++))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    const lost = this.#clients.filter(({ socket }) => socket.destroyed).length
    if (lost > 0) throw new Error(`Cannot measure ${this.subject.name}: it has lost ${lost} of ${count} connections`)
  }

  async #enter(at: number): Promise<RawClient> {
    const { url } = this.subject
    const client = await RawClient.connect(url, this.#isRelay ? '/v1' : `/${this.#wave}-${at}`, addressOf(at))
    const key = this.#keys[at] as RouteKey
    // Its controller is away.
    if (this.#isRelay) await client.bind(url, key, key.routeId.toReversed())
    return client
  }

  /** Cuts all connections, and waits until the server is done with that. */
  async scatter(): Promise<void> {
    for (const { socket } of this.#clients.splice(0)) socket.destroy()
    this.#wave++
    const latest = performance.now() + QUIET.patience
    for (let before = await this.#cpu(); performance.now() < latest; ) {
      await sleep(QUIET.time)
      const now = await this.#cpu()
      if (now - before < QUIET.cpu) return
      before = now
    }
  }

  async #cpu(): Promise<number> {
    return (await this.subject.usage()).cpu
  }

  /** Bytes that are resident after collections: the least of several asks. */
  async resident(): Promise<number> {
    let least = Number.POSITIVE_INFINITY
    for (let ask = 0; ask < ASKS; ask++) {
      if (ask > 0) await sleep(ASK_EVERY)
      least = Math.min(least, (await this.subject.usage('collect')).resident)
    }
    return least
  }

  async end(): Promise<void> {
    for (const { socket } of this.#clients) socket.destroy()
    await this.subject.end()
  }
}
