// A client that is bound and stays: it pings, and comes back whenever its connection ends, by the rules of spec/relay.md.

import { setTimeout as sleep } from 'node:timers/promises'
import type { RouteKey } from '../impl-node/crypto/route.ts'
import { maskedFrame, OPCODE, RawClient } from './raw-client.ts'

/** ms: relay.ping.interval, relay.ping.dead. */
const PING_EVERY = 15_000
const DEAD = 60_000
/** ms: relay.reconnect.backoff. */
const FIRST_DELAY = 1_000
const LONGEST_DELAY = 30_000
/** ms that a connection lives before attempts are counted from the beginning. */
const LIVED = 30_000
const FRAME = 256

/** relay.reconnect.superseded: whoever is told so does not come back. */
const FINAL: readonly string[] = ['superseded', 'unauthenticated']

export interface Place {
  /** What a bind signs. */
  readonly origin: string
  /** Where the relay is: the first, and after each end of a connection the next one. */
  readonly urls: readonly string[]
  /** From where it connects. */
  readonly localAddress: string
}

export class IdleClient {
  /** performance.now() of the `bound` of this connection. */
  boundAt: number | undefined
  /** One of the place's: where it last was bound. */
  url: string | undefined
  /** What it was last told of its peer on this connection. */
  isPeerOnline = false
  /** Frames that came, answers that a frame was not delivered, connections that have ended after `bound`. */
  readonly counts = { received: 0, failed: 0, lost: 0 }
  /** Why an attempt has failed, or a connection has ended, and how often. */
  readonly troubles = new Map<string, number>()
  readonly #place: Place
  readonly #key: RouteKey
  readonly #peer: Uint8Array
  #client: RawClient | undefined
  #heardAt = 0
  #isOver = false

  constructor(place: Place, key: RouteKey, peer: Uint8Array) {
    this.#place = place
    this.#key = key
    this.#peer = peer
  }

  /** Stays until `leave`. Resolves at the first `bound`. */
  start(): Promise<void> {
    return new Promise((resolve) => void this.#live(resolve))
  }

  /** Sends its peer a frame. */
  send(): void {
    const frame = Buffer.concat([Buffer.of(1), this.#key.routeId, this.#peer, Buffer.alloc(FRAME - 33)])
    this.#client?.socket.write(maskedFrame(frame, OPCODE.binary))
  }

  leave(): void {
    this.#isOver = true
    this.#client?.socket.destroy()
  }

  async #live(onBound: () => void): Promise<void> {
    const { urls } = this.#place
    for (let [attempt, at] = [0, 0]; !this.#isOver; at++) {
      let lived = 0
      try {
        await this.#connect(urls[at % urls.length] as string)
        onBound()
        lived = await this.#stay()
      } catch (error) {
        const { message, code = message } = error as NodeJS.ErrnoException
        this.troubles.set(code, (this.troubles.get(code) ?? 0) + 1)
      }
      this.#client?.socket.destroy()
      if (this.#isOver) return
      attempt = lived >= LIVED ? 0 : attempt + 1
      await sleep(Math.random() * Math.min(FIRST_DELAY * 2 ** attempt, LONGEST_DELAY))
    }
  }

  async #connect(url: string): Promise<void> {
    const { origin, localAddress } = this.#place
    // relay.ping.dead counts from here.
    const attempt = new AbortController()
    const dead = setTimeout(() => attempt.abort(), DEAD)
    try {
      this.#client = await RawClient.connect(url, '/v1', localAddress, attempt.signal)
      await this.#client.bind(origin, this.#key, this.#peer)
    } finally {
      clearTimeout(dead)
    }
    this.url = url
    this.boundAt = this.#heardAt = performance.now()
  }

  /** Until the connection ends. Gives the ms that it has lived. */
  async #stay(): Promise<number> {
    const client = this.#client as RawClient
    const began = performance.now()
    const pinging = setInterval(() => {
      client.socket.write(maskedFrame(Buffer.from(`{"type":"ping","timestamp":${Date.now()}}`), OPCODE.text))
      if (performance.now() - this.#heardAt > DEAD) client.socket.destroy()
    }, PING_EVERY)
    try {
      while (!client.socket.destroyed) this.#hear(await client.frame())
    } catch {
      // The connection has ended.
    } finally {
      clearInterval(pinging)
      this.boundAt = undefined
      this.isPeerOnline = false
      if (!this.#isOver) this.counts.lost++
    }
    return performance.now() - began
  }

  #hear({ opcode, payload }: { opcode: number; payload: Buffer }): void {
    this.#heardAt = performance.now()
    if (opcode === OPCODE.binary) this.counts.received++
    if (opcode !== OPCODE.text) return
    const message = JSON.parse(payload.toString()) as { type: string; status?: string; code?: string }
    if (message.type === 'presence') this.isPeerOnline = message.status === 'online'
    if (message.type === 'error') {
      const code = String(message.code)
      this.troubles.set(code, (this.troubles.get(code) ?? 0) + 1)
      this.#isOver ||= FINAL.includes(code)
    }
    if (message.type === 'delivery-failed') {
      this.counts.failed++
      this.isPeerOnline = false // relay.failed.client
    }
  }
}
