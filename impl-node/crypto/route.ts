// Route keys: a pairing's pseudonymous address at the relay, proven by signature (spec/relay.md).

import { label } from '@happy-remote/schemas/constants.ts'
import { generateSigningKeyPair, type SigningKeyPair, sign, signingKeyPairFrom, signingSeedOf } from './ed25519.ts'
import { concat, type Random, sha256, uint } from './primitives.ts'

/** 16 bytes. */
export const routeIdOf = (routeKey: Uint8Array): Uint8Array => sha256(label('route-id'), routeKey).slice(0, 16)

const OPEN_PEER = new Uint8Array(16)

/** What a `bind` signs. `origin` is the relay URL as the client dials it, port explicit, without `/v1`. */
export function relayAuthInput(bind: {
  origin: string
  nonce: Uint8Array
  routeKey: Uint8Array
  peer: Uint8Array | null
}): Uint8Array {
  const origin = new TextEncoder().encode(bind.origin)
  return concat(label('relay-auth'), uint(16, origin.length), origin, bind.nonce, bind.routeKey, bind.peer ?? OPEN_PEER)
}

export interface RouteKey {
  readonly publicKey: Uint8Array
  readonly routeId: Uint8Array
  /** 32 bytes, for storage only. */
  readonly seed: Uint8Array
  sign(input: Uint8Array): Uint8Array
}

function routeKeyOf(pair: SigningKeyPair): RouteKey {
  return {
    publicKey: pair.publicKey,
    routeId: routeIdOf(pair.publicKey),
    seed: signingSeedOf(pair),
    sign: (input) => sign(pair, input),
  }
}

export const generateRouteKey = (random?: Random): RouteKey => routeKeyOf(generateSigningKeyPair(random))
export const routeKeyFrom = (seed: Uint8Array): RouteKey => routeKeyOf(signingKeyPairFrom(seed))
