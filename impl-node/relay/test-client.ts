// A client of the relay for its tests: does what it is told, right or wrong, and keeps what it hears.

import { RELAY_PATH, RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import { WebSocket } from 'ws'
import { generateRouteKey, type RouteKey, relayAuthInput } from '../crypto/route.ts'
import { type Relay, type RelayOptions, startRelay } from './server.ts'

export type Heard = RelayToClient | Buffer
type MessageOf<T extends RelayToClient['type']> = Extract<RelayToClient, { type: T }>

export const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** A routed frame; `type` may be wrong. */
export function routed(from: Uint8Array, to: Uint8Array, payload: Uint8Array, type = 1): Buffer {
  return Buffer.concat([Buffer.from([type]), from, to, payload])
}

export class TestClient {
  readonly ws: WebSocket
  readonly origin: string
  /** Everything heard and not yet taken by one of the waiting methods, oldest first. */
  readonly heard: Heard[] = []
  nonce: Uint8Array = new Uint8Array(0)
  closed: { code: number } | undefined
  #wake: () => void = () => {}

  private constructor(url: string, origin: string, options: WebSocket.ClientOptions) {
    this.origin = origin
    this.ws = new WebSocket(`${url}${RELAY_PATH}`, RELAY_SUBPROTOCOL, { perMessageDeflate: false, ...options })
    this.ws.on('message', (data: Buffer, isBinary: boolean) => {
      this.heard.push(isBinary ? data : JSON.parse(data.toString()))
      this.#wake()
    })
    this.ws.on('close', (code) => {
      this.closed = { code }
      this.#wake()
    })
    this.ws.on('error', () => {})
  }

  /** Connects and takes the `hello`. `origin` is what it will sign, by default where it dials. */
  static async connect(url: string, origin = url, options: WebSocket.ClientOptions = {}): Promise<TestClient> {
    const client = new TestClient(url, origin, options)
    const hello = await client.take('hello')
    client.nonce = Buffer.from(hello.nonce, 'base64url')
    return client
  }

  send(message: object | string | Uint8Array): void {
    this.ws.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message))
  }

  bindMessage(key: RouteKey, peer: Uint8Array | null) {
    const { origin, nonce } = this
    const signature = key.sign(relayAuthInput({ origin, nonce, routeKey: key.publicKey, peer }))
    return {
      type: 'bind',
      routeKey: base64url(key.publicKey),
      peer: peer && base64url(peer),
      signature: base64url(signature),
    }
  }

  /** Binds and takes the `bound`. */
  async bind(key: RouteKey, peer: Uint8Array | null): Promise<void> {
    this.send(this.bindMessage(key, peer))
    const bound = await this.take('bound')
    if (bound.route !== base64url(key.routeId)) throw new Error('bound to another route')
  }

  /** The next thing heard. */
  async next(): Promise<Heard> {
    await this.#until(() => this.heard.length > 0)
    return this.heard.shift() as Heard
  }

  /** The next thing heard, which has to be a message of `type`. */
  async take<T extends RelayToClient['type']>(type: T): Promise<MessageOf<T>> {
    const message = await this.next()
    if (Buffer.isBuffer(message) || message.type !== type) {
      throw new Error(`heard ${Buffer.isBuffer(message) ? 'a binary frame' : JSON.stringify(message)}, not ${type}`)
    }
    return message as MessageOf<T>
  }

  /** The next thing heard, which has to be a routed frame. */
  async takeFrame(): Promise<Buffer> {
    const frame = await this.next()
    if (!Buffer.isBuffer(frame)) throw new Error(`heard ${JSON.stringify(frame)}, not a frame`)
    return frame
  }

  /**
   * What is heard until the relay answers a ping sent now. The relay works in order, so after this an
   * empty list means that it had nothing to say.
   */
  async drainHeard(): Promise<Heard[]> {
    const timestamp = nextMark--
    this.send({ type: 'ping', timestamp })
    const isAnswer = (message: Heard) =>
      !Buffer.isBuffer(message) && message.type === 'pong' && message.timestamp === timestamp
    await this.#until(() => this.heard.some(isAnswer))
    return this.heard.splice(0).filter((message) => !isAnswer(message))
  }

  /** The `error` that precedes a close by the relay, and its close code. Nothing else may be heard before. */
  async refusal(): Promise<{ code: string; close: number; route?: string }> {
    const { code, route } = await this.take('error')
    const close = await this.closeCode()
    return { code, close, ...(route !== undefined && { route }) }
  }

  async closeCode(): Promise<number> {
    await this.#until(() => this.closed !== undefined)
    return this.closed?.code ?? 0
  }

  async leave(): Promise<void> {
    this.ws.close()
    await this.#until(() => this.closed !== undefined)
  }

  #until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (isDone()) resolve()
        else if (this.closed) reject(new Error(`closed with ${this.closed.code} while waiting`))
        else this.#wake = check
      }
      check()
    })
  }
}

let nextMark = -1

/** Resolves once `condition` holds, which is looked at once a turn of the event loop. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** Two routes bound with each other on two connections, presence taken. */
export async function connectPair(url: string) {
  const [a, b] = await Promise.all([TestClient.connect(url), TestClient.connect(url)])
  const [aKey, bKey] = [generateRouteKey(), generateRouteKey()]
  await a.bind(aKey, bKey.routeId)
  await b.bind(bKey, aKey.routeId)
  await a.take('presence')
  await b.take('presence')
  return { a, b, aKey, bKey }
}

/** Runs `test` with a relay of its own, and closes it whatever happens. */
export async function withRelay(options: RelayOptions, test: (relay: Relay) => Promise<void>): Promise<void> {
  const relay = await startRelay({ ...options, limits: { closeTime: 500, ...options.limits } })
  try {
    await test(relay)
  } finally {
    await relay.close()
  }
}
