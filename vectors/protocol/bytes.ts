// Byte strings as the formulas of the spec write them.

export type Bytes = Uint8Array<ArrayBuffer>

/** `a ‖ b ‖ …` */
export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** `uN`, big-endian. */
function unsigned(size: number, value: number | bigint): Bytes {
  const out = new Uint8Array(size)
  for (let i = size - 1, rest = BigInt(value); i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 0xffn)
  return out
}
export const u8 = (value: number): Bytes => unsigned(1, value)
export const u16 = (value: number): Bytes => unsigned(2, value)
export const u32 = (value: number): Bytes => unsigned(4, value)
export const u64 = (value: number): Bytes => unsigned(8, value)

/** `LP(x) = u32(len x) ‖ x` */
export const lengthPrefixed = (value: Uint8Array): Bytes => concat(u32(value.length), value)

export const Z32: Bytes = new Uint8Array(32)
export const F32: Bytes = new Uint8Array(32).fill(0xff)

export const ascii = (text: string): Bytes => new TextEncoder().encode(text)

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export function unhex(text: string): Bytes {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new RangeError(`Cannot decode hex: ${text.slice(0, 16)}`)
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

export const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function toText(bytes: Uint8Array, alphabet: string, bits: number): string {
  let text = ''
  let held = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff
    held += 8
    for (; held >= bits; held -= bits) text += alphabet[(value >> (held - bits)) & ((1 << bits) - 1)]
  }
  return held > 0 ? text + alphabet[(value << (bits - held)) & ((1 << bits) - 1)] : text
}

/** Null where a character is foreign, a whole character is left over, or its unused bits are not zero. */
function fromText(text: string, alphabet: string, bits: number): Bytes | null {
  const out: number[] = []
  let held = 0
  let value = 0
  for (const character of text) {
    const digit = alphabet.indexOf(character)
    if (digit < 0) return null
    value = ((value << bits) | digit) & 0xffff
    held += bits
    if (held >= 8) {
      held -= 8
      out.push((value >> held) & 0xff)
    }
  }
  return held >= bits || (value & ((1 << held) - 1)) !== 0 ? null : Uint8Array.from(out)
}

export const toBase64url = (bytes: Uint8Array): string => toText(bytes, BASE64URL, 6)
export const fromBase64url = (text: string): Bytes | null => fromText(text, BASE64URL, 6)
/** RFC 4648, upper case, no padding. */
export const toBase32 = (bytes: Uint8Array): string => toText(bytes, BASE32, 5)
export const fromBase32 = (text: string): Bytes | null => fromText(text, BASE32, 5)
