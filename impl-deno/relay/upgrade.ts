// What a request gets: an upgrade, or an HTTP status (spec/relay.md, Connection, Draining and health).

import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import type { RelayPath } from './path.ts'
import { type Site, send } from './site.ts'
import type { Refusal, Tally } from './tally.ts'

/** How a request is to be answered; `upgrade` where it becomes a connection. */
export type Answer = 'upgrade' | Response

const plain = (status: number, text: string, headers: Record<string, string> = {}): Response =>
  new Response(`${text}\n`, { status, headers: { 'content-type': 'text/plain', ...headers } })

const tokens = (header: string | null): string[] => (header ?? '').split(',').map((token) => token.trim())
const names = (header: string | null, token: string): boolean =>
  tokens(header).some((one) => one.toLowerCase() === token)

interface Answering {
  readonly draining: boolean
  readonly full: () => boolean
  readonly tally: Tally
  readonly site: Site | undefined
  /** Whether the address of the client may be sent a file. */
  readonly ask: () => boolean
}

export function answer(request: Request, path: RelayPath, { draining, full, tally, site, ask }: Answering): Answer {
  const refuse = (reason: Refusal, status: number, text: string) => {
    tally.refused[reason]++
    return plain(status, text)
  }
  const { pathname } = new URL(request.url)
  const { headers } = request
  // relay.secret.hidden
  if (pathname === '/healthz' && !path.secret) {
    // relay.health.ok
    return draining ? plain(503, 'draining') : plain(200, 'ok')
  }
  const isUpgrade = names(headers.get('upgrade'), 'websocket')
  // relay.web.own-paths
  const isOwn = pathname === '/healthz' || path.matches(pathname)
  const file = isUpgrade || isOwn ? undefined : site?.get(pathname)
  if (file) return ask() ? send(file, request) : tooMany(tally)
  // relay.path, relay.secret.uniform
  if (!path.matches(pathname)) return refuse('path', 404, 'not found')
  if (request.method !== 'GET' || !isUpgrade) {
    return plain(426, 'this is a WebSocket endpoint', { upgrade: 'websocket', connection: 'upgrade' })
  }
  // relay.drain.new
  if (draining) return refuse('draining', 503, 'draining')
  // RFC 6455, 4.4
  if (headers.get('sec-websocket-version') !== '13') {
    return plain(400, 'unknown WebSocket version', { 'sec-websocket-version': '13' })
  }
  // relay.subprotocol
  if (!tokens(headers.get('sec-websocket-protocol')).includes(RELAY_SUBPROTOCOL)) {
    return refuse('subprotocol', 400, `the subprotocol ${RELAY_SUBPROTOCOL} is needed`)
  }
  // relay.memory.new
  if (full()) return refuse('memory', 503, 'too much is unsent')
  return 'upgrade'
}

/** relay.bind.rate */
export function tooMany(tally: Tally): Response {
  tally.refused.address++
  return plain(429, 'too many connections from this address', { 'retry-after': '1' })
}

/** Base64 of 16 bytes; Deno takes any text. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/

/** Upgrades, or answers 400 where Deno finds that the request is no handshake. */
export function upgrade(request: Request): { socket: WebSocket; response: Response } | Response {
  if (!KEY.test(request.headers.get('sec-websocket-key') ?? '')) return plain(400, 'no WebSocket handshake')
  try {
    // Deno's idle timeout is off: it closes with 1001 and without a word, and relay.silence is counted here.
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 })
    // relay.subprotocol.echo: Deno's own option does not find a protocol behind a comma without a blank
    response.headers.set('sec-websocket-protocol', RELAY_SUBPROTOCOL)
    return { socket, response }
  } catch {
    return plain(400, 'no WebSocket handshake')
  }
}
