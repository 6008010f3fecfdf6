// A client of a server under load: a plain socket with frames that were masked once, so that it costs next to nothing.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type RouteKey, relayAuthInput } from '../impl-node/crypto/route.ts'

const headerSize = (size: number) => (size < 126 ? 2 : size < 65_536 ? 4 : 10)

/** Bytes of a frame as a server sends it. */
export const frameSize = (size: number): number => headerSize(size) + size

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9 } as const

/** A final frame with a mask, as a client sends it. */
export function maskedFrame(payload: Buffer, opcode: number): Buffer {
  const size = payload.length
  const head = Buffer.alloc(headerSize(size) + 4)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | (size < 126 ? size : size < 65_536 ? 126 : 127)
  if (size >= 65_536) head.writeBigUInt64BE(BigInt(size), 2)
  else if (size >= 126) head.writeUInt16BE(size, 2)
  const mask = Buffer.from([0x12, 0x34, 0x56, 0x78])
  mask.copy(head, head.length - 4)
  return Buffer.concat([head, payload.map((byte, i) => byte ^ (mask[i & 3] as number))])
}

export class RawClient {
  readonly socket: Socket
  readonly #server: string
  #trouble: Error | undefined
  #unread = Buffer.alloc(0)
  #wake: () => void = () => {}
  readonly #keep = (chunk: Buffer) => {
    this.#unread = Buffer.concat([this.#unread, chunk])
    this.#wake()
  }

  private constructor(socket: Socket, server: string) {
    this.socket = socket
    this.#server = server
    socket.on('data', this.#keep)
    // Whoever waits for something hears of it by `close`.
    socket.on('error', (error) => {
      this.#trouble = error
    })
    socket.on('close', () => this.#wake())
  }

  /** From now on every byte goes to `listener`, until what it gives is called. */
  listen(listener: (chunk: Buffer) => void): () => void {
    this.socket.removeAllListeners('data').on('data', listener)
    return () => this.socket.off('data', listener).on('data', this.#keep)
  }

  /** `localAddress`: from where, such as 127.0.0.2; `signal` ends it, now and later. */
  static async connect(url: string, path: string, localAddress?: string, signal?: AbortSignal): Promise<RawClient> {
    const { hostname, port } = new URL(url)
    const socket = connect({
      port: Number(port),
      host: hostname,
      ...(localAddress && { localAddress }),
      ...(signal && { signal }),
    })
    await once(socket, 'connect')
    socket.setNoDelay()
    const client = new RawClient(socket, url)
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Protocol: happy-relay.v1\r\n\r\n',
    )
    const answer = await client.#read((bytes) => {
      const end = bytes.indexOf('\r\n\r\n')
      return end === -1 ? undefined : [end + 4, bytes.toString('latin1', 0, end)]
    })
    if (!answer.startsWith('HTTP/1.1 101')) {
      socket.destroy()
      throw new Error(`Cannot connect to ${url}: ${answer.split('\r\n', 1)}`)
    }
    return client
  }

  /** Until something has come, which is not taken. */
  async untilHeard(): Promise<void> {
    await this.#read((bytes) => (bytes.length > 0 ? [0, null] : undefined))
  }

  /** The next frame of any kind. */
  frame(): Promise<{ readonly opcode: number; readonly payload: Buffer }> {
    return this.#read((bytes) => {
      const start = bytes[1] === 127 ? 10 : bytes[1] === 126 ? 4 : 2
      if (bytes.length < start) return undefined
      const size = start === 2 ? (bytes[1] as number) : start === 4 ? bytes.readUInt16BE(2) : bytes.readUInt32BE(6)
      const end = start + size
      if (bytes.length < end) return undefined
      return [end, { opcode: (bytes[0] as number) & 0x0f, payload: bytes.subarray(start, end) }]
    })
  }

  /** The next text message. A ping may come before it, and needs no pong from somebody who says enough; a close ends it. */
  async text(): Promise<string> {
    for (;;) {
      const { opcode, payload } = await this.frame()
      if (opcode === OPCODE.text) return payload.toString()
      if (opcode === OPCODE.close) {
        const code = payload.length < 2 ? 1005 : payload.readUInt16BE()
        throw new Error(`Cannot read from ${this.#server}: it closes with ${code} ${payload.subarray(2)}`.trimEnd())
      }
    }
  }

  /** The next message of a relay. */
  async message(): Promise<Record<string, string>> {
    return JSON.parse(await this.text())
  }

  async bind(origin: string, key: RouteKey, peer: Uint8Array): Promise<void> {
    const hello = await this.message()
    const nonce = Buffer.from(hello.nonce as string, 'base64url')
    const signature = key.sign(relayAuthInput({ origin, nonce, routeKey: key.publicKey, peer }))
    const [routeKey, peerText, signatureText] = [key.publicKey, peer, signature].map((bytes) =>
      Buffer.from(bytes).toString('base64url'),
    )
    const bind = { type: 'bind', routeKey, peer: peerText, signature: signatureText }
    this.socket.write(maskedFrame(Buffer.from(JSON.stringify(bind)), OPCODE.text))
    const { type, code } = await this.message()
    if (type !== 'bound') throw new Error(`Cannot bind at ${origin}: the relay answered with ${type} ${code ?? ''}`)
  }

  async #read<T>(parse: (bytes: Buffer) => [number, T] | undefined): Promise<T> {
    for (;;) {
      const parsed = parse(this.#unread)
      if (parsed) {
        this.#unread = this.#unread.subarray(parsed[0])
        return parsed[1]
      }
      if (this.socket.destroyed) {
        const why = this.#trouble ? ` (${this.#trouble.message})` : ''
        throw new Error(`Cannot read from ${this.#server}: the connection has ended${why}`)
      }
      const { promise: arrived, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await arrived
    }
  }
}
