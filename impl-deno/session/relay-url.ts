// Relay addresses: their grammar, what a client dials, and what it signs (spec/relay.md, Connection).

import { RELAY_PATH } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'

export interface RelayUrl {
  readonly scheme: 'wss' | 'ws'
  /** DNS name, IPv4 literal, or IPv6 literal in brackets. */
  readonly host: string
  /** What a client opens: scheme, host, port, path and `/v1`. */
  readonly url: string
  /** What a `bind` signs: the same without `/v1`. */
  readonly origin: string
}

const ADDRESS = /^(?<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?<port>[1-9][0-9]{0,4}))?(?<path>(?:\/[A-Za-z0-9._~-]+)*)$/
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/

const isIpv4 = (host: string): boolean => IPV4.test(host)

/** Eight groups, or undefined where the text in the brackets is no IPv6 address. */
function ipv6Groups(host: string): number[] | undefined {
  // The platform's URL knows the grammar; it answers with the shortest form, without dotted parts.
  if (!URL.canParse(`ws://${host}`)) return undefined
  const text = new URL(`ws://${host}`).hostname.slice(1, -1)
  const [head = [], tail] = text.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const zeros = tail === undefined ? [] : new Array(8 - head.length - tail.length).fill('0')
  return [...head, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16))
}

function isHost(host: string): boolean {
  if (host.startsWith('[')) return ipv6Groups(host) !== undefined
  if (isIpv4(host)) return true
  const labels = host.split('.')
  // A name that ends in a number would be read as an IPv4 address by some and as a name by others.
  const numeric = /^(?:[0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')
  return !numeric && host.length <= 253 && labels.every((part) => DNS_LABEL.test(part))
}

/** The hosts that `ws` may reach (relay.connect.public-tls). */
export function isPrivateHost(host: string): boolean {
  if (host === 'localhost') return true
  if (isIpv4(host)) {
    const [a, b] = host.split('.').map(Number) as [number, number]
    return (
      a === 127 || a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254)
    )
  }
  const groups = host.startsWith('[') ? ipv6Groups(host) : undefined
  if (!groups) return false
  const first = groups[0] as number
  const loopback = groups.every((group, i) => group === (i === 7 ? 1 : 0))
  return loopback || (first & 0xffc0) === 0xfe80 || (first & 0xfe00) === 0xfc00
}

/**
 * Reads `host[:port][/path]` of a pairing code. Throws ProtocolError `qr-encoding` where it does not
 * follow the grammar and `qr-insecure` for `ws` to a public host.
 */
export function relayUrl(scheme: 'wss' | 'ws', address: string): RelayUrl {
  const match = ADDRESS.exec(address)
  const { host = '', port = scheme === 'wss' ? '443' : '80', path = '' } = match?.groups ?? {}
  // A URL parser would take segments of dots out, and the client would dial another path than it signs.
  const dots = path.split('/').some((segment) => segment === '.' || segment === '..')
  // pairing.qr.relay
  if (!match || !isHost(host) || Number(port) > 65_535 || dots) {
    throw new ProtocolError('qr-encoding', 'Cannot read a relay address: it does not follow the grammar')
  }
  // pairing.qr.insecure, relay.connect.public-tls
  if (scheme === 'ws' && !isPrivateHost(host)) {
    throw new ProtocolError('qr-insecure', `Cannot use ws for ${host}: it is not a private host`)
  }
  const origin = `${scheme}://${host}:${port}${path}`
  return { scheme, host, url: origin + RELAY_PATH, origin }
}

/**
 * Reads an address with its scheme, as a person writes it or a client dials it: with or without the
 * `/v1` at its end. Throws like `relayUrl`.
 */
export function relayUrlOf(text: string): RelayUrl {
  const match = /^(?<scheme>wss?):\/\/(?<address>.*?)(?:\/v1)?$/.exec(text)
  if (!match?.groups)
    throw new ProtocolError('qr-encoding', 'Cannot read a relay URL: it does not start with ws:// or wss://')
  return relayUrl(match.groups.scheme as 'wss' | 'ws', match.groups.address as string)
}

/** `host[:port][/path]` as short as it can be, for a pairing code. */
export function relayAddress({ scheme, origin }: RelayUrl): string {
  const [, authority = '', path = ''] = /^wss?:\/\/([^/]*)(.*)$/.exec(origin) ?? []
  return authority.replace(scheme === 'wss' ? /:443$/ : /:80$/, '') + path
}
