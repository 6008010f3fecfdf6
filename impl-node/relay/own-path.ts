// The path at which a relay is reached, and the secret in it that admits to a private one.

import { hash, timingSafeEqual } from 'node:crypto'
import { RELAY_PATH } from '@happy-remote/schemas/constants.ts'

/** 128 random bits in base64url, the least that nobody can guess; with more than 62 no pairing code can hold the address. */
const SECRET = /^[A-Za-z0-9._~-]{22,62}$/

/** Throws TypeError, without the text, for what cannot be the secret of a path. */
export function checkSecret(secret: string): void {
  if (!SECRET.test(secret)) {
    throw new TypeError('Cannot use the secret: it is not 22 to 62 characters, of letters, digits and . _ ~ -')
  }
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

export class OwnPath {
  readonly isSecret: boolean
  readonly #expected: Buffer

  constructor(prefix: string, secret: string | undefined) {
    if (secret !== undefined) checkSecret(secret)
    this.isSecret = secret !== undefined
    this.#expected = digest(`${prefix}${secret === undefined ? '' : `/${secret}`}${RELAY_PATH}`)
  }

  /** relay.path, relay.secret.compare: takes equally long for every other path. */
  is(path: string): boolean {
    return timingSafeEqual(digest(path), this.#expected)
  }
}
