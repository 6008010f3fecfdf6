// Control messages and routed frames of the relay: spec/relay.md.

import { type Static, Type } from 'typebox'
import { codesAt } from './errors.ts'
import { Bytes, Const, type Decoded, layout, Rest } from './layout.ts'
import { limits } from './limits.ts'
import { Base64url } from './session.ts'

export const ROUTED_TYPE = 0x01
/** Bytes of a routed frame before its payload. */
export const ROUTED_HEADER = 33

export const RoutedFrame = layout('RoutedFrame', {
  type: Const(ROUTED_TYPE, 'routed frame', 'type'),
  from: Bytes(16, 'route bound on the sending socket'),
  to: Bytes(16, 'route of the peer'),
  payload: Rest('a handshake frame or a ratchet message', { min: 0, max: 16_777_216 }),
})
export type RoutedFrame = Decoded<typeof RoutedFrame>

const Route = (description: string) => Base64url(16, description)
const Timestamp = Type.Integer({
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Milliseconds since 1970.',
})

// Client to relay: an unknown member is refused.
const strict = { additionalProperties: false }
export const RelayBind = Type.Object(
  {
    type: Type.Literal('bind'),
    routeKey: Base64url(32, 'Ed25519 public key of the route'),
    peer: Type.Union([Route('the one route that may send to this one'), Type.Null()], {
      description: 'null: open to any route, for pairing only',
    }),
    signature: Base64url(64, 'Ed25519(route key, L("relay-auth") ‖ u16 length ‖ origin ‖ nonce ‖ routeKey ‖ peer)'),
  },
  strict,
)
export const RelayUnbind = Type.Object({ type: Type.Literal('unbind'), route: Route('route to give up') }, strict)
export const RelayPing = Type.Object({ type: Type.Literal('ping'), timestamp: Timestamp }, strict)

export const ClientToRelay = Type.Union([RelayBind, RelayUnbind, RelayPing])
export type ClientToRelay = Static<typeof ClientToRelay>

// Relay to client: unknown members and types are ignored.
export const RelayHello = Type.Object({
  type: Type.Literal('hello'),
  protocol: Type.Literal(1),
  nonce: Base64url(32, 'random, lives and dies with the connection'),
  maxFrame: Type.Integer({ minimum: 1, description: 'Largest binary frame in bytes; at least 262 400.' }),
  software: Type.Optional(Type.String({ description: 'Name and version, for people.' })),
})
export const RelayBound = Type.Object({ type: Type.Literal('bound'), route: Route('route now bound') })
export const RelayPresence = Type.Object({
  type: Type.Literal('presence'),
  route: Route('route of this client'),
  peer: Route("the peer's route"),
  status: Type.Union([Type.Literal('online'), Type.Literal('offline')]),
  timestamp: Timestamp,
})
export const RelayDeliveryFailed = Type.Object({
  type: Type.Literal('delivery-failed'),
  from: Route('as in the frame'),
  to: Route('as in the frame'),
  reason: Type.Literal('offline'),
})
export const RelayPong = Type.Object({ type: Type.Literal('pong'), timestamp: Timestamp })
export const RelayDraining = Type.Object({
  type: Type.Literal('draining'),
  reconnectAfter: Type.Integer({ minimum: 0, description: 'Milliseconds to wait, before jitter.' }),
})
export const RelayError = Type.Object({
  type: Type.Literal('error'),
  code: Type.Enum(codesAt('relay')),
  message: Type.String(),
  route: Type.Optional(Route('where one route is meant')),
})

export const RelayToClient = Type.Union([
  RelayHello,
  RelayBound,
  RelayPresence,
  RelayDeliveryFailed,
  RelayPong,
  RelayDraining,
  RelayError,
])
export type RelayToClient = Static<typeof RelayToClient>

/** A client leaves a relay that offers less than this many bytes per frame. */
export const LEAST_MAX_FRAME = limits.maxFrame
