// The connection to a relay: binds routes, keeps itself alive, and comes back (spec/relay.md).

import { RELAY_PROTOCOL, RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { LEAST_MAX_FRAME, ROUTED_HEADER, ROUTED_TYPE, RoutedFrame } from '@happy-remote/schemas/relay.ts'
import { fromBase64url, toBase64url } from '../crypto/base64url.ts'
import { copy, equal, toHex } from '../crypto/bytes.ts'
import type { SigningKey } from '../crypto/ed25519.ts'
import { routeIdOf } from '../crypto/identity.ts'
import type { RelayUrl } from '../session/relay-url.ts'
import { bindMessage } from './bind.ts'
import { type RelayMessage, readRelayMessage } from './relay-message.ts'
import { Alarm, systemTimers, type Timers } from './timers.ts'

/** What happens on a route. All of it but `frame` is a hint of the relay and proves nothing (relay.presence.hint). */
export interface RouteListener {
  /** The bind is in force; until told otherwise the peer is offline (relay.presence.default). */
  bound(): void
  presence(online: boolean): void
  deliveryFailed(): void
  /** The connection, and with it the binding, is gone; it will be made again where that makes sense. */
  lost(): void
  /** The relay has refused this route, or given it to another connection. */
  refused(code: string): void
  frame(payload: Uint8Array, from: Uint8Array): void
}

export type Ending = 'closed' | 'superseded' | 'unauthenticated' | 'unusable'

export interface SocketOptions {
  readonly timers?: Timers
  readonly open?: (url: string, protocol: string) => WebSocket
  /** Between 0 and 1: the jitter of reconnection. */
  readonly jitter?: () => number
  /** The connection will not be made again by itself. */
  readonly ended?: (why: Ending) => void
}

/** A route on this connection. */
export class Route {
  readonly id: Uint8Array
  readonly key: SigningKey
  readonly #socket: RelaySocket
  listener: RouteListener
  peer: Uint8Array | null
  isBound = false
  /** What the relay last said of the peer on this connection. */
  isOnline = false

  constructor(socket: RelaySocket, key: SigningKey, peer: Uint8Array | null, listener: RouteListener) {
    this.#socket = socket
    this.key = key
    this.id = routeIdOf(key.publicKey)
    this.peer = peer
    this.listener = listener
  }

  /** Sends to `to`, the peer where it is left out. False where the route is not bound now, or the frame is too large. */
  send(payload: Uint8Array, to: Uint8Array | null = this.peer): boolean {
    return to !== null && this.#socket.send(this, payload, to)
  }

  /** Hands the route over, and tells its new listener how it stands. */
  handTo(listener: RouteListener): void {
    this.listener = listener
    if (!this.isBound) return
    listener.bound()
    if (this.isOnline) listener.presence(true)
  }

  /** Binds again with another peer, as an agent does after M2 (pairing.m2.rebind). */
  rebind(peer: Uint8Array | null): void {
    this.peer = peer
    this.#socket.announce(this)
  }

  unbind(): void {
    this.#socket.unbind(this)
  }
}

export class RelaySocket {
  readonly #relay: RelayUrl
  readonly #timers: Timers
  readonly #open: (url: string, protocol: string) => WebSocket
  readonly #jitter: () => number
  /** The connection will not be made again by itself. */
  onEnded: (why: Ending) => void
  readonly #routes = new Map<string, Route>()
  readonly #ping: Alarm
  readonly #silence: Alarm
  readonly #retry: Alarm
  #socket: WebSocket | undefined
  #nonce: Uint8Array | undefined
  #maxFrame = 0
  #attempt = 0
  #connectedAt = 0
  #drainDelay = 0
  #over = false

  constructor(relay: RelayUrl, options: SocketOptions = {}) {
    this.#relay = relay
    this.#timers = options.timers ?? systemTimers
    this.#open = options.open ?? ((url, protocol) => new WebSocket(url, protocol))
    this.#jitter = options.jitter ?? Math.random
    this.onEnded = options.ended ?? (() => {})
    this.#ping = new Alarm(this.#timers)
    this.#silence = new Alarm(this.#timers)
    this.#retry = new Alarm(this.#timers)
    this.#connect()
  }

  /** Binds a route now and on every connection to come. */
  bind(key: SigningKey, peer: Uint8Array | null, listener: RouteListener): Route {
    const route = new Route(this, key, peer, listener)
    this.#routes.set(toHex(route.id), route)
    this.announce(route)
    return route
  }

  /** Whether the route is bound on each new connection; not after the relay has refused it. */
  isBinding(route: Route): boolean {
    return this.#routes.has(toHex(route.id))
  }

  /** A route that the relay has refused, because the person asks for it (relay.reconnect.route). */
  bindAgain(route: Route): void {
    this.#routes.set(toHex(route.id), route)
  }

  announce(route: Route): void {
    const [socket, nonce] = [this.#socket, this.#nonce]
    if (!socket || !nonce) return
    const { origin } = this.#relay
    void bindMessage(route.key, origin, nonce, route.peer).then((message) => {
      if (this.#socket === socket && this.#routes.has(toHex(route.id))) this.#say(message)
    })
  }

  unbind(route: Route): void {
    this.#routes.delete(toHex(route.id))
    if (route.isBound) this.#say({ type: 'unbind', route: toBase64url(route.id) })
    route.isBound = false
    route.isOnline = false
  }

  send(route: Route, payload: Uint8Array, to: Uint8Array): boolean {
    // relay.frame.max-client
    if (!this.#socket || !route.isBound || payload.length + ROUTED_HEADER > this.#maxFrame) return false
    this.#socket.send(RoutedFrame.encode({ from: route.id, to, payload }))
    return true
  }

  /** At once, as after a sleep or a change of the network; also the person's way on after `ended`. */
  reconnect(): void {
    this.#over = false
    this.#attempt = 0
    this.#abandon()
    this.#connect()
  }

  /** Lets the socket go without a word, as when a cable is pulled, and comes back by itself. */
  drop(): void {
    this.#closed(1006)
  }

  /** For good. */
  close(): void {
    this.#over = true
    this.#abandon()
    this.#retry.clear()
  }

  #connect(): void {
    this.#retry.clear()
    // relay.connect.path
    const socket = this.#open(this.#relay.url, RELAY_SUBPROTOCOL)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#connectedAt = this.#timers.monotonic()
    this.#heard()
    socket.onmessage = ({ data }: MessageEvent) => {
      if (this.#socket !== socket) return
      this.#heard()
      if (typeof data === 'string') this.#control(data)
      else this.#frame(new Uint8Array(data))
    }
    socket.onerror = () => {}
    socket.onclose = ({ code }: CloseEvent) => {
      if (this.#socket === socket) this.#closed(code)
    }
  }

  /** Lets go of the present socket, so that nothing more is heard of it. */
  #abandon(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#nonce = undefined
    this.#ping.clear()
    this.#silence.clear()
    socket?.close()
    for (const route of this.#routes.values()) {
      route.isBound = false
      route.isOnline = false
      route.listener.lost()
    }
  }

  #closed(code: number): void {
    this.#abandon()
    // relay.reconnect.superseded
    if (code === 4409 || code === 4401) this.#end(code === 4409 ? 'superseded' : 'unauthenticated')
    if (!this.#over) this.#later()
  }

  #end(why: Ending): void {
    this.close()
    this.onEnded(why)
  }

  /** relay.reconnect.always, relay.reconnect.backoff, relay.drain.client */
  #later(): void {
    if (this.#timers.monotonic() - this.#connectedAt >= limits.backoffReset) this.#attempt = 0
    const longest = Math.min(limits.backoffMin * 2 ** this.#attempt, limits.backoffMax)
    this.#attempt++
    const delay = this.#drainDelay + this.#jitter() * longest
    this.#drainDelay = 0
    this.#retry.set(delay, () => this.#connect())
  }

  /** relay.ping.dead */
  #heard(): void {
    this.#silence.set(limits.deadLine, () => this.#closed(1006))
  }

  /** relay.ping.interval */
  #beat(): void {
    this.#ping.set(limits.pingEvery, () => {
      this.#say({ type: 'ping', timestamp: Math.floor(this.#timers.wall()) })
      this.#beat()
    })
  }

  #say(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  #control(text: string): void {
    const message = readRelayMessage(text)
    switch (message?.type) {
      case 'hello':
        this.#hello(message)
        break
      case 'draining':
        this.#drainDelay = message.reconnectAfter
        break
      case 'bound':
        this.#routeOf(message.route, (route) => {
          route.isBound = true
          route.listener.bound()
        })
        break
      case 'presence':
        this.#routeOf(message.route, (route) => {
          if (!route.peer || !equal(route.peer, fromBase64url(message.peer))) return
          route.isOnline = message.status === 'online'
          route.listener.presence(route.isOnline)
        })
        break
      case 'delivery-failed':
        this.#routeOf(message.from, (route) => route.listener.deliveryFailed())
        break
      case 'error':
        if (message.route) this.#refused(message.route, message.code)
    }
  }

  #hello({ protocol, nonce, maxFrame }: Extract<RelayMessage, { type: 'hello' }>): void {
    // relay.hello.protocol-client, relay.hello.max-frame-client
    if (protocol !== RELAY_PROTOCOL || maxFrame < LEAST_MAX_FRAME) {
      this.#end('unusable')
      return
    }
    this.#nonce = fromBase64url(nonce)
    this.#maxFrame = maxFrame
    this.#beat()
    for (const route of this.#routes.values()) this.announce(route)
  }

  #refused(id: string, code: string): void {
    this.#routeOf(id, (route) => {
      if (code !== 'superseded' && code !== 'unauthenticated') return route.listener.refused(code)
      // relay.reconnect.route
      route.isBound = false
      route.isOnline = false
      this.#routes.delete(toHex(route.id))
      route.listener.refused(code)
    })
  }

  #routeOf(id: string, act: (route: Route) => void): void {
    const route = this.#routes.get(toHex(fromBase64url(id)))
    if (route) act(route)
  }

  #frame(bytes: Uint8Array): void {
    // relay.frame.client-malformed
    if (bytes.length < ROUTED_HEADER || bytes[0] !== ROUTED_TYPE) return
    const { from, to, payload } = RoutedFrame.decode(bytes)
    this.#routes.get(toHex(to))?.listener.frame(copy(payload), copy(from))
  }
}
