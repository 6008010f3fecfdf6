// A relay: joins agents and controllers that cannot reach each other, and can read nothing (spec/relay.md).

import { AddressRates } from './addresses.ts'
import type { Bus, BusStats } from './bus/bus.ts'
import { alone } from './bus/memory.ts'
import { RedisBus } from './bus/node.ts'
import { redisAddress } from './bus/redis-url.ts'
import { Connection } from './connection.ts'
import type { Clock, Log, RelayContext } from './context.ts'
import { type RelayLimits, relayLimits } from './limits.ts'
import { defaultOrigins, dialled } from './origins.ts'
import { relayPath } from './path.ts'
import { clientAddress, limitedAs, type TrustedProxies } from './proxies.ts'
import type { Site } from './site.ts'
import { RouteTable } from './table.ts'
import { Tally } from './tally.ts'
import { Unsent } from './unsent.ts'
import { answer, tooMany, upgrade } from './upgrade.ts'

/** PEM. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export interface RelayOptions {
  /** Address to listen at; 127.0.0.1 where it is left out. */
  readonly host?: string
  /** 0 for a free one, which is also the default. */
  readonly port?: number
  /** How clients dial this relay: `scheme://host:port` and the path before `/v1`. Derived where left out. */
  readonly origins?: readonly string[]
  /** Path before `/v1`: empty, or such as `/team`. */
  readonly prefix?: string
  /** Admits as the last segment before `/v1`, of the address and of every origin; at least 22 characters. */
  readonly secret?: string
  /** PEM. With it the relay speaks TLS only. */
  readonly tls?: TlsFiles
  /** `redis://host:port` or `rediss://host:port`, with credentials: joins the relays that use the same Redis. */
  readonly redis?: string
  /** The web controller, for requests that are no upgrade. */
  readonly site?: Site
  /** Proxies whose header tells the address of a client. */
  readonly proxies?: TrustedProxies
  readonly limits?: Partial<RelayLimits>
  readonly log?: Log
}

export interface RelayStats extends Readonly<Tally> {
  readonly connections: number
  readonly routes: number
  /** Undefined where the relay stands alone. */
  readonly cluster?: BusStats
  readonly addresses: number
  /** Bytes of all connections. */
  readonly unsent: number
}

export interface Relay {
  /** What a client on this machine dials, without the secret and `/v1`. */
  readonly url: string
  readonly port: number
  /** Without the secret. */
  readonly origins: readonly string[]
  readonly limits: RelayLimits
  /** `full`: no new connections, because too much is unsent. */
  readonly state: 'ready' | 'full' | 'draining'
  stats(): RelayStats
  /**
   * Shows another certificate from now on. Deno takes none while it serves, so the clients are told and sent away as
   * by `drain`, and find the relay again when they come back. Throws what Deno says of a certificate that it cannot
   * use, and changes nothing then.
   */
  renew(tls: TlsFiles): Promise<void>
  /** Tells the clients, waits `drainTime` and stops; ends in bounded time. */
  drain(): Promise<void>
  /** Tells the clients and stops, or cuts a `drain` short; ends in bounded time. */
  close(): Promise<void>
}

/** Connections that wait to be accepted: the clients of a node that has ended come to the others all at once. */
const BACKLOG = 4_096

/** Often enough that a time of the protocol is kept within a twentieth of it. */
const tickFor = ({ relayBind, relaySilence }: RelayLimits): number =>
  Math.min(250, Math.max(5, Math.floor(Math.min(relayBind, relaySilence) / 20)))

/**
 * Rejects where the address cannot be listened at or the certificate cannot be used, and with UnusableRedis;
 * RangeError for a limit or the address of Redis, TypeError for a secret.
 */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const { host = '127.0.0.1', prefix = '', tls, log = () => {} } = options
  const limits = relayLimits(options.limits)
  const path = relayPath(prefix, options.secret)
  const started = performance.now()
  const clock: Clock = { now: started, second: 0 }
  const table = new RouteTable(limits, clock)
  const bus: Bus = options.redis === undefined ? alone : new RedisBus(table, redisAddress(options.redis), limits, log)
  table.join(bus)
  const connections = new Set<Connection>()
  const tally = new Tally()
  const unsent = new Unsent(limits.totalBuffer, () => {
    let sum = 0
    for (const connection of connections) sum += connection.unsent
    return sum
  })
  let draining = false

  const handle = (request: Request, { remoteAddr, completed }: Deno.ServeHandlerInfo<Deno.NetAddr>): Response => {
    const { proxies, site } = options
    const peer = remoteAddr.hostname
    const address = () => limitedAs(proxies ? clientAddress(peer, request.headers.get(proxies.header), proxies) : peer)
    const verdict = answer(request, path, {
      ...{ draining, full: () => unsent.exceeds(1), tally, site },
      ask() {
        const client = address()
        const isWelcome = addresses.ask(client)
        const answered = () => addresses.leave(client)
        if (isWelcome) completed.then(answered, answered)
        return isWelcome
      },
    })
    if (verdict !== 'upgrade') return verdict
    const client = address()
    if (addresses.isCrowded(client)) return tooMany(tally)
    const upgraded = upgrade(request)
    if (upgraded instanceof Response) return upgraded
    connections.add(new Connection(upgraded.socket, client, context))
    tally.accepted++
    return upgraded.response
  }
  await bus.start()
  const serve = (at: number, files: TlsFiles | undefined) =>
    Deno.serve({ hostname: host, port: at, tcpBacklog: BACKLOG, onListen: () => {}, ...files }, handle)
  let server = await listen(bus, () => serve(options.port ?? 0, tls))
  const { port } = server.addr
  const scheme = tls ? 'wss' : 'ws'
  const origins = options.origins ?? defaultOrigins(scheme, host, port, prefix)
  const addresses = new AddressRates(limits, clock)
  // relay.secret.origin
  const signed = path.secret ? origins.map((origin) => `${origin}/${options.secret}`) : origins
  const context: RelayContext = {
    limits,
    origins: signed,
    table,
    bus,
    addresses,
    unsent,
    tally,
    clock,
    log,
    gone(connection) {
      connections.delete(connection)
      if (connections.size === 0) empty()
    },
  }

  const ticking = setInterval(() => {
    clock.now = performance.now()
    const second = Math.floor((clock.now - started) / 1_000)
    if (second !== clock.second) {
      clock.second = second
      unsent.recount()
      table.sweep()
      addresses.sweep()
    }
    for (const connection of connections) connection.check()
  }, tickFor(limits))

  let empty = () => {}
  let hurry = () => {}
  let stopped: Promise<void> | undefined

  /** Until the last connection is gone. */
  async function sendAway(wait: number): Promise<void> {
    draining = true
    log('info', 'draining', { connections: connections.size })
    // relay.drain
    for (const connection of connections) {
      connection.send({ type: 'draining', reconnectAfter: limits.reconnectAfter })
    }
    if (wait > 0 && connections.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait)
        hurry = empty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const allGone = new Promise<void>((resolve) => {
      empty = resolve
      if (connections.size === 0) resolve()
    })
    // relay.drain.close
    for (const connection of connections) connection.depart()
    await allGone
  }

  let renewing = Promise.resolve()
  async function renew(files: TlsFiles): Promise<void> {
    if (stopped) return
    // Throws for a certificate that cannot be used, as long as the old one is there.
    Deno.listenTls({ hostname: host, port: 0, ...files }).close()
    await sendAway(limits.drainTime)
    if (stopped) return
    await server.shutdown()
    server = serve(port, files)
    draining = false
  }

  async function stop(wait: number): Promise<void> {
    // One that failed has told whoever asked for it.
    await renewing.catch(() => {})
    await sendAway(wait)
    // cluster.lease.clean
    await bus.close()
    clearInterval(ticking)
    await server.shutdown()
  }

  return {
    url: dialled(scheme, host, port, prefix),
    port,
    origins,
    limits,
    get state() {
      return draining ? 'draining' : unsent.exceeds(1) ? 'full' : 'ready'
    },
    stats() {
      unsent.recount()
      const cluster = bus.stats()
      return {
        ...tally,
        ...{ connections: connections.size, routes: table.size, addresses: addresses.size, unsent: unsent.total },
        ...(cluster && { cluster }),
      }
    },
    renew(files) {
      const before = renewing.catch(() => {})
      renewing = before.then(() => renew(files))
      return renewing
    },
    drain() {
      stopped ??= stop(limits.drainTime)
      return stopped
    },
    close() {
      stopped ??= stop(0)
      hurry()
      return stopped
    },
  }
}

/** What `serve` gives; where it cannot, the other relays are left again. */
async function listen<T>(bus: Bus, serve: () => T): Promise<T> {
  try {
    return serve()
  } catch (error) {
    await bus.close()
    throw error
  }
}
