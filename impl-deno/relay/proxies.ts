// Who counts as the client of a connection that came through proxies (relay.address.forwarded).

import { type IpRange, readIp } from './ip.ts'

/** One of them is read: a proxy that writes the one leaves the other as a client made it. */
export const PROXY_HEADERS = ['x-forwarded-for', 'forwarded'] as const
export type ProxyHeader = (typeof PROXY_HEADERS)[number]

export interface TrustedProxies {
  readonly header: ProxyHeader
  readonly ranges: readonly IpRange[]
}

/** Without its port and brackets; null where a hop has no address. */
function addressIn(hop: string): string | null {
  const text = hop.trim().replace(/^"(.*)"$/, '$1')
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1]
  const candidates = bracketed === undefined ? [text, text.replace(/:\d+$/, '')] : [bracketed]
  return candidates.find((candidate) => readIp(candidate) !== null) ?? null
}

/** What each proxy has added, the nearest last. */
function hopsIn(value: string, header: ProxyHeader): string[] {
  if (header === 'x-forwarded-for') return value.split(',')
  return Array.from(value.matchAll(/(?:^|[;,\s])for=("(?:[^"\\]|\\.)*"|[^;,\s]*)/gi), ([, hop = '']) => hop)
}

/** The last address on the way that belongs to no proxy of the operator. `value` is what the header said. */
export function clientAddress(peer: string, value: string | null, { header, ranges }: TrustedProxies): string {
  const isProxy = (address: string) => {
    const ip = readIp(address)
    return ip !== null && ranges.some((range) => range.holds(ip))
  }
  const hops = value === null ? [] : hopsIn(value, header)
  let client = peer
  while (isProxy(client)) {
    const hop = hops.pop()
    const next = hop === undefined ? null : addressIn(hop)
    if (next === null) return client
    client = next
  }
  return client
}

/** Whoever has an IPv6 address has a /64 of them, so these count as one. */
export function limitedAs(address: string): string {
  const ip = readIp(address)
  if (!ip) return address
  if (ip.bits === 128)
    return `${(ip.value >> 64n)
      .toString(16)
      .padStart(16, '0')
      .replace(/....(?!$)/g, '$&:')}::/64`
  return [24n, 16n, 8n, 0n].map((shift) => (ip.value >> shift) & 0xffn).join('.')
}
