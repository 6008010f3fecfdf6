// The relay address inside a pairing code, and the URL and origin that follow from it (spec/pairing.md).

import { isIPv4, isIPv6 } from 'node:net'
import { RELAY_PATH } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'

export interface RelayAddress {
  readonly secure: boolean
  /** As in the code: host, port where it is not the default, path. */
  readonly address: string
  /** What is dialled: `wss://host:443/path/v1`. */
  readonly url: string
  /** What a bind signs: the URL without `/v1`, port explicit. */
  readonly origin: string
}

const HOST = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
// URL parsers read such a host as an IPv4 address, in octal, hexadecimal or with parts left out, or throw.
const NUMBER_AT_END = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/
// A segment of one or two dots would be taken out by whoever dials it: another path than the one that is signed.
const PATH = /^(\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)*$/
const ADDRESS = /^(\[[0-9a-f:.]+\]|[^:/[\]]+)(?::([1-9][0-9]{0,4}))?(\/.*)?$/

/** Whether `ws` without TLS may be used for this host. */
export function isLocalHost(host: string): boolean {
  if (host === 'localhost') return true
  if (isIPv4(host)) {
    const [a, b] = host.split('.').map(Number) as [number, number]
    return (
      a === 127 || a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254)
    )
  }
  const literal = host.startsWith('[') ? host.slice(1, -1) : ''
  if (!isIPv6(literal)) return false
  const first = literal.startsWith('::') ? 0 : Number.parseInt(literal, 16)
  // A URL parser gives one spelling of the many that an address has.
  return new URL(`ws://${host}`).hostname === '[::1]' || (first & 0xffc0) === 0xfe80 || (first & 0xfe00) === 0xfc00
}

/** Reads the address of a pairing code. Throws ProtocolError `qr-encoding` or `qr-insecure`. */
export function parseRelayAddress(address: string, secure: boolean): RelayAddress {
  const match = ADDRESS.exec(address)
  const [, host = '', port, path = ''] = match ?? []
  const validHost = host.startsWith('[')
    ? isIPv6(host.slice(1, -1))
    : isIPv4(host) || (HOST.test(host) && !NUMBER_AT_END.test(host))
  if (!match || !validHost || !PATH.test(path) || Number(port ?? 1) > 65_535 || address.length > limits.qrHost) {
    throw new ProtocolError('qr-encoding', 'The relay address in the code is not valid.')
  }
  if (!secure && !isLocalHost(host)) throw new ProtocolError('qr-insecure')
  const scheme = secure ? 'wss' : 'ws'
  const origin = `${scheme}://${host}:${port ?? (secure ? 443 : 80)}${path}`
  return { secure, address, origin, url: `${origin}${RELAY_PATH}` }
}

/** Reads a relay URL that a person wrote: `ws(s)://host[:port][/path][/v1]`. Throws ProtocolError as above. */
export function parseRelayUrl(url: string): RelayAddress {
  const match = /^(wss?):\/\/([^/]*)(.*)$/i.exec(url.trim())
  if (!match) {
    throw new ProtocolError('qr-encoding', `Cannot use the relay URL: it does not start with wss:// or ws:// (${url})`)
  }
  const [, scheme = '', authority = '', rest = ''] = match
  const secure = scheme.toLowerCase() === 'wss'
  const path = rest.replace(/\/+$/, '').replace(/\/v1$/, '')
  const host = authority.toLowerCase().replace(secure ? /:443$/ : /:80$/, '')
  return parseRelayAddress(host + path, secure)
}

/** What a log may say of a relay: a path may hold the secret that admits to it (relay.secret.quiet, security.secret.quiet). */
export const loggedRelay = (origin: string): string => new URL(origin).origin
