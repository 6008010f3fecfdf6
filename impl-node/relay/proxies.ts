// Whose address counts behind a reverse proxy: that of the last hop which is none of the operator's own.

import { BlockList, isIP } from 'node:net'

/**
 * The one header that the proxies set. Only one, because a proxy that sets the one lets the other of a client
 * through as it came.
 */
export const PROXY_HEADERS = ['x-forwarded-for', 'forwarded'] as const
export type ProxyHeader = (typeof PROXY_HEADERS)[number]

const FORWARDED_FOR = /(?:^|[;,\s])for=("(?:[^"\\]|\\.)*"|[^;,\s]*)/gi

/** What a header may say of a hop: an address, maybe with a port; undefined for a name or nonsense. */
function addressOf(hop: string): string | undefined {
  const [, inBrackets, plain = ''] = /^"?(?:\[([^\]]*)\](?::\d+)?|([^"]*))"?$/.exec(hop.trim()) ?? []
  const address = inBrackets ?? (isIP(plain) ? plain : plain.replace(/:\d+$/, ''))
  return isIP(address) ? address : undefined
}

/** Each hop as the proxies wrote it, the nearest last. */
function hopsOf(header: ProxyHeader, value: string): string[] {
  if (header === 'x-forwarded-for') return value.split(',')
  return [...value.matchAll(FORWARDED_FOR)].map(([, hop = '']) => hop)
}

export class Proxies {
  readonly header: ProxyHeader
  readonly #trusted = new BlockList()

  /** `ranges` in CIDR notation, or single addresses. Throws TypeError for anything else. */
  constructor(ranges: readonly string[], header: ProxyHeader) {
    this.header = header
    for (const range of ranges) {
      const [address = '', size, ...rest] = range.split('/')
      const version = isIP(address)
      const most = version === 4 ? 32 : 128
      const bits = size === undefined ? most : /^\d{1,3}$/.test(size) ? Number(size) : Number.NaN
      if (version === 0 || rest.length > 0 || !(bits <= most)) {
        throw new TypeError(
          `Cannot trust ${JSON.stringify(range)} as a proxy: it is no address and no range such as 10.0.0.0/8`,
        )
      }
      this.#trusted.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6')
    }
  }

  #trusts(address: string): boolean {
    return this.#trusted.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
  }

  /** relay.address.forwarded: the header counts only where one of the operator's proxies sent it. */
  clientOf(remote: string | undefined, value: string | undefined): string | undefined {
    let client = remote
    if (remote === undefined || value === undefined || !this.#trusts(remote)) return client
    for (const hop of hopsOf(this.header, value).reverse()) {
      const address = addressOf(hop)
      if (address === undefined) return client
      client = address
      if (!this.#trusts(address)) return client
    }
    return client
  }
}
