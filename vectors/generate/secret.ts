// Every secret of the vectors is the hash of a printed label, so nothing is up anybody's sleeve.

import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, hex } from '../protocol/bytes.ts'

/** `SHA-256("vectors/<file>/<name>")` in hex, cut to `size` bytes; longer ones go on with "/1", "/2", … */
export function secret(file: string, name: string, size = 32): string {
  let out = hex(sha256(ascii(`vectors/${file}/${name}`)))
  for (let i = 1; out.length < 2 * size; i++) out += hex(sha256(ascii(`vectors/${file}/${name}/${i}`)))
  return out.slice(0, 2 * size)
}

/** The seeds of the known answers: `SHA-256("hrc1-kat:<name>")`. */
export const knownSeed = (name: string, size = 32): string => hex(sha256(ascii(`hrc1-kat:${name}`))).slice(0, 2 * size)
