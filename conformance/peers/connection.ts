// A scripted client's connection to a relay. It does what it is told, right or wrong, and checks every
// frame in both directions.

import { CLOSE_GOING_AWAY, RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import type { ClientToRelay, RelayToClient } from '@happy-remote/schemas/relay.ts'
import { RoutedFrame } from '@happy-remote/schemas/relay.ts'
import { WebSocket } from 'ws'
import { Failed } from '../shim/trouble.ts'
import {
  assertRightFrame,
  assertRightText,
  assertWrongFrame,
  assertWrongText,
  readFrame,
  readMessage,
  showFrame,
} from './frames.ts'
import { type Heard, Inbox } from './inbox.ts'
import { atOnce } from './patience.ts'
import { fromBase64url } from './route.ts'
import type { Transcript } from './transcript.ts'

export type Message = RelayToClient
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>

export interface ConnectOptions {
  /** `…/v1` */
  readonly url: string
  readonly name: string
  readonly transcript: Transcript
  readonly headers?: Readonly<Record<string, string>>
  /** Answer the WebSocket pings of the relay; unless said otherwise, yes. */
  readonly autoPong?: boolean
  /** Takes what was heard before the inbox does, and writes frames into the transcript; false: it does not want it. */
  readonly onHeard?: (heard: Heard) => boolean
}

/** `ws://host:port/path` of a relay URL, with the port always written. */
function originOf(url: string): string {
  const { protocol, hostname, port, pathname } = new URL(url)
  const path = pathname.replace(/\/v1$/, '')
  return `${protocol}//${hostname}:${port || (protocol === 'wss:' ? '443' : '80')}${path}`
}

export class Connection {
  readonly name: string
  /** What was dialled, as a bind signs it. */
  readonly origin: string
  readonly inbox = new Inbox()
  readonly #socket: WebSocket
  readonly #transcript: Transcript
  readonly #onHeard: ConnectOptions['onHeard']
  #hello: MessageOf<'hello'> | undefined
  #greeting: Promise<MessageOf<'hello'>> | undefined
  #first: Heard | undefined
  #trouble: Error | undefined
  #closed: { code: number; at: number } | undefined
  #pings = 0
  #openedAt = 0

  private constructor({ url, name, transcript, headers = {}, autoPong = true, onHeard }: ConnectOptions) {
    this.name = name
    this.origin = originOf(url)
    this.#onHeard = onHeard
    this.#transcript = transcript
    this.#socket = new WebSocket(url, RELAY_SUBPROTOCOL, {
      headers: { ...headers },
      autoPong,
      perMessageDeflate: false,
      handshakeTimeout: atOnce(),
      maxPayload: 64 * 1024 * 1024,
    })
    this.#socket.on('message', (data, isBinary) => {
      this.#onFrame(new Uint8Array(data as Buffer), isBinary, performance.now())
    })
    this.#socket.on('close', (code) => {
      this.#closed = { code, at: performance.now() }
      transcript.add('relay', name, { close: code })
      this.#hear({ kind: 'close', code, at: this.#closed.at })
    })
  }

  /** Rejects with Failed where the relay refuses the upgrade. Does not wait for `hello`. */
  static open(options: ConnectOptions): Promise<Connection> {
    const connection = new Connection(options)
    const socket = connection.#socket
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        connection.#openedAt = performance.now()
        options.transcript.add(options.name, 'relay', 'connected')
        resolve(connection)
      })
      socket.once('unexpected-response', (request, response) => {
        request.destroy()
        reject(new Failed(`The relay answers the upgrade with HTTP status ${response.statusCode}`))
      })
      socket.on('error', (error) => reject(new Failed(`The relay cannot be dialled: ${error.message}`)))
    })
  }

  get openedAt(): number {
    return this.#openedAt
  }

  get closed(): { readonly code: number; readonly at: number } | undefined {
    return this.#closed
  }

  /** What the relay sent before anything else. */
  get first(): Heard | undefined {
    return this.#first
  }

  /** The relay's `hello`, as soon as it is there. */
  hello(): Promise<MessageOf<'hello'>> {
    this.#greeting ??= this.expect('hello')
    return this.#greeting
  }

  async nonce(): Promise<Uint8Array> {
    return fromBase64url((await this.hello()).nonce)
  }

  /** Sends a message that is right. */
  send(message: ClientToRelay): void {
    this.sendText(JSON.stringify(message))
  }

  /** Sends a text that is right, as it is written. */
  sendText(text: string): void {
    assertRightText(text)
    this.#put(text, { binary: false }, JSON.parse(text))
  }

  /** Sends a text frame that is wrong. */
  sendWrongText(content: string | Uint8Array): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    assertWrongText(bytes)
    this.#put(bytes, { binary: false }, { wrong: Buffer.from(bytes).toString().slice(0, 300) })
  }

  /** Sends a routed frame and gives its bytes. `parts`: as how many WebSocket fragments. `shown`: in the transcript. */
  sendFrame(from: Uint8Array, to: Uint8Array, payload: Uint8Array, parts = 1, shown?: unknown): Uint8Array {
    const bytes = RoutedFrame.encode({ type: 1, from, to, payload } as Parameters<typeof RoutedFrame.encode>[0])
    assertRightFrame(bytes, this.#hello?.maxFrame ?? Number.MAX_SAFE_INTEGER)
    const size = Math.ceil(bytes.length / parts)
    for (let at = 0; at < bytes.length; at += size) {
      this.#socket.send(bytes.subarray(at, at + size), { binary: true, fin: at + size >= bytes.length })
    }
    this.#transcript.add(this.name, 'relay', shown ?? showFrame(bytes), bytes.length)
    return bytes
  }

  sendWrongFrame(bytes: Uint8Array): void {
    assertWrongFrame(bytes, this.#hello?.maxFrame ?? Number.MAX_SAFE_INTEGER)
    this.#put(bytes, { binary: true }, showFrame(bytes))
  }

  /** A WebSocket pong that nobody asked for. */
  sendPong(): void {
    this.#socket.pong()
  }

  /** Stops reading, so that what the relay sends piles up; `resume` undoes it. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Bytes that the network has not taken yet. */
  get unsent(): number {
    return this.#socket.bufferedAmount
  }

  /** Resolves when the relay has closed, or undefined after `time` ms. */
  async closes(time: number): Promise<{ code: number; at: number } | undefined> {
    if (!this.#closed) await this.inbox.take((heard) => heard.kind === 'close', time)
    return this.#closed
  }

  /** Leaves with a WebSocket close. */
  async leave(): Promise<void> {
    if (!this.#closed) {
      this.#socket.close(1000)
      await this.closes(atOnce())
    }
    this.inbox.takeAll((heard) => heard.kind === 'close')
  }

  /** Cuts the connection without a close, as a lost network does. */
  cut(): void {
    this.#socket.terminate()
    this.#transcript.add(this.name, 'relay', 'cut')
  }

  /** The next message of `type` that `matches`. Throws Failed where none comes in time. */
  async expect<T extends Message['type']>(
    type: T,
    matches: (message: MessageOf<T>) => boolean = () => true,
    time = atOnce(),
  ): Promise<MessageOf<T>> {
    const heard = await this.inbox.take(
      (each) =>
        (each.kind === 'message' && each.message.type === type && matches(each.message as MessageOf<T>)) ||
        each.kind === 'close',
      time,
    )
    this.assertWell()
    if (heard?.kind === 'message') return heard.message as MessageOf<T>
    if (heard?.kind === 'close') {
      this.inbox.add(heard)
      throw new Failed(`${this.#says(type)}; the relay closed the connection with ${heard.code}`)
    }
    throw new Failed(`${this.#says(type)} within ${time / 1000} s`)
  }

  /** The next routed frame. Throws Failed where none comes in time. */
  async expectFrame(time = atOnce()): Promise<Extract<Heard, { kind: 'frame' }>> {
    const heard = await this.inbox.take((each) => each.kind === 'frame' || each.kind === 'close', time)
    this.assertWell()
    if (heard?.kind === 'frame') return heard
    if (heard?.kind === 'close') {
      this.inbox.add(heard)
      throw new Failed(`The ${this.name} gets no frame; the relay closed the connection with ${heard.code}`)
    }
    throw new Failed(`The ${this.name} gets no frame within ${time / 1000} s`)
  }

  /** Sends `ping` and waits for its `pong`: what the relay had to say before has been heard then. */
  async roundTrip(): Promise<void> {
    const timestamp = 1_700_000_000_000 + this.#pings++
    this.send({ type: 'ping', timestamp })
    await this.expect('pong', (pong) => pong.timestamp === timestamp)
  }

  /** Throws Failed where the relay sent what its schema rejects. */
  assertWell(): void {
    if (this.#trouble) throw this.#trouble
  }

  /** Begins a fragmented frame, and cuts the connection before it ends. */
  async cutInFrame(): Promise<void> {
    await new Promise((resolve) => this.#socket.send(new Uint8Array(50).fill(1), { binary: true, fin: false }, resolve))
    this.cut()
  }

  #says(type: string): string {
    const others = this.inbox.waiting.map((heard) =>
      heard.kind === 'message' ? `"${heard.message.type}"` : heard.kind,
    )
    const instead = others.length > 0 ? `, but ${others.slice(0, 5).join(', ')}` : ''
    return `The ${this.name} gets no "${type}"${instead}`
  }

  #put(data: string | Uint8Array, options: { binary: boolean }, shown: unknown): void {
    this.#socket.send(data, options)
    this.#transcript.add(this.name, 'relay', shown, data.length)
  }

  #onFrame(bytes: Uint8Array, isBinary: boolean, at: number): void {
    let heard: Heard | undefined
    try {
      if (isBinary) {
        if (!this.#onHeard) this.#transcript.add('relay', this.name, showFrame(bytes), bytes.length)
        heard = { kind: 'frame', frame: readFrame(bytes), bytes, at }
      } else {
        this.#transcript.add('relay', this.name, JSON.parse(Buffer.from(bytes).toString()), bytes.length)
        const message = readMessage(bytes)
        if (message.type !== 'unknown') heard = { kind: 'message', message, at }
      }
    } catch (error) {
      this.#trouble ??=
        error instanceof SyntaxError ? new Failed('The relay sends a text frame that is not JSON') : (error as Error)
      return
    }
    if (!heard) return
    this.#first ??= heard
    if (heard.kind === 'message' && heard.message.type === 'hello') this.#hello ??= heard.message
    this.#hear(heard)
  }

  #hear(heard: Heard): void {
    if (!this.#onHeard?.(heard)) this.inbox.add(heard)
  }
}

/** The close codes that a relay may use for a stop on purpose. */
export const GOING_AWAY = CLOSE_GOING_AWAY
