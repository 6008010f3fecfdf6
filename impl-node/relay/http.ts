// The HTTP side of a relay: upgrades that are refused, and the little that is no upgrade.

import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import type { RelayLimits } from './limits.ts'
import type { OwnPath } from './own-path.ts'
import { type Site, serveFile } from './site.ts'

/** PEM texts. */
export interface TlsFiles {
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

/** How often requests that take too long are looked for, in milliseconds. */
const CHECK_EVERY = 1_000

/** Throws OpenSSL's error for a certificate or key that cannot be used. */
export function httpServer(tls: TlsFiles | undefined, { headerTime, headerSize }: RelayLimits): Server {
  const options = {
    // relay.upgrade.time; a request has no body that would be of use
    headersTimeout: headerTime,
    requestTimeout: headerTime,
    connectionsCheckingInterval: Math.min(CHECK_EVERY, headerTime),
    maxHeaderSize: headerSize, // relay.upgrade.size
  }
  if (!tls) return createServer(options)
  return createTlsServer({ ...options, handshakeTimeout: headerTime, cert: tls.cert, key: tls.key })
}

export const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?', 1)[0] as string

/** Answers an upgrade with `status` and ends the socket. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  const text = `${STATUS_CODES[status]}\n`
  socket.once('finish', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  )
}

/** Whether the request offers `happy-relay.v1`; a header that cannot be parsed is left to `ws`, which refuses it too. */
export function offersSubprotocol(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? ''
  return offered.split(',').some((each) => each.trim() === RELAY_SUBPROTOCOL)
}

/** Connections that wait to be accepted: when a node of a cluster ends, its clients come to the others all at once. */
const BACKLOG = 4_096

/** Rejects with the system's error, such as EADDRINUSE. */
export function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}

export interface Serving {
  readonly path: OwnPath
  readonly site: Site | undefined
  readonly isDraining: boolean
  /** Undefined where the address of the client asks for too much; else to be called when the answer is over. */
  readonly ask: () => (() => void) | undefined
}

/** A request that is no upgrade: the health of the relay (relay.health.ok), a file, or a word about what to do instead. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { path, site, isDraining, ask }: Serving,
): void {
  const where = pathOf(request)
  // relay.web.own-paths
  const isOwn = where === '/healthz' || path.is(where)
  const file = isOwn ? undefined : site?.get(where)
  if (file) {
    const answered = ask()
    if (answered) {
      response.once('close', answered)
      serveFile(file, request, response)
    } else response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': '1' }).end('Too Many Requests\n')
    return
  }
  const isHealth = where === '/healthz' && !path.isSecret // relay.secret.hidden
  const status = isHealth ? (isDraining ? 503 : 200) : path.is(where) ? 426 : 404
  const text = isHealth ? (isDraining ? 'draining' : 'ok') : STATUS_CODES[status]
  response.writeHead(status, { 'content-type': 'text/plain', ...(status === 426 && { upgrade: 'websocket' }) })
  response.end(`${text}\n`)
}
