// The path of a relay: the operator's prefix, the secret that admits, and `/v1`.

import { RELAY_PATH } from '@happy-remote/schemas/constants.ts'
import { equal, utf8 } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'

/** 22 characters of base64url are 128 bits; an address with more than 62 fits into no pairing code. */
export const isUsableSecret = (text: string): boolean => /^[A-Za-z0-9._~-]{22,62}$/.test(text)

export interface RelayPath {
  readonly secret: boolean
  /** Whether a request came to this path. What it takes tells nothing of the path (relay.secret.compare). */
  matches(pathname: string): boolean
}

/** Throws TypeError, which does not quote it, for a secret that cannot be used. */
export function relayPath(prefix: string, secret?: string): RelayPath {
  if (secret !== undefined && !isUsableSecret(secret)) {
    throw new TypeError('Cannot use the secret: it is not 22 to 62 characters, of letters, digits and . _ ~ -')
  }
  const own = hash(utf8(`${prefix}${secret === undefined ? '' : `/${secret}`}${RELAY_PATH}`))
  return { secret: secret !== undefined, matches: (pathname) => equal(hash(utf8(pathname)), own) }
}
