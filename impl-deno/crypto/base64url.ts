// Base64url without padding: bytes in JSON.

import type { Bytes } from './bytes.ts'

const URL_SAFE = { '+': '-', '/': '_' } as const

/** Of any length; character by character, because an argument list has an end. */
export function toBase64url(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
    .replaceAll(/[+/]/g, (character) => URL_SAFE[character as '+' | '/'])
    .replace(/=+$/, '')
}

/** Of text that a schema has passed. */
export const fromBase64url = (text: string): Bytes =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
