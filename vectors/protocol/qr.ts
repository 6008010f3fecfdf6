// Pairing codes and relay addresses: section 4.

import { RELAY_PATH, SUITE_BITS, URI_SCHEME } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { ascii, fromBase32, toBase32 } from './bytes.ts'

const PREFIX = `${URI_SCHEME}://`
const LABEL = '(?!-)[a-z0-9-]{1,63}(?<!-)'
const ADDRESS = new RegExp(
  `^(?<host>${LABEL}(?:\\.${LABEL})*|\\[[0-9a-f:.]+\\])(?::(?<port>[1-9][0-9]{0,4}))?(?<path>(?:/[A-Za-z0-9._~-]+)*)$`,
)

/** A name that ends in a number is an IPv4 address to some readers of URLs, in octal, hexadecimal or with parts left out. */
const NUMBER_AT_END = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/

function isIPv4(host: string): boolean {
  const octets = host.split('.')
  return octets.length === 4 && octets.every((octet) => OCTET.test(octet) && Number(octet) < 256)
}

/** Networks that no public relay is in; ws is allowed there. */
function isLocal(host: string): boolean {
  if (host === 'localhost' || host === '[::1]' || /^\[f(e[89ab]|c|d)[0-9a-f]*:/.test(host)) return true
  if (!isIPv4(host)) return false
  const [a, b] = host.split('.').map(Number) as [number, number]
  return (
    a === 127 || a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 169 && b === 254)
  )
}

export interface RelayAddress {
  /** Scheme, host, explicit port and path, without `/v1`. */
  readonly origin: string
  /** What the client dials. */
  readonly url: string
}

/** Throws `qr-encoding` where the grammar is broken, `qr-insecure` where ws is not allowed. */
export function relayAddress(flags: number, relay: Uint8Array): RelayAddress {
  const text = new TextDecoder('latin1').decode(relay)
  const { host, port, path } = ADDRESS.exec(text)?.groups ?? {}
  if (host === undefined || Number(port ?? 1) > 65_535) throw new ProtocolError('qr-encoding')
  if (NUMBER_AT_END.test(host) && !isIPv4(host)) throw new ProtocolError('qr-encoding')
  if (path?.split('/').some((segment) => segment === '.' || segment === '..')) throw new ProtocolError('qr-encoding')
  const insecure = (flags & 1) === 1
  if (insecure && !isLocal(host)) throw new ProtocolError('qr-insecure')
  const origin = `${insecure ? 'ws' : 'wss'}://${host}:${port ?? (insecure ? 80 : 443)}${path}`
  return { origin, url: origin + RELAY_PATH }
}

export interface Code {
  readonly flags: number
  readonly suites: number
  readonly expiry: number
  readonly deviceId: Uint8Array
  readonly routeId: Uint8Array
  readonly pairingSecret: Uint8Array
  readonly relay: string
}

export const encodePayload = (code: Code): Uint8Array => QrPayload.encode({ ...code, relay: ascii(code.relay) })

export const payloadToUri = (payload: Uint8Array): string => PREFIX.toUpperCase() + toBase32(payload)

/** `now` in seconds since 1970, `suites` as in the payload. */
export function decodeUri(uri: string, now: number, suites: number): QrPayload {
  const text = uri.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '').toUpperCase()
  const bytes = text.startsWith(PREFIX.toUpperCase()) ? fromBase32(text.slice(PREFIX.length)) : null
  if (bytes === null) throw new ProtocolError('qr-encoding')
  const payload = decodePayload(bytes)
  if ((payload.suites & suites & SUITE_BITS) === 0) throw new ProtocolError('suite')
  if (now > payload.expiry + limits.qrSkew / 1000) throw new ProtocolError('qr-expired')
  relayAddress(payload.flags, payload.relay)
  return payload
}

export function decodePayload(bytes: Uint8Array): QrPayload {
  try {
    return QrPayload.decode(bytes)
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'length') throw new ProtocolError('qr-length')
    throw error
  }
}
