// Byte strings in the notation of spec/security.md: a ‖ b, u8 to u64 (big-endian), LP(x).

/** A byte string that owns its buffer, as Web Crypto wants it. */
export type Bytes = Uint8Array<ArrayBuffer>

/** `a ‖ b ‖ …` */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** A copy that stays as it is when the original is overwritten. */
export const copy = (bytes: Uint8Array): Bytes => new Uint8Array(bytes)

export const u8 = (value: number): Bytes => Uint8Array.of(value)
export const u16 = (value: number): Bytes => Uint8Array.of(value >>> 8, value)

export function u32(value: number): Bytes {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

export function u64(value: number): Bytes {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

/** `LP(x)`: u32 length ‖ x */
export const lengthPrefixed = (bytes: Uint8Array): Bytes => concat(u32(bytes.length), bytes)

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

/** Comparison in time that depends on the lengths alone (security.secret.compare). */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

export const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** `text` has an even number of hexadecimal digits; for constants and keys of maps. */
export const fromHex = (text: string): Bytes =>
  Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
