// The names under which a relay accepts binds: a signature made for another relay is worth nothing here.

import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

const DEFAULT_PORTS: Record<string, string> = { 'ws:': '80', 'wss:': '443' }

/**
 * The origin in the form that clients sign: `ws(s)://host:port[/path]`, port explicit, no trailing
 * slash. Throws TypeError for anything that is not such a URL.
 */
export function canonicalOrigin(text: string): string {
  const refuse = (why: string) => new TypeError(`Cannot use ${JSON.stringify(text)} as an origin: ${why}`)
  const url = URL.parse(text)
  if (url === null) throw refuse('it is not a URL')
  const port = DEFAULT_PORTS[url.protocol]
  if (port === undefined) throw refuse('it does not start with ws:// or wss://')
  if (url.username || url.password || url.search || url.hash)
    throw refuse('only scheme, host, port and path belong here')
  const path = url.pathname.replace(/\/+$/, '')
  if (path.endsWith('/v1')) throw refuse('leave out the /v1 at the end')
  return `${url.protocol}//${url.hostname}:${url.port || port}${path}`
}

const bracketed = (host: string): string => (isIPv6(host) ? `[${host}]` : host)

/** Addresses at which a server bound to `host` can be dialled. */
function boundAddresses(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal && !(entry.family === 'IPv6' && entry.scopeid !== 0))
    .filter((entry) => host === '::' || entry.family === 'IPv4')
    .map((entry) => entry.address)
}

/** `localhost`, the loopback addresses and each bound address, with both schemes, at the listening port. */
export function defaultOrigins(host: string, port: number, prefix: string): string[] {
  const hosts = ['localhost', '127.0.0.1', '::1', ...boundAddresses(host)].map(bracketed)
  const both = hosts.flatMap((each) => [`ws://${each}:${port}${prefix}`, `wss://${each}:${port}${prefix}`])
  return [...new Set(both.map(canonicalOrigin))]
}

/** The accepted origins, the one that last matched first: nearly all clients dial the same. */
export class Origins {
  readonly #list: string[]

  constructor(list: readonly string[]) {
    this.#list = [...list]
  }

  get size(): number {
    return this.#list.length
  }

  /** relay.bind.origin: tries each origin of the list, and no other. */
  some(matches: (origin: string) => boolean): boolean {
    const index = this.#list.findIndex(matches)
    if (index === -1) return false
    if (index > 0) this.#list.unshift(...this.#list.splice(index, 1))
    return true
  }
}
