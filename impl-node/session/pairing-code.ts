// The pairing code: the text that the QR shows (spec/pairing.md).

import { SUITE_BITS, URI_SCHEME, VERSION } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { QrPayload } from '@happy-remote/schemas/pairing.ts'
import { parseRelayAddress, type RelayAddress } from './relay-url.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function toBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(value >> bits) & 31]
    }
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text
}

function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let at = 0
  let bits = 0
  let value = 0
  for (const char of text) {
    const digit = ALPHABET.indexOf(char)
    if (digit < 0) throw new ProtocolError('qr-encoding')
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (value >> bits) & 0xff
    }
  }
  // A whole character of bits left over, or a bit that is set among them, is another text for the same bytes.
  if (bits >= 5 || (value & ((1 << bits) - 1)) !== 0) throw new ProtocolError('qr-encoding')
  return bytes
}

export interface PairingCode {
  readonly payload: QrPayload
  readonly relay: RelayAddress
  /** The payload's bytes with PS set to zero: the context of the transcript. */
  readonly context: Uint8Array
}

const SECRET_AT = 39
const SECRET_SIZE = 16
const RELAY_AT = 56

/** The bytes of the payload without the secret. */
export function contextOf(payload: QrPayload): Uint8Array {
  const bytes = QrPayload.encode(payload)
  bytes.fill(0, SECRET_AT, SECRET_AT + SECRET_SIZE)
  return bytes
}

export const formatPairingCode = (payload: QrPayload): string =>
  `${URI_SCHEME.toUpperCase()}://${toBase32(QrPayload.encode(payload))}`

/**
 * Reads the text of a pairing code: the URI, or the link form `https://…/pair#…`. `now` is ms since
 * 1970. Throws ProtocolError `qr-encoding`, `qr-version`, `qr-length`, `type`, `suite`, `qr-expired`,
 * `qr-insecure`.
 */
export function parsePairingCode(text: string, now: number): PairingCode {
  const match = /^(?:happy:\/\/|https:\/\/[^#\s]+#)([A-Z2-7]*)\/?$/i.exec(
    text.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, ''),
  )
  if (!match) throw new ProtocolError('qr-encoding')
  const bytes = fromBase32((match[1] as string).toUpperCase())
  // pairing.qr.length goes before pairing.qr.flags; the version goes before both
  if (bytes[0] === VERSION && bytes.length !== RELAY_AT + (bytes[RELAY_AT - 1] ?? 0)) {
    throw new ProtocolError('qr-length')
  }
  let payload: QrPayload
  try {
    payload = QrPayload.decode(bytes)
  } catch (error) {
    // pairing.qr.length: whatever is wrong with the length is one code
    if (error instanceof ProtocolError && error.code === 'length') throw new ProtocolError('qr-length')
    throw error
  }
  if ((payload.suites & SUITE_BITS) === 0) throw new ProtocolError('suite')
  if (payload.expiry * 1_000 + limits.qrSkew < now) throw new ProtocolError('qr-expired')
  const relay = parseRelayAddress(new TextDecoder('latin1').decode(payload.relay), (payload.flags & 1) === 0)
  return { payload, relay, context: contextOf(payload) }
}
