// Fixed randomness for vectors and tests: nothing-up-my-sleeve secrets, and a source that hands them out in order.

import assert from 'node:assert/strict'
import { type Random, sha256 } from '../crypto/primitives.ts'

/** SHA-256 of the name, or as many leading bytes of it as `size` says. */
export const secretOf = (name: string, size = 32): Uint8Array => sha256(new TextEncoder().encode(name)).slice(0, size)

/** Hands out `draws` in order; throws where another size is asked for, or one draw too many. */
export function drawing(...draws: readonly Uint8Array[]): Random {
  let at = 0
  return (size) => {
    const draw = draws[at++]
    assert.equal(draw?.length, size, `draw ${at} of ${draws.length}`)
    return draw as Uint8Array
  }
}

/** An endless source that gives the same bytes for the same name. */
export function streaming(name: string): Random {
  let count = 0
  return (size) => {
    const out = new Uint8Array(size)
    for (let at = 0; at < size; at += 32) out.set(secretOf(`${name}/${count++}`, Math.min(32, size - at)), at)
    return out
  }
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A copy with one bit of byte `at` changed; a negative `at` counts from the end. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes)
  const index = at < 0 ? copy.length + at : at
  copy[index] = (copy[index] as number) ^ (1 << bit)
  return copy
}
