// A client that does what a test tells it, right or wrong, over a plain TCP connection.

import { Buffer } from 'node:buffer'
import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import type { RelayToClient } from '@happy-remote/schemas/relay.ts'
import { concat, utf8 } from '../../crypto/bytes.ts'
import { generateSigningKey, type SigningKey, sign } from '../../crypto/ed25519.ts'
import { routeIdOf } from '../../crypto/identity.ts'
import { fromBase64url, signedInput } from '../bind.ts'
import { routeText } from '../table.ts'
import { frame, OPCODE, takeFrame } from './frames.ts'

export type Message = RelayToClient & Record<string, unknown>
type Heard = Message | Uint8Array<ArrayBuffer>

/** How a connection ended: the code of the close frame, or null where there was none. */
export interface End {
  readonly code: number | null
}

export interface RouteKey {
  readonly key: SigningKey
  readonly id: Uint8Array<ArrayBuffer>
  readonly text: string
}

export async function newRoute(): Promise<RouteKey> {
  const key = await generateSigningKey()
  const id = routeIdOf(key.publicKey)
  return { key, id, text: routeText(id) }
}

/** A routed frame. */
export const routed = (
  from: RouteKey,
  to: RouteKey,
  payload: Uint8Array | string = 'payload',
): Uint8Array<ArrayBuffer> =>
  concat(Uint8Array.of(1), from.id, to.id, typeof payload === 'string' ? utf8(payload) : payload)

/** ms: far more than anything takes on a machine that has time, because some have none. */
export const WAIT = 60_000

/** Rejects where `promise` takes longer than anything in these tests may. */
export async function within<T>(promise: Promise<T>, what: string, ms = WAIT): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${ms} ms in vain for ${what}`)), ms)
  })
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export interface DialOptions {
  readonly path?: string
  readonly protocols?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** Whether a close frame is answered, as it must be. */
  readonly answersClose?: boolean
  /** Whether anything is read after `hello`; if not, `resume` begins with it. */
  readonly reads?: boolean
}

export class Client {
  /** Status of the answer to the upgrade. */
  status = 0
  responseHeaders = ''
  /** All that was heard and not yet taken. */
  readonly heard: Heard[] = []
  end: End | undefined
  readonly #tcp: Deno.TcpConn
  readonly #options: DialOptions
  readonly #waiting = new Set<() => void>()
  #code: number | null = null
  #greeted = false
  #resumed = false
  #resume = () => {}
  nonce: Uint8Array<ArrayBuffer> = new Uint8Array()

  private constructor(tcp: Deno.TcpConn, options: DialOptions) {
    this.#tcp = tcp
    this.#options = options
  }

  /** Resolves with the answer to the upgrade, whatever it is. */
  static async dial(port: number, options: DialOptions = {}): Promise<Client> {
    const client = new Client(await Deno.connect({ hostname: '127.0.0.1', port }), options)
    const { path = '/v1', protocols = RELAY_SUBPROTOCOL, headers } = options
    const all: Record<string, string> = {
      Host: `127.0.0.1:${port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...(protocols === null ? {} : { 'Sec-WebSocket-Protocol': protocols }),
      ...headers,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    await client.raw(utf8(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`))
    await within(client.#readHead(), 'the answer to an upgrade')
    return client
  }

  /** Dials and takes `hello`. */
  static async open(port: number, options: DialOptions = {}): Promise<Client> {
    const client = await Client.dial(port, options)
    if (client.status !== 101) throw new Error(`The upgrade was answered with ${client.status}`)
    const { nonce } = await client.take('hello')
    client.nonce = new Uint8Array(fromBase64url(nonce as string))
    return client
  }

  async #readHead(): Promise<void> {
    const buffer = new Uint8Array(65_536)
    let bytes = new Uint8Array(0)
    let end = -1
    while (end < 0) {
      const size = await this.#tcp.read(buffer)
      if (size === null) throw new Error('The connection ended before the answer to the upgrade')
      bytes = concat(bytes, buffer.subarray(0, size))
      end = Buffer.from(bytes.buffer).indexOf('\r\n\r\n')
    }
    this.responseHeaders = new TextDecoder().decode(bytes.subarray(0, end)).toLowerCase()
    this.status = Number(this.responseHeaders.split(' ')[1])
    if (this.status !== 101) return this.drop()
    void this.#read(bytes.slice(end + 4), buffer)
  }

  async #read(first: Uint8Array<ArrayBuffer>, buffer: Uint8Array<ArrayBuffer>): Promise<void> {
    let bytes = first
    try {
      for (;;) {
        for (let taken = takeFrame(bytes); taken; taken = takeFrame(bytes)) {
          bytes = taken.rest
          this.#hear(taken.frame.opcode, taken.frame.payload)
          this.#greeted = true
        }
        if (this.#options.reads === false && this.#greeted && !this.#resumed) {
          this.#resume = () => void this.#read(bytes, buffer)
          return
        }
        const size = await this.#tcp.read(buffer)
        if (size === null) break
        bytes = concat(bytes, buffer.subarray(0, size))
      }
    } catch {
      // A reset is an end, too.
    }
    this.end = { code: this.#code }
    this.drop()
    this.#wake()
  }

  #hear(opcode: number, payload: Uint8Array<ArrayBuffer>): void {
    if (opcode === OPCODE.text) this.heard.push(JSON.parse(new TextDecoder().decode(payload)) as Message)
    if (opcode === OPCODE.binary) this.heard.push(payload)
    if (opcode === OPCODE.ping) void this.write(OPCODE.pong, payload)
    if (opcode === OPCODE.close) {
      this.#code = payload.length < 2 ? 1005 : ((payload[0] as number) << 8) | (payload[1] as number)
      if (this.#options.answersClose !== false) void this.write(OPCODE.close, payload)
    }
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Resolves with the first truth that `look` finds, now or after anything that comes. */
  async #until<T>(look: () => T | undefined, what: string): Promise<T> {
    let wake = () => {}
    const found = new Promise<T>((resolve, reject) => {
      wake = () => {
        // Once, because `look` takes what it finds and more may come before the promise is seen to be settled.
        const value = this.#waiting.has(wake) ? look() : undefined
        if (value !== undefined) {
          this.#waiting.delete(wake)
          resolve(value)
        } else if (this.end) reject(new Error(`The connection ended (${this.end.code}) before ${what}`))
      }
      this.#waiting.add(wake)
      wake()
    })
    return await within(found, what).finally(() => this.#waiting.delete(wake))
  }

  /** Takes the next message of a type, and leaves what came before it. */
  take(type: RelayToClient['type']): Promise<Message> {
    return this.#until(() => {
      const at = this.heard.findIndex((one) => !(one instanceof Uint8Array) && one.type === type)
      return at < 0 ? undefined : (this.heard.splice(at, 1)[0] as Message)
    }, type)
  }

  /** Takes the next binary frame. */
  takeFrame(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#until(() => {
      const at = this.heard.findIndex((one) => one instanceof Uint8Array)
      return at < 0 ? undefined : (this.heard.splice(at, 1)[0] as Uint8Array<ArrayBuffer>)
    }, 'a binary frame')
  }

  /** Resolves with how the connection ended. */
  ended(): Promise<End> {
    return this.#until(() => this.end, 'the end of the connection')
  }

  /** Waits until all that was sent so far has been handled, and returns what was heard until then. */
  async settled(): Promise<Heard[]> {
    const timestamp = Math.floor(Math.random() * 2 ** 40)
    this.send({ type: 'ping', timestamp })
    await this.#until(() => {
      const at = this.heard.findIndex((one) => !(one instanceof Uint8Array) && one.timestamp === timestamp)
      return at < 0 ? undefined : this.heard.splice(at, 1)
    }, 'pong')
    return this.heard.splice(0)
  }

  send(message: unknown): void {
    void this.write(OPCODE.text, typeof message === 'string' ? message : JSON.stringify(message))
  }

  sendFrame(bytes: Uint8Array): void {
    void this.write(OPCODE.binary, bytes)
  }

  write(opcode: number, payload: Uint8Array | string, options = {}): Promise<void> {
    return this.raw(frame(opcode, payload, options))
  }

  #writing: Promise<void> = Promise.resolve()

  /** Resolves when all that was sent is on its way, or was given up. */
  written(): Promise<void> {
    return this.#writing
  }

  /** Bytes behind those that are being written; what the relay no longer takes is given up. */
  raw(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      for (let at = 0; at < bytes.length; ) at += await this.#tcp.write(bytes.subarray(at))
    })
    this.#writing = this.#writing.catch(() => {})
    return this.#writing
  }

  async bindMessage(route: RouteKey, peer: RouteKey | null, origin: string, nonce = this.nonce) {
    const claim = { routeKey: route.key.publicKey, peer: peer?.id ?? null }
    const signature = await sign(route.key, signedInput(origin, nonce, claim))
    return {
      type: 'bind',
      routeKey: routeText(route.key.publicKey),
      peer: peer?.text ?? null,
      signature: routeText(signature),
    }
  }

  /** Binds and takes `bound`. */
  async bind(route: RouteKey, peer: RouteKey | null, origin: string): Promise<Message> {
    this.send(await this.bindMessage(route, peer, origin))
    return await this.take('bound')
  }

  /** Begins to read again where `reads` was false. */
  resume(): void {
    this.#resumed = true
    this.#resume()
  }

  /** Ends the TCP connection without a word. */
  drop(): void {
    try {
      this.#tcp.close()
    } catch {
      // It is closed already.
    }
  }
}
