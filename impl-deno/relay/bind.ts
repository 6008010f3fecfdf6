// The proof of a route: who signs what, and which origins count (spec/relay.md, Bind).

import { label } from '@happy-remote/schemas/constants.ts'
import type { RelayBind } from '@happy-remote/schemas/relay.ts'
import type { Static } from 'typebox'
import { concat, u16, utf8 } from '../crypto/bytes.ts'
import { verify } from '../crypto/ed25519.ts'
import { routeIdOf } from '../crypto/identity.ts'

export type Bind = Static<typeof RelayBind>

/** What a bind claims, as bytes. */
export interface Claim {
  /** 16 bytes, of `routeKey`. */
  readonly route: Uint8Array
  readonly routeKey: Uint8Array
  /** 16 bytes, or null where the route is to be open. */
  readonly peer: Uint8Array | null
  readonly signature: Uint8Array
}

/** Of text that the schema has passed. */
export const fromBase64url = (text: string): Uint8Array => Uint8Array.fromBase64(text, { alphabet: 'base64url' })

export function readClaim({ routeKey, peer, signature }: Bind): Claim {
  const key = fromBase64url(routeKey)
  return {
    route: routeIdOf(key),
    routeKey: key,
    peer: peer === null ? null : fromBase64url(peer),
    signature: fromBase64url(signature),
  }
}

/** `L("relay-auth") ‖ u16 length of origin ‖ origin ‖ nonce ‖ routeKey ‖ peer` */
export function signedInput(
  origin: string,
  nonce: Uint8Array,
  { routeKey, peer }: Pick<Claim, 'routeKey' | 'peer'>,
): Uint8Array<ArrayBuffer> {
  const name = utf8(origin)
  return concat(label('relay-auth'), u16(name.length), name, nonce, routeKey, peer ?? new Uint8Array(16))
}

/** relay.bind.verify: whether the claim is signed for one of `origins` and this connection's `nonce`. */
export async function isProven(claim: Claim, nonce: Uint8Array, origins: readonly string[]): Promise<boolean> {
  for (const origin of origins) {
    if (await verify(claim.routeKey, claim.signature, signedInput(origin, nonce, claim))) return true
  }
  return false
}
