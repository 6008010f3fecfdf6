// What a node says on the channels of routes.

import { Buffer } from 'node:buffer'
import { FailedPairs } from '../failed.ts'
import { channelOf, claimOf, nackOf, presenceOf } from './envelopes.ts'
import type { Link } from './link.ts'
import type { Servers } from './servers.ts'

/** Pairs whose last nack is remembered; beyond them there is none. */
const NACKED_PAIRS = 65_536
/** Ends of presence that wait for Redis; beyond them the oldest is left to the lease. */
const ENDS = 65_536

export class Voice {
  readonly #link: Link
  readonly #node: string
  readonly #nacks: FailedPairs
  nacksSent = 0
  /** Presence that ended while there was no Redis, by route and peer put together. */
  readonly #ends = new Map<string, { readonly route: string; readonly peer: string }>()

  /** `rate` is the least time between two nacks for one pair, in ms. */
  constructor(link: Link, node: string, rate: number) {
    this.#link = link
    this.#node = node
    this.#nacks = new FailedPairs(rate)
  }

  /** Resolves when Redis has answered, with how many have heard it. */
  claim(servers: Servers, route: string, token: number): Promise<number> {
    return publish(servers, route, claimOf(token, this.#node))
  }

  /** `route` is bound here with `peer`, and wants to know of it; resolves when Redis has answered. */
  announce(servers: Servers, route: string, peer: string): Promise<number> {
    return publish(servers, peer, presenceOf(route, peer, this.#node, true, true))
  }

  /** cluster.presence.answer */
  answer(route: string, peer: string): void {
    this.#say(peer, presenceOf(route, peer, this.#node, true, false))
  }

  /** cluster.presence.end; what cannot be said now is said when Redis is back. */
  end(route: string, peer: string): void {
    const keep = () => {
      this.#ends.set(route + peer, { route, peer })
      const [oldest] = this.#ends.keys()
      if (this.#ends.size > ENDS && oldest !== undefined) this.#ends.delete(oldest)
    }
    this.#say(peer, presenceOf(route, peer, this.#node, false, false), keep)
  }

  /** Says which presence has ended meanwhile, and is not there again. */
  makeUp(isThere: (route: string, peer: string) => boolean): void {
    const ends = [...this.#ends.values()]
    this.#ends.clear()
    for (const { route, peer } of ends) if (!isThere(route, peer)) this.end(route, peer)
  }

  /** cluster.claim.older */
  claimAgain(route: string, token: number): void {
    this.#say(route, claimOf(token, this.#node))
  }

  /** cluster.nack.send */
  nack(from: string, to: string): void {
    if (this.#nacks.size < NACKED_PAIRS && this.#nacks.due(from + to, performance.now())) {
      this.nacksSent++
      this.#say(from, nackOf(from, to))
    }
  }

  sweep(now: number): void {
    this.#nacks.sweep(now)
  }

  #say(route: string, envelope: Uint8Array<ArrayBuffer>, unsaid = () => {}): void {
    const { servers } = this.#link
    if (!servers) {
      unsaid()
      return
    }
    publish(servers, route, envelope).catch((error: Error) => {
      unsaid()
      this.#link.lose(servers, error.message)
    })
  }
}

async function publish(servers: Servers, route: string, envelope: Uint8Array<ArrayBuffer>): Promise<number> {
  const channel = channelOf(route)
  return (await servers.at(channel).commands.ask('SPUBLISH', channel, Buffer.from(envelope.buffer))) as number
}
