// A whole relay, written from spec/relay.md with `ws` and noble. It obeys; each decision is a small
// method, so that a mutant or a scripted fault overrides one and leaves the rest.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { CLOSE_GOING_AWAY, RELAY_PATH, RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { errorEntry, type RelayErrorCode } from '@happy-remote/schemas/errors.ts'
import { limits as table } from '@happy-remote/schemas/limits.ts'
import { ClientToRelay, type RelayToClient, ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'
import { Compile } from 'typebox/compile'
import { type WebSocket, WebSocketServer } from 'ws'
import type { StartLimits } from '../shim/lines.ts'
import { parseText } from './frames.ts'
import { type Bind, base64url, bindInput, fromBase64url, routeIdOf } from './route.ts'
import { verify } from './signature.ts'

const clientMessage = Compile(ClientToRelay)
const ZERO_ROUTE = base64url(new Uint8Array(16))

/** One connection, and what the relay knows of it. Routes are named in base64url. */
export interface Peer {
  readonly socket: WebSocket
  readonly nonce: Uint8Array
  readonly headers: IncomingMessage['headers']
  readonly routes: Set<string>
  hasBound: boolean
  isClosing: boolean
  bindTimer: NodeJS.Timeout | undefined
  silenceTimer: NodeJS.Timeout | undefined
  messages: number[]
}

export interface Binding {
  readonly peer: Peer
  /** The one route that may send here; null: open. */
  readonly only: string | null
}

export class ScriptedRelay {
  readonly limits = {
    maxFrame: table.maxFrame,
    text: table.relayText,
    routes: table.relayRoutes,
    bindTime: table.relayBind,
    silence: table.relaySilence,
    openFrames: table.openFrames,
    openSize: table.openFrameSize,
    openMemory: table.openMemory,
    failedEvery: table.deliveryFailedRate,
    unsent: table.relayBuffer,
    totalBuffer: 268_435_456,
    headerTime: 10_000,
    headerSize: 16_384,
    connectionsPerSecond: 500,
    bindsPerSecond: 1_000,
    messagesPerSecond: 1_000,
    drainTime: 300,
    closeTime: 2_000,
  }
  readonly peers = new Set<Peer>()
  readonly bound = new Map<string, Binding>()
  readonly openCounts = new Map<string, number>()
  readonly failed = new Map<string, number>()
  #server: Server | undefined
  #arrivals: number[] = []
  #binds: number[] = []
  origins: string[] = []
  isDraining = false
  /** What stands before `/v1` in its path. */
  before = ''

  /** Resolves with the URL that clients dial. */
  async start(host: string, port: number, changes: StartLimits = {}, secret?: string): Promise<string> {
    Object.assign(this.limits, changes)
    if (secret !== undefined) this.before = `/${secret}`
    const server = createServer(this.serverOptions(), (request, response) => {
      response.writeHead(request.url === '/healthz' && this.showsHealth() ? this.health() : 404).end()
    })
    const sockets = new WebSocketServer({
      noServer: true,
      maxPayload: 4 * this.limits.maxFrame,
      skipUTF8Validation: true,
      perMessageDeflate: this.compresses(),
      handleProtocols: (offered) => this.subprotocol([...offered]) ?? false,
    })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => {})
      const status = this.admit(request)
      if (status !== 101) socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      else sockets.handleUpgrade(request, socket, head, (accepted) => this.accept(accepted, request))
    })
    await once(server.listen(port, host), 'listening')
    this.#server = server
    const address = server.address() as AddressInfo
    const names = ['localhost', '127.0.0.1', '[::1]']
    this.origins = names.map((name) => `ws://${name}:${address.port}${this.originPath()}`)
    return `ws://${host}:${address.port}${this.before}${RELAY_PATH}`
  }

  /** relay.drain: tells everybody, waits, closes. */
  async stop(): Promise<void> {
    this.isDraining = true
    for (const peer of this.peers) this.send(peer, { type: 'draining', reconnectAfter: 1_000 })
    if (this.peers.size > 0) await new Promise((resolve) => setTimeout(resolve, this.limits.drainTime))
    for (const peer of this.peers) this.hangUp(peer, CLOSE_GOING_AWAY)
    const server = this.#server
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  // The upgrade.

  /** relay.upgrade.time, relay.upgrade.size */
  serverOptions(): ServerOptions {
    const { headerTime, headerSize } = this.limits
    return {
      headersTimeout: headerTime,
      requestTimeout: headerTime,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: headerSize,
    }
  }

  /** relay.memory.new */
  isFull(): boolean {
    let unsent = 0
    for (const { socket } of this.peers) unsent += socket.bufferedAmount
    return unsent > this.limits.totalBuffer
  }

  health(): number {
    return this.isDraining ? 503 : 200
  }

  /** relay.secret.hidden */
  showsHealth(): boolean {
    return this.before === ''
  }

  /** relay.secret.origin */
  originPath(): string {
    return this.before
  }

  compresses(): boolean {
    return false
  }

  subprotocol(offered: readonly string[]): string | undefined {
    return offered.find((name) => name === RELAY_SUBPROTOCOL)
  }

  isPath(path: string): boolean {
    return path === this.before + RELAY_PATH
  }

  /** HTTP status; 101 lets the client in. */
  admit(request: IncomingMessage): number {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    // relay.secret.uniform: before all else
    if (!this.isPath(request.url ?? '')) return 404
    if (this.isDraining) return 503
    if (this.subprotocol(offered) === undefined) return 400
    if (this.isFull()) return 503
    return this.isWelcome(request) ? 101 : 429
  }

  /** All clients are taken for one address. */
  isWelcome(_request: IncomingMessage): boolean {
    return this.isWithin(this.#arrivals, this.limits.connectionsPerSecond)
  }

  /** Counts one more in this second. */
  isWithin(times: number[], limit: number): boolean {
    const now = performance.now()
    times.push(now)
    while ((times[0] ?? now) < now - 1_000) times.shift()
    return times.length <= limit
  }

  // A connection.

  makeNonce(): Uint8Array {
    return randomBytes(32)
  }

  accept(socket: WebSocket, { headers }: IncomingMessage): void {
    const peer: Peer = {
      socket,
      headers,
      nonce: this.makeNonce(),
      routes: new Set(),
      hasBound: false,
      isClosing: false,
      bindTimer: undefined,
      silenceTimer: undefined,
      messages: [],
    }
    this.peers.add(peer)
    this.greet(peer)
    peer.bindTimer = setTimeout(() => this.onTooLate(peer), this.limits.bindTime)
    this.heard(peer)
    socket.on('message', (data, isBinary) => {
      this.heard(peer)
      if (peer.isClosing) return
      if (isBinary) this.onFrame(peer, new Uint8Array(data as Buffer))
      else this.onText(peer, new Uint8Array(data as Buffer))
    })
    socket.on('pong', () => this.onPong(peer))
    socket.on('error', () => {})
    socket.on('close', () => this.gone(peer))
  }

  greet(peer: Peer): void {
    const { maxFrame } = this.limits
    this.send(peer, { type: 'hello', protocol: 1, nonce: base64url(peer.nonce), maxFrame, software: 'scripted' })
  }

  onTooLate(peer: Peer): void {
    if (!peer.hasBound) this.end(peer, 'timeout')
  }

  /** relay.silence: anything at all begins the time anew. */
  heard(peer: Peer): void {
    clearTimeout(peer.silenceTimer)
    peer.silenceTimer = setTimeout(() => this.end(peer, 'timeout'), this.limits.silence)
  }

  onPong(peer: Peer): void {
    this.heard(peer)
  }

  send(peer: Peer, message: RelayToClient): void {
    peer.socket.send(JSON.stringify(message))
  }

  /** relay.error.first, relay.close.code */
  end(peer: Peer, code: RelayErrorCode, route?: string): void {
    if (peer.isClosing) return
    peer.isClosing = true
    this.complain(peer, code, route)
    this.hangUp(peer, this.closeCode(code))
  }

  complain(peer: Peer, code: RelayErrorCode, route?: string): void {
    this.send(peer, { type: 'error', code, message: errorEntry(code).text, ...(route !== undefined && { route }) })
  }

  closeCode(code: RelayErrorCode): number {
    return errorEntry(code).close ?? 4400
  }

  hangUp(peer: Peer, close: number): void {
    peer.isClosing = true
    peer.socket.close(close)
    setTimeout(() => peer.socket.terminate(), this.limits.closeTime).unref()
    this.releaseAll(peer)
  }

  gone(peer: Peer): void {
    clearTimeout(peer.bindTimer)
    clearTimeout(peer.silenceTimer)
    this.peers.delete(peer)
    this.releaseAll(peer)
  }

  releaseAll(peer: Peer): void {
    for (const route of [...peer.routes]) this.release(peer, route)
  }

  // Control messages.

  /** The message, or undefined where it is malformed. */
  read(bytes: Uint8Array): ClientToRelay | undefined {
    const value = parseText(bytes)
    return clientMessage.Check(value) ? value : undefined
  }

  onText(peer: Peer, bytes: Uint8Array): void {
    if (bytes.length > this.limits.maxFrame) {
      this.end(peer, 'too-large')
      return
    }
    const message = bytes.length > this.limits.text ? undefined : this.read(bytes)
    if (!message) {
      this.end(peer, 'malformed')
      return
    }
    if (!this.isWithin(peer.messages, this.limits.messagesPerSecond)) {
      this.end(peer, 'rate-limited')
      return
    }
    if (message.type === 'ping') this.onPing(peer, message.timestamp)
    else if (message.type === 'bind') this.onBind(peer, message)
    else this.onUnbind(peer, message.route)
  }

  onPing(peer: Peer, timestamp: number): void {
    this.send(peer, { type: 'pong', timestamp })
  }

  routeOf(key: Uint8Array): string {
    return base64url(routeIdOf(key))
  }

  originsFor(_peer: Peer): readonly string[] {
    return this.origins
  }

  verifies(key: Uint8Array, input: Uint8Array, signature: Uint8Array): boolean {
    return verify(key, input, signature)
  }

  /** relay.bind.verify */
  proves(peer: Peer, { routeKey, peer: only, signature }: Bind): boolean {
    const key = fromBase64url(routeKey)
    const other = only === null ? null : fromBase64url(only)
    return this.originsFor(peer).some((origin) =>
      this.verifies(key, bindInput(origin, peer.nonce, key, other), fromBase64url(signature)),
    )
  }

  onBind(peer: Peer, bind: Bind): void {
    if (!this.isWithin(this.#binds, this.limits.bindsPerSecond)) {
      this.end(peer, 'rate-limited')
      return
    }
    if (bind.peer === ZERO_ROUTE) {
      this.onZeroPeer(peer, bind)
      return
    }
    const route = this.routeOf(fromBase64url(bind.routeKey))
    if (!this.proves(peer, bind)) this.refuse(peer, route)
    else if (!peer.routes.has(route) && peer.routes.size >= this.limits.routes) this.onTooMany(peer, route)
    else this.claim(peer, route, bind.peer)
  }

  onZeroPeer(peer: Peer, _bind: Bind): void {
    this.end(peer, 'malformed')
  }

  refuse(peer: Peer, route: string): void {
    if (peer.hasBound) this.complain(peer, 'unauthenticated', route)
    else this.end(peer, 'unauthenticated', route)
  }

  onTooMany(peer: Peer, route: string): void {
    this.complain(peer, 'rate-limited', route)
  }

  claim(peer: Peer, route: string, only: string | null): void {
    const before = this.bound.get(route)
    const wasMutual = before?.only !== null && before !== undefined && this.isMutual(route, before.only)
    this.bound.set(route, { peer, only })
    peer.routes.add(route)
    peer.hasBound = true
    if (only !== null) this.forgetCount(route)
    if (before && before.peer !== peer) this.supersede(before.peer, route)
    this.send(peer, { type: 'bound', route })
    this.afterBind(peer, route, only, wasMutual ? (before?.only ?? null) : null)
  }

  /** `lost`: the peer with which the route was mutual before. */
  afterBind(peer: Peer, route: string, only: string | null, lost: string | null): void {
    if (lost !== null && lost !== only) this.tellOffline(lost, route)
    if (only === null || !this.isMutual(route, only)) return
    this.tell(peer, route, only, 'online')
    const other = this.bound.get(only)
    if (other && lost !== only) this.tell(other.peer, only, route, 'online')
  }

  supersede(old: Peer, route: string): void {
    old.routes.delete(route)
    if (old.routes.size === 0) this.end(old, 'superseded', route)
    else this.complain(old, 'superseded', route)
  }

  onUnbind(peer: Peer, route: string): void {
    if (!peer.hasBound) this.end(peer, 'malformed')
    else if (peer.routes.has(route)) this.release(peer, route)
  }

  release(peer: Peer, route: string): void {
    const binding = this.bound.get(route)
    const other = binding?.only ?? null
    const wasMutual = other !== null && this.isMutual(route, other)
    peer.routes.delete(route)
    if (binding?.peer === peer) this.bound.delete(route)
    if (wasMutual) this.tellOffline(other, route)
  }

  // Presence.

  isMutual(a: string, b: string): boolean {
    return a !== b && this.bound.get(a)?.only === b && this.bound.get(b)?.only === a
  }

  /** To the route that remains bound with the other as its peer. */
  tellOffline(route: string, about: string): void {
    const binding = this.bound.get(route)
    if (binding?.only === about) this.tell(binding.peer, route, about, 'offline')
  }

  tell(peer: Peer, route: string, about: string, status: 'online' | 'offline'): void {
    if (!peer.isClosing) this.send(peer, { type: 'presence', route, peer: about, status, timestamp: Date.now() })
  }

  // Routed frames.

  isFrame(bytes: Uint8Array): boolean {
    return bytes.length >= ROUTED_HEADER && bytes[0] === ROUTED_TYPE
  }

  onFrame(peer: Peer, bytes: Uint8Array): void {
    if (bytes.length > this.limits.maxFrame) {
      this.end(peer, 'too-large')
      return
    }
    if (!this.isFrame(bytes) || !peer.hasBound) {
      this.end(peer, 'malformed')
      return
    }
    const from = base64url(bytes.slice(1, 17))
    const to = base64url(bytes.slice(17, 33))
    const target = this.bound.get(to)
    if (target && this.isFrom(peer, from) && this.isPermitted(target, from, to, bytes)) this.deliver(target, bytes)
    else this.notDelivered(peer, from, to)
  }

  isFrom(peer: Peer, from: string): boolean {
    return peer.routes.has(from)
  }

  isPermitted(target: Binding, from: string, to: string, bytes: Uint8Array): boolean {
    if (target.peer.socket.bufferedAmount > this.limits.unsent) return false
    return target.only === null ? this.countOpen(to, bytes.length) : target.only === from
  }

  countOpen(route: string, size: number): boolean {
    if (size > this.limits.openSize) return false
    const count = (this.openCounts.get(route) ?? 0) + 1
    if (count > this.limits.openFrames) return false
    this.openCounts.set(route, count)
    return true
  }

  forgetCount(route: string): void {
    this.openCounts.delete(route)
  }

  deliver({ peer }: Binding, bytes: Uint8Array): void {
    peer.socket.send(bytes, { binary: true })
  }

  notDelivered(peer: Peer, from: string, to: string): void {
    const pair = `${from} ${to}`
    const now = performance.now()
    if (now - (this.failed.get(pair) ?? Number.NEGATIVE_INFINITY) < this.limits.failedEvery) return
    this.failed.set(pair, now)
    this.send(peer, { type: 'delivery-failed', from, to, reason: 'offline' })
  }
}
