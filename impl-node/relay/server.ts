// A relay: the HTTP server, its WebSocket connections, and its end.

import type { IncomingMessage } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { CLOSE_GOING_AWAY, RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { type Address, Addresses, addressGroup } from './addresses.ts'
import { aloneBus, type BusCounters } from './bus/bus.ts'
import { RedisBus } from './bus/redis-bus.ts'
import { redisAddress } from './bus/redis-url.ts'
import { type Clock, systemClock } from './clock.ts'
import { Connection, type RelayContext } from './connection.ts'
import { Counters, REFUSALS, type Refusal } from './counters.ts'
import { answer, httpServer, listen, offersSubprotocol, pathOf, refuseUpgrade, type TlsFiles } from './http.ts'
import { type RelayLimits, relayLimits } from './limits.ts'
import { type Logger, silent, traceOf } from './log.ts'
import { canonicalOrigin, defaultOrigins, Origins } from './origins.ts'
import { Flusher } from './outbox.ts'
import { OwnPath } from './own-path.ts'
import type { Proxies } from './proxies.ts'
import { Routes } from './routes.ts'
import type { Site } from './site.ts'

export interface RelayOptions {
  /** Address to listen at; `127.0.0.1` unless said otherwise. */
  readonly host?: string
  /** Port to listen at; 0, the default, takes a free one. */
  readonly port?: number
  /** Replaces the default origins; each `ws(s)://host[:port][/path]` as clients dial it, without `/v1`. */
  readonly origins?: readonly string[]
  /** PEM texts; with them the relay speaks TLS only. */
  readonly tls?: TlsFiles
  /** Path before `/v1`, such as `/team`. */
  readonly prefix?: string
  /**
   * Where the Redis is through which this relay forms a cluster with others: `redis://` or `rediss://`. Several are
   * tried in turn; of a Redis Cluster any of its servers.
   */
  readonly redis?: string | readonly string[]
  /** Admits: the last segment before `/v1`, of this address and of each origin. 22 characters at least. */
  readonly secret?: string
  /** Served beside it, to requests that are no upgrade. */
  readonly site?: Site
  /** Whose word counts for the address of a client; without them it is the other end of the connection. */
  readonly proxies?: Proxies
  readonly limits?: Partial<RelayLimits>
  /** A pino logger or the like; silent unless given. */
  readonly logger?: Logger
  /** For tests. */
  readonly clock?: Clock
}

export interface RelayStats extends Readonly<Counters> {
  /** Undefined for a relay that stands alone. */
  readonly cluster: BusCounters | undefined
  readonly connections: number
  readonly routes: number
  /** Open routes that are gone, and whose counts are remembered. */
  readonly openRemembered: number
  /** Network addresses with a connection or a debt. */
  readonly addresses: number
  /** Unsent bytes of all connections. */
  readonly unsent: number
}

export interface Relay {
  /** Where it listens, as a client dials it, without the secret and `/v1`. */
  readonly url: string
  readonly port: number
  /** The origins for which it accepts binds, without the secret. */
  readonly origins: readonly string[]
  readonly limits: RelayLimits
  /** `full`: more is unsent than it allows, so that it takes no new connections. */
  readonly state: 'ready' | 'full' | 'draining'
  stats(): RelayStats
  /** Shows new connections another certificate. Throws OpenSSL's error for one that cannot be used, and keeps the old. */
  renew(tls: TlsFiles): void
  /** Sends `draining`, waits until the clients have left or `drainTime` is over, then closes. */
  drain(): Promise<void>
  /** Closes every connection with 1001 and resolves when all sockets are gone, `closeTime` later at the latest. */
  close(): Promise<void>
}

/** What `ws` makes for an upgraded socket, with our side of it. */
class ClientSocket extends WebSocket {
  connection: Connection | undefined = undefined
}

// One function for all sockets: a closure for each would keep its request alive, which is larger than all
// the rest of an idle connection.
function onMessage(this: WebSocket, data: Buffer, isBinary: boolean): void {
  ;(this as ClientSocket).connection?.receive(data, isBinary)
}
function onPing(this: WebSocket): void {
  ;(this as ClientSocket).connection?.receiveSign(true)
}
function onPong(this: WebSocket): void {
  ;(this as ClientSocket).connection?.receiveSign(false)
}
function onClose(this: WebSocket): void {
  ;(this as ClientSocket).connection?.closed()
}
// A broken WebSocket frame: `ws` closes with the code of RFC 6455 by itself, and `close` follows.
function onError(): void {}
function onSocketError(this: Duplex): void {
  this.destroy()
}

/** The unsent bytes of all connections are counted anew no more often, in milliseconds. */
const COUNT_EVERY = 50
/** Of a WebSocket message; browsers split at about 128 KiB. */
const MOST_FRAGMENTS = 256

type SocketServerOptions = ServerOptions<typeof ClientSocket> & {
  closeTimeout: number
  maxFragments: number
  maxBufferedChunks: number
}

/**
 * Starts a relay in this process: spec/relay.md, and with `redis` spec/cluster.md. Redis need not be there yet. From
 * then on the young generation of V8's heap no longer grows, in the whole process.
 *
 * Rejects with the system's error where it cannot listen, with TypeError for an origin, a secret or an address of Redis
 * and RangeError for a limit that cannot be used, and with BusRefusal for a Redis that cannot be used.
 */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  // For memory: what a frame takes is over with the next one, and what a connection takes stays for hours, so V8 would
  // let its young generation grow with the connections, to 48 MiB of which nearly all is empty.
  setFlagsFromString('--semi-space-growth-factor=1')
  const { host = '127.0.0.1', port: wanted = 0, tls, logger = silent, clock = systemClock } = options
  const prefix = (options.prefix ?? '').replace(/\/+$/, '')
  const limits = relayLimits(options.limits)
  const given = options.origins?.map(canonicalOrigin)
  const path = new OwnPath(prefix, options.secret)
  const redis = [options.redis ?? []].flat().map(redisAddress)

  const server = httpServer(tls, limits)
  const bus = redis.length > 0 ? new RedisBus(redis, limits, clock, logger) : aloneBus
  const routes = new Routes(limits, clock, bus)
  await bus.open(routes)
  const {
    address: bound,
    family,
    port,
  } = await listen(server, host, wanted).catch(async (error: unknown) => {
    await bus.close()
    throw error
  })
  const scheme = tls ? 'wss' : 'ws'
  const shownOrigins = (given?.length ? given : defaultOrigins(bound, port, prefix)).toSorted()
  // relay.secret.origin
  const origins = new Origins(
    path.isSecret ? shownOrigins.map((origin) => `${origin}/${options.secret}`) : shownOrigins,
  )

  const connections = new Set<Connection>()
  const addresses = new Addresses(limits, clock)
  const counters = new Counters()
  const flusher = new Flusher()
  const context: RelayContext = { limits, clock, logger, routes, bus, origins, flusher, counters, count, gone }
  let isDraining = false
  const waitingForNone: (() => void)[] = []
  const none = () =>
    new Promise<void>((resolve) => {
      if (connections.size === 0) resolve()
      else waitingForNone.push(resolve)
    })
  let countedAt = Number.NEGATIVE_INFINITY
  function count(): void {
    const now = clock.monotonic()
    if (now - countedAt < COUNT_EVERY) return
    countedAt = now
    for (const connection of connections) connection.count()
  }
  /** relay.memory.new */
  function isMemoryShort(): boolean {
    if (flusher.unsent > limits.totalBuffer) count()
    return flusher.unsent > limits.totalBuffer
  }
  function gone(connection: Connection): void {
    connections.delete(connection)
    if (connections.size === 0) for (const resolve of waitingForNone.splice(0)) resolve()
  }

  const socketOptions: SocketServerOptions = {
    noServer: true,
    WebSocket: ClientSocket,
    clientTracking: false,
    perMessageDeflate: false, // relay.connect.compression
    // relay.frame.size: our own check of `maxFrame` answers with an error, this one cannot.
    maxPayload: 2 * limits.maxFrame,
    maxFragments: MOST_FRAGMENTS,
    maxBufferedChunks: 8_192,
    // Text is at most 4 096 bytes here and validated by parseControl, which answers with an error.
    skipUTF8Validation: true,
    closeTimeout: limits.closeTime, // relay.close.bounded
    handleProtocols: () => RELAY_SUBPROTOCOL, // relay.subprotocol.echo
  }
  const sockets = new WebSocketServer(socketOptions)

  function accept(ws: ClientSocket, socket: Duplex, address: Address, isWelcome: boolean): void {
    const connection = new Connection(context, ws, socket, address)
    ws.connection = connection
    connections.add(connection)
    counters.accepted++
    ws.on('message', onMessage)
    ws.on('ping', onPing)
    ws.on('pong', onPong)
    ws.on('error', onError)
    ws.on('close', onClose)
    connection.greet()
    if (!isWelcome) connection.fail('rate-limited', 'Too many connections from this address.') // relay.bind.rate
  }

  function clientOf({ socket, headers }: IncomingMessage): string | undefined {
    const { proxies } = options
    const value = proxies && headers[proxies.header]
    return proxies
      ? proxies.clientOf(socket.remoteAddress, Array.isArray(value) ? value.join(',') : value)
      : socket.remoteAddress
  }

  server.on('error', (error) => logger.error(traceOf(error), 'server failed'))
  server.on('request', (request, response) => {
    const ask = () => {
      const answered = addresses.ask(addressGroup(clientOf(request)))
      if (!answered) counters.refused.address++
      return answered
    }
    answer(request, response, { path, site: options.site, isDraining, ask })
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', onSocketError)
    const refuse = (reason: Refusal) => {
      counters.refused[reason]++
      refuseUpgrade(socket, REFUSALS[reason])
    }
    // relay.path and relay.secret.uniform before all else
    if (!path.is(pathOf(request))) return refuse('path')
    if (!offersSubprotocol(request)) return refuse('subprotocol') // relay.subprotocol
    if (isDraining) return refuse('draining') // relay.drain.new
    if (isMemoryShort()) return refuse('memory')
    const { address, admission } = addresses.admit(addressGroup(clientOf(request)))
    if (admission === 'refuse') refuse('address')
    else sockets.handleUpgrade(request, socket, head, (ws) => accept(ws, socket, address, admission === 'accept'))
  })

  const sweepEvery = Math.max(
    10,
    Math.min(1_000, limits.relayBind / 10, limits.relaySilence / 10, limits.pingAfter / 5),
  )
  const stopSweeping = clock.every(sweepEvery, () => {
    const now = clock.monotonic()
    count()
    for (const connection of connections) connection.sweep(now)
    routes.sweep(now)
    addresses.sweep(now)
  })

  /** relay.drain */
  function announce(): void {
    if (isDraining) return
    isDraining = true
    logger.info({ connections: connections.size }, 'draining')
    for (const connection of connections) {
      connection.notify({ type: 'draining', reconnectAfter: limits.reconnectAfter })
    }
  }

  async function closeOnce(): Promise<void> {
    announce()
    stopSweeping()
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    server.close(() => resolve())
    server.closeIdleConnections()
    for (const connection of connections) connection.end(CLOSE_GOING_AWAY) // relay.drain.close
    // A request that is never finished would hold the server open.
    const cut = setTimeout(() => server.closeAllConnections(), limits.closeTime)
    await Promise.all([closed, none(), bus.close()])
    clearTimeout(cut)
  }

  let closing: Promise<void> | undefined
  function close(): Promise<void> {
    closing ??= closeOnce()
    return closing
  }

  let draining: Promise<void> | undefined
  async function drainOnce(): Promise<void> {
    announce()
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, limits.drainTime)
    await Promise.race([none(), late])
    clearTimeout(timer)
    await close()
  }

  const shown = bound === '0.0.0.0' ? '127.0.0.1' : bound === '::' ? '[::1]' : family === 'IPv6' ? `[${bound}]` : bound
  return {
    url: `${scheme}://${shown}:${port}${prefix}`,
    port,
    origins: shownOrigins,
    limits,
    get state() {
      return isDraining ? 'draining' : isMemoryShort() ? 'full' : 'ready'
    },
    renew: ({ cert, key }) => {
      if (server instanceof TlsServer) server.setSecureContext({ cert, key })
    },
    stats: () => ({
      ...counters,
      cluster: bus.counters(),
      connections: connections.size,
      routes: routes.size,
      openRemembered: routes.remembered,
      addresses: addresses.size,
      unsent: flusher.unsent,
    }),
    drain: () => {
      draining ??= drainOnce()
      return draining
    },
    close,
  }
}
