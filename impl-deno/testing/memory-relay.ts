// A relay in memory for two or more clients, as far as honest clients need it: binds (without looking at
// signatures), presence, routing, delivery-failed. A test may bend what passes, and cut the cables.

import { fromBase64url, toBase64url } from '../crypto/base64url.ts'
import { toHex } from '../crypto/bytes.ts'
import { routeIdOf } from '../crypto/identity.ts'
import { FakeSocket } from './fake-relay.ts'

interface Bound {
  readonly socket: MemorySocket
  readonly peer: string | null
}

class MemorySocket extends FakeSocket {
  readonly #heard: (data: string | Uint8Array) => void
  readonly #gone: () => void

  constructor(url: string, protocol: string, heard: (data: string | Uint8Array) => void, gone: () => void) {
    super(url, protocol)
    this.#heard = heard
    this.#gone = gone
  }

  override send(data: string | Uint8Array): void {
    super.send(data)
    this.#heard(data)
  }

  override close(): void {
    super.close()
    this.#gone()
  }
}

export class MemoryRelay {
  readonly #routes = new Map<string, Bound>()
  readonly #sockets = new Set<MemorySocket>()
  /** The types of all payloads that clients sent, in their order. */
  readonly log: number[] = []
  /** What is delivered instead of a payload. */
  pass = (payload: Uint8Array, _from: string, _to: string): readonly Uint8Array[] => [payload]
  /** Lets everybody send to everybody, as a relay that lies might. */
  letsAllThrough = false
  /** While false, no connection gets as far as `hello`. */
  isUp = true

  readonly open = (url: string, protocol: string): WebSocket => {
    const socket: MemorySocket = new MemorySocket(
      url,
      protocol,
      (data) => queueMicrotask(() => this.#take(socket, data)),
      // What was sent before the close still arrives.
      () => queueMicrotask(() => this.#forget(socket)),
    )
    this.#sockets.add(socket)
    queueMicrotask(() => {
      if (this.isUp) socket.hello()
      else socket.closes(1006)
    })
    return socket as unknown as WebSocket
  }

  /** Every connection ends without a word. */
  cut(): void {
    for (const socket of [...this.#sockets]) {
      this.#forget(socket)
      socket.closes(1006)
    }
  }

  #take(socket: MemorySocket, data: string | Uint8Array): void {
    if (!this.#sockets.has(socket)) return
    if (typeof data === 'string') this.#control(socket, JSON.parse(data))
    else this.#frame(socket, new Uint8Array(data))
  }

  #control(
    socket: MemorySocket,
    message: { type: string; routeKey: string; route: string; peer: string | null },
  ): void {
    if (message.type === 'ping') socket.says({ type: 'pong', timestamp: 0 })
    if (message.type === 'unbind') this.#unbind(toHex(fromBase64url(message.route)))
    if (message.type !== 'bind') return
    const id = routeIdOf(fromBase64url(message.routeKey))
    const route = toHex(id)
    const peer = message.peer && toHex(fromBase64url(message.peer))
    const before = this.#routes.get(route)
    this.#routes.set(route, { socket, peer })
    socket.says({ type: 'bound', route: toBase64url(id) })
    if (before?.peer === peer && before?.socket === socket) return
    const other = peer === null ? undefined : this.#routes.get(peer)
    if (peer === null || other?.peer !== route) return
    this.#presence(route, peer, 'online')
    this.#presence(peer, route, 'online')
  }

  #presence(route: string, peer: string, status: string): void {
    const [id, other] = [route, peer].map((hex) =>
      toBase64url(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))),
    )
    this.#routes.get(route)?.socket.says({ type: 'presence', route: id, peer: other, status, timestamp: 0 })
  }

  #frame(socket: MemorySocket, frame: Uint8Array): void {
    const [from, to] = [toHex(frame.subarray(1, 17)), toHex(frame.subarray(17, 33))]
    this.log.push(frame[34] as number)
    const target = this.#routes.get(to)
    if (!target || (!this.letsAllThrough && target.peer !== null && target.peer !== from)) {
      const [id, other] = [toBase64url(frame.slice(1, 17)), toBase64url(frame.slice(17, 33))]
      socket.says({ type: 'delivery-failed', from: id, to: other, reason: 'offline' })
      return
    }
    for (const payload of this.pass(frame.slice(33), from, to)) {
      const whole = new Uint8Array(33 + payload.length)
      whole.set(frame.subarray(0, 33))
      whole.set(payload, 33)
      target.socket.forwards(whole)
    }
  }

  #unbind(route: string): void {
    const peer = this.#routes.get(route)?.peer
    this.#routes.delete(route)
    if (peer && this.#routes.get(peer)?.peer === route) this.#presence(peer, route, 'offline')
  }

  #forget(socket: MemorySocket): void {
    if (!this.#sockets.delete(socket)) return
    for (const [route, bound] of [...this.#routes]) if (bound.socket === socket) this.#unbind(route)
  }
}
