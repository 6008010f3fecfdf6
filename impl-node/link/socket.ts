// One WebSocket to a relay, kept alive: binds its routes again on each connection (spec/relay.md).

import { RELAY_PROTOCOL, RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { LEAST_MAX_FRAME, RelayToClient, ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import { Compile } from 'typebox/compile'
import WebSocket from 'ws'
import { concat } from '../crypto/primitives.ts'
import { type RouteKey, relayAuthInput } from '../crypto/route.ts'
import type { RelayAddress } from '../session/relay-url.ts'

/** What happens on one route. Frames are views that are valid until the handler returns. */
export interface RouteHandlers {
  /** Bound on a new connection. */
  onBound(): void
  /** The relay's hint that the peer is there. */
  onPresence(online: boolean): void
  onFrame(from: Uint8Array, payload: Uint8Array): void
  onDeliveryFailed(): void
  /** The connection is gone; another is being made. */
  onDown(): void
  /** Bound elsewhere, or refused: this socket will not try this route again by itself. */
  onBlocked(reason: 'superseded' | 'unauthenticated'): void
}

export interface RouteHandle {
  readonly routeId: Uint8Array
  /** Names the one peer that may send to this route; null is open, for pairing only. */
  bindTo(peer: Uint8Array | null): void
  /** False where there is no connection on which the route is bound; nothing was sent then. */
  send(to: Uint8Array, payload: Uint8Array): boolean
  release(): void
}

/** The proof that this client holds `key`, for one connection to the relay of `origin`. */
export function bindMessage(key: RouteKey, origin: string, nonce: Uint8Array, peer: Uint8Array | null) {
  const signature = key.sign(relayAuthInput({ origin, nonce, routeKey: key.publicKey, peer }))
  return {
    type: 'bind' as const,
    routeKey: text(key.publicKey),
    peer: peer === null ? null : text(peer),
    signature: text(signature),
  }
}

export type SocketState =
  | { readonly name: 'connecting' }
  | { readonly name: 'open' }
  /** `retryAt` is ms since 1970, `delay` ms from when the connection was lost. */
  | { readonly name: 'waiting'; readonly retryAt: number; readonly delay: number; readonly reason: string }
  | { readonly name: 'blocked'; readonly reason: string }
  | { readonly name: 'closed' }

interface Route {
  readonly key: RouteKey
  readonly handlers: RouteHandlers
  peer: Uint8Array | null
  bound: boolean
  /** Bound elsewhere or refused: not tried again before somebody says so. */
  blocked: boolean
}

/** Longest delay of a timer, ms. */
const TIMER_MAX = 2 ** 31 - 1
const CLOSE_UNAUTHENTICATED = 4401
const CLOSE_SUPERSEDED = 4409

const validator = Compile(RelayToClient)
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const isOtherProtocol = (message: unknown): boolean => {
  const { type, protocol } = (message ?? {}) as { type?: unknown; protocol?: unknown }
  return type === 'hello' && protocol !== RELAY_PROTOCOL
}
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** ms; those of limits.ts unless given. */
export interface SocketTimes {
  readonly pingEvery: number
  readonly deadLine: number
  readonly backoffMin: number
  readonly backoffMax: number
  readonly backoffReset: number
}

export interface SocketOptions {
  readonly relay: RelayAddress
  readonly onState?: (state: SocketState) => void
  readonly onError?: (error: unknown) => void
  /** 0 to 1, for jitter. */
  readonly jitter?: () => number
  readonly times?: Partial<SocketTimes>
}

export class RelaySocket {
  readonly relay: RelayAddress
  /** Told of every change of state. */
  onState: ((state: SocketState) => void) | undefined
  /** Told of what a handler throws; where there is none it is thrown, and ends the process. */
  onError: ((error: unknown) => void) | undefined
  readonly #jitter: () => number
  readonly #times: SocketTimes
  readonly #routes = new Map<string, Route>()
  #ws: WebSocket | null = null
  #nonce: Uint8Array | null = null
  #state: SocketState = { name: 'closed' }
  #attempt = 0
  #retry: NodeJS.Timeout | undefined
  #ping: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined
  #openedAt = 0
  #drainDelay: number | null = null

  constructor(options: SocketOptions) {
    this.relay = options.relay
    this.#jitter = options.jitter ?? Math.random
    this.#times = { ...limits, ...options.times }
    this.onState = options.onState
    this.onError = options.onError
  }

  get state(): SocketState {
    return this.#state
  }

  /** Adds a route, and connects if this is the first. */
  attach(key: RouteKey, peer: Uint8Array | null, handlers: RouteHandlers): RouteHandle {
    const id = hex(key.routeId)
    const route: Route = { key, handlers, peer, bound: false, blocked: false }
    this.#routes.set(id, route)
    if (this.#state.name === 'closed') this.#connect()
    else this.#bind(route)
    return {
      routeId: key.routeId,
      bindTo: (next) => {
        route.peer = next
        this.#bind(route)
      },
      send: (to, payload) => this.#send(route, to, payload),
      release: () => this.#release(id, route),
    }
  }

  /** Connects now instead of when the delay is over, and tries again what was blocked. */
  retryNow(): void {
    for (const route of this.#routes.values()) {
      if (!route.blocked) continue
      route.blocked = false
      this.#bind(route)
    }
    if (this.#state.name !== 'waiting' && this.#state.name !== 'blocked') return
    this.#attempt = 0
    this.#connect()
  }

  close(): void {
    clearTimeout(this.#retry)
    this.#routes.clear()
    this.#drop()
    this.#set({ name: 'closed' })
  }

  /** Cuts the connection without a closing handshake, as a lost network would. */
  cut(): void {
    this.#ws?.terminate()
  }

  #set(state: SocketState): void {
    this.#state = state
    this.onState?.(state)
  }

  #connect(): void {
    clearTimeout(this.#retry)
    this.#set({ name: 'connecting' })
    this.#drainDelay = null
    const ws = new WebSocket(this.relay.url, RELAY_SUBPROTOCOL, {
      perMessageDeflate: false,
      maxPayload: 2 * limits.maxFrame,
      handshakeTimeout: limits.relayBind,
    })
    this.#ws = ws
    let reason = 'the connection was lost'
    ws.on('open', () => this.#opened(ws))
    ws.on('message', (data: Buffer, isBinary) => {
      if (this.#ws !== ws) return
      this.#listen(ws)
      try {
        if (isBinary) this.#binary(data)
        else this.#text(data)
      } catch (error) {
        if (!this.onError) throw error
        this.onError(error)
      }
    })
    ws.on('error', (error) => {
      reason = error.message
    })
    ws.on('close', (code) => {
      if (this.#ws !== ws) return
      this.#drop()
      if (code === CLOSE_UNAUTHENTICATED || code === CLOSE_SUPERSEDED) {
        const superseded = code === CLOSE_SUPERSEDED
        this.#set({
          name: 'blocked',
          reason: superseded
            ? 'this pairing is in use elsewhere'
            : `the relay did not accept the proof of our route; is ${this.relay.origin} among its origins?`,
        })
        return
      }
      this.#wait(reason)
    })
  }

  #opened(ws: WebSocket): void {
    if (this.#ws !== ws) return
    this.#openedAt = performance.now()
    this.#listen(ws)
    this.#ping = setInterval(() => {
      if (ws.readyState === WebSocket.OPEN) ws.send(JSON.stringify({ type: 'ping', timestamp: Date.now() }))
    }, this.#times.pingEvery)
  }

  /** relay.ping.dead: anything that comes begins the time anew. */
  #listen(ws: WebSocket): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => ws.terminate(), this.#times.deadLine)
  }

  /** Forgets the connection and tells the routes. */
  #drop(): void {
    clearInterval(this.#ping)
    clearTimeout(this.#silence)
    const ws = this.#ws
    this.#ws = null
    this.#nonce = null
    if (ws && ws.readyState !== WebSocket.CLOSED) ws.close()
    for (const route of this.#routes.values()) {
      const was = route.bound
      route.bound = false
      if (was) route.handlers.onDown()
    }
  }

  /** The relay cannot be used: not tried again before somebody says so. */
  #leave(reason: string): void {
    this.#drop()
    this.#set({ name: 'blocked', reason })
  }

  #wait(reason: string): void {
    if (this.#openedAt > 0 && performance.now() - this.#openedAt > this.#times.backoffReset) this.#attempt = 0
    this.#openedAt = 0
    const ceiling = Math.min(this.#times.backoffMax, this.#times.backoffMin * 2 ** this.#attempt++)
    // relay.drain.client; a timer that is set beyond its range would fire at once
    const delay = Math.min(TIMER_MAX, (this.#drainDelay ?? 0) + ceiling * this.#jitter())
    this.#set({ name: 'waiting', retryAt: Date.now() + delay, delay, reason })
    this.#retry = setTimeout(() => this.#connect(), delay)
  }

  #text(data: Buffer): void {
    let message: unknown
    try {
      message = JSON.parse(data.toString('utf8'))
    } catch {
      return
    }
    // relay.hello.protocol-client: of another protocol this version has no schema
    if (isOtherProtocol(message)) {
      this.#leave('the relay speaks another version')
      return
    }
    // relay.text.lenient: what a client does not know it ignores
    if (!validator.Check(message)) return
    switch (message.type) {
      case 'hello':
        // relay.hello.max-frame-client
        if (message.maxFrame < LEAST_MAX_FRAME) {
          this.#leave('the relay accepts too small frames')
          return
        }
        this.#nonce = new Uint8Array(Buffer.from(message.nonce, 'base64url'))
        this.#set({ name: 'open' })
        for (const route of this.#routes.values()) this.#bind(route)
        return
      case 'bound': {
        const route = this.#routeOf(message.route)
        if (!route || route.bound) return
        route.bound = true
        route.handlers.onBound()
        return
      }
      case 'presence': {
        const route = this.#routeOf(message.route)
        if (route?.peer && text(route.peer) === message.peer) route.handlers.onPresence(message.status === 'online')
        return
      }
      case 'delivery-failed':
        this.#routeOf(message.from)?.handlers.onDeliveryFailed()
        return
      case 'draining':
        this.#drainDelay = message.reconnectAfter
        return
      case 'error': {
        if (message.route === undefined) return
        const route = this.#routeOf(message.route)
        if (!route || (message.code !== 'superseded' && message.code !== 'unauthenticated')) return
        route.bound = false
        route.blocked = true
        route.handlers.onBlocked(message.code)
        return
      }
    }
  }

  #binary(frame: Buffer): void {
    if (frame.length < ROUTED_HEADER || frame[0] !== ROUTED_TYPE) return
    const route = this.#routes.get(frame.toString('hex', 17, ROUTED_HEADER))
    route?.handlers.onFrame(frame.subarray(1, 17), frame.subarray(ROUTED_HEADER))
  }

  #routeOf(id: string): Route | undefined {
    return this.#routes.get(hex(Buffer.from(id, 'base64url')))
  }

  #bind(route: Route): void {
    // relay.reconnect.route
    if (route.blocked) return
    if (!this.#nonce || this.#ws?.readyState !== WebSocket.OPEN) return
    const { key, peer } = route
    this.#ws.send(JSON.stringify(bindMessage(key, this.relay.origin, this.#nonce, peer)))
  }

  #send(route: Route, to: Uint8Array, payload: Uint8Array): boolean {
    if (!route.bound || this.#ws?.readyState !== WebSocket.OPEN) return false
    this.#ws.send(concat(Uint8Array.of(ROUTED_TYPE), route.key.routeId, to, payload))
    return true
  }

  #release(id: string, route: Route): void {
    if (this.#routes.get(id) !== route) return
    this.#routes.delete(id)
    if (route.bound && this.#ws?.readyState === WebSocket.OPEN) {
      this.#ws.send(JSON.stringify({ type: 'unbind', route: text(route.key.routeId) }))
    }
    if (this.#routes.size === 0) this.close()
  }
}
