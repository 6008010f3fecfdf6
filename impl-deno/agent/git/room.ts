// How much fits into the body of an answer (rpc.git.cut).

import { Buffer } from 'node:buffer'

/** Bytes of JSON for the long member of a result; the rest of it needs less than what is left. */
const ROOM = 1_000_000

const jsonSize = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** As many from the beginning as fit. */
export function fitEntries<T>(entries: readonly T[]): T[] {
  const fit: T[] = []
  let size = 0
  for (const entry of entries) {
    size += jsonSize(entry) + 1
    if (size > ROOM) break
    fit.push(entry)
  }
  return fit
}

/** As much from the beginning as fits. */
export function fitText(text: string): string {
  let [low, high] = [0, text.length]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (jsonSize(text.slice(0, middle)) <= ROOM) low = middle
    else high = middle - 1
  }
  const fit = text.slice(0, low)
  // Not between the halves of one character.
  return fit.isWellFormed() ? fit : fit.slice(0, -1)
}
