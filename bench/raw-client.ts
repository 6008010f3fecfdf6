// A client of a server under load: a plain socket with frames that were masked once, so that it costs next to nothing.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type RouteKey, relayAuthInput } from '../impl-node/crypto/route.ts'

const headerSize = (size: number) => (size < 126 ? 2 : size < 65_536 ? 4 : 10)

/** Bytes of a frame as a server sends it. */
export const frameSize = (size: number): number => headerSize(size) + size

export const OPCODE = { text: 1, binary: 2 } as const

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
  #unread = Buffer.alloc(0)
  #wake: () => void = () => {}
  readonly #keep = (chunk: Buffer) => {
    this.#unread = Buffer.concat([this.#unread, chunk])
    this.#wake()
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', this.#keep)
    // Whoever waits for something hears of it by `close`.
    socket.on('error', () => {})
    socket.on('close', () => this.#wake())
  }

  /** From now on every byte goes to `listener`. */
  listen(listener: (chunk: Buffer) => void): void {
    this.socket.removeAllListeners('data')
    this.socket.on('data', listener)
  }

  /** `localAddress`: from where, such as 127.0.0.2. */
  static async connect(url: string, path: string, localAddress?: string): Promise<RawClient> {
    const { hostname, port } = new URL(url)
    const socket = connect({ port: Number(port), host: hostname, ...(localAddress !== undefined && { localAddress }) })
    await once(socket, 'connect')
    socket.setNoDelay()
    const client = new RawClient(socket)
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

  /** The next text message. */
  async text(): Promise<string> {
    return (await this.frame()).payload.toString()
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
      if (this.socket.destroyed) throw new Error(`Cannot read from port ${this.socket.remotePort}: it has closed`)
      const { promise: arrived, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await arrived
    }
  }
}
