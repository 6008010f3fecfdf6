// Base32 of RFC 4648 section 6, without padding: pairing codes (upper case) and device ids (lower case).

import type { Bytes } from './bytes.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Upper case, without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let pending = 0
  let bits = 0
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) text += ALPHABET[(pending >>> (bits - 5)) & 31]
  }
  return bits > 0 ? text + ALPHABET[(pending << (5 - bits)) & 31] : text
}

/**
 * Either case. Undefined for another character, padding, an impossible number of characters or
 * trailing bits that are not zero.
 */
export function decodeBase32(text: string): Bytes | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let at = 0
  let pending = 0
  let bits = 0
  for (const character of text.toUpperCase()) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) return undefined
    pending = ((pending << 5) | value) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = pending >>> bits
    }
  }
  const exact = bits < 5 && (pending & ((1 << bits) - 1)) === 0
  return exact ? bytes : undefined
}
