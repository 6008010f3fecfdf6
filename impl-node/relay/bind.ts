// A bind proves that its sender holds the route's key, to this relay, on this connection.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { ClientToRelay } from '@happy-remote/schemas/relay.ts'
import { verify } from '../crypto/ed25519.ts'
import { relayAuthInput, routeIdOf } from '../crypto/route.ts'
import type { Origins } from './origins.ts'

export interface Bind {
  readonly routeKey: Uint8Array
  readonly signature: Uint8Array
  /** 16 bytes. */
  readonly route: Uint8Array
  /** 16 bytes, or null for an open route. */
  readonly peer: Uint8Array | null
}

const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64url')

/** The bytes of a `bind` that fits its schema. Throws ProtocolError `malformed` for a peer of zeros. */
export function readBind(message: Extract<ClientToRelay, { type: 'bind' }>): Bind {
  const peer = message.peer === null ? null : bytes(message.peer)
  // relay.bind.zero-peer: it would sign the same bytes as an open peer
  if (peer?.every((byte) => byte === 0)) throw new ProtocolError('malformed', 'Cannot bind: the peer is 16 zero bytes.')
  const routeKey = bytes(message.routeKey)
  return { routeKey, signature: bytes(message.signature), route: routeIdOf(routeKey), peer } // relay.route.id
}

/** relay.bind.verify */
export function isProven(bind: Bind, nonce: Uint8Array, origins: Origins): boolean {
  const { routeKey, peer, signature } = bind
  return origins.some((origin) => verify(routeKey, relayAuthInput({ origin, nonce, routeKey, peer }), signature))
}
