// The pairing code: what a QR code carries and a person may paste (spec/pairing.md, Pairing code).

import { SUITE_BITS, URI_SCHEME, VERSION } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { decodeBase32, encodeBase32 } from '../crypto/base32.ts'
import { type Bytes, utf8 } from '../crypto/bytes.ts'
import { type RelayUrl, relayUrl } from './relay-url.ts'
import { highestCommon, type Suite } from './suite.ts'

const SCHEME = `${URI_SCHEME.toUpperCase()}://`
/** Where the pairing secret stands in a payload. */
const SECRET = { from: 39, to: 55 } as const
const FLAG_WS = 1
const ASCII_SPACE = /^[\t\n\f\r ]+|[\t\n\f\r ]+$/g

/** A code as a controller has read it. `expiry` is in seconds since 1970. */
export interface PairingCode {
  readonly payload: Bytes
  readonly suites: number
  /** The highest suite that both sides have; the one of M1 (pairing.m1.suite). */
  readonly suite: Suite
  readonly expiry: number
  readonly deviceId: Bytes
  readonly routeId: Bytes
  readonly pairingSecret: Bytes
  readonly relay: RelayUrl
}

export interface PairingCodeContent {
  readonly suites: number
  /** Seconds since 1970, at most 600 s from now (pairing.qr.ttl). */
  readonly expiry: number
  readonly deviceId: Uint8Array
  readonly routeId: Uint8Array
  readonly pairingSecret: Uint8Array
  readonly scheme: 'wss' | 'ws'
  /** `host[:port][/path]`, 1 to 64 bytes. */
  readonly relay: string
}

/** The payload of a code, 57 to 120 bytes. Throws ProtocolError where the relay address is none. */
export function encodePairingCode(content: PairingCodeContent): Bytes {
  relayUrl(content.scheme, content.relay)
  const flags = content.scheme === 'ws' ? FLAG_WS : 0
  return QrPayload.encode({ ...content, flags, relay: utf8(content.relay) })
}

/** The text that a QR code shows (pairing.qr.encoding). */
export const pairingCodeText = (payload: Uint8Array): string => SCHEME + encodeBase32(payload)

/** The payload with the pairing secret set to zero: `ctx` of a pairing (pairing.transcript.ctx). */
export function withoutSecret(payload: Uint8Array): Bytes {
  const context = new Uint8Array(payload)
  context.fill(0, SECRET.from, SECRET.to)
  return context
}

function decodeText(text: string): Bytes {
  const trimmed = text.replace(ASCII_SPACE, '')
  // pairing.qr.case
  const known = trimmed.slice(0, SCHEME.length).toUpperCase() === SCHEME
  // pairing.qr.slash
  const payload = known ? decodeBase32(trimmed.slice(SCHEME.length).replace(/\/$/, '')) : undefined
  // pairing.qr.strict
  if (!payload) throw new ProtocolError('qr-encoding', 'Cannot read a pairing code: it is not HAPPY:// and base32')
  return payload
}

/**
 * Reads the text of a code in the order text, version, length, flags, suites, expiry, relay address.
 * `now` is in seconds since 1970. Throws ProtocolError `qr-encoding`, `qr-version`, `qr-length`,
 * `type`, `suite`, `qr-expired` or `qr-insecure`.
 */
export function decodePairingCode(text: string, now: number, supported: number = SUITE_BITS): PairingCode {
  const payload = decodeText(text)
  // pairing.qr.version; a code without any byte has no version and is too short
  if (payload.length > 0 && payload[0] !== VERSION) {
    throw new ProtocolError('qr-version', `Cannot read a pairing code of version ${payload[0]}: one program is too old`)
  }
  const length = payload[55]
  // pairing.qr.length
  if (length === undefined || length < 1 || length > limits.qrHost || payload.length !== 56 + length) {
    throw new ProtocolError('qr-length', `Cannot read a pairing code of ${payload.length} bytes`)
  }
  // pairing.qr.flags
  const decoded = QrPayload.decode(payload)
  // pairing.qr.suites
  const suite = highestCommon(decoded.suites, supported)
  if (!suite) throw new ProtocolError('suite', 'Cannot use a pairing code: it offers no suite that is known here')
  // pairing.qr.expiry
  if (now > decoded.expiry + limits.qrSkew / 1_000) {
    throw new ProtocolError('qr-expired', `Cannot use a pairing code: it expired ${now - decoded.expiry} s ago`)
  }
  const relay = relayUrl((decoded.flags & FLAG_WS) === 0 ? 'wss' : 'ws', ascii(decoded.relay))
  return { ...(decoded as QrPayload & Record<'deviceId' | 'routeId' | 'pairingSecret', Bytes>), payload, suite, relay }
}

/** Bytes beyond ASCII become a character that no relay address has. */
const ascii = (bytes: Uint8Array): string =>
  String.fromCharCode(...Array.from(bytes, (byte) => (byte < 0x80 ? byte : 0xfffd)))
