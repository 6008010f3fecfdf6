// Proof of a route and the fate of a routed frame: section 9.

import { label } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { RelayBind, RoutedFrame } from '@happy-remote/schemas/relay.ts'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Backend } from '../backend/backend.ts'
import { ascii, concat, fromBase64url, hex, u16 } from './bytes.ts'
import { routeIdOf } from './identity.ts'
import { verify } from './keys.ts'

const OPEN_PEER = new Uint8Array(16)
const bindShape = Compile(RelayBind)

export function bindSignedBytes(
  origin: string,
  nonce: Uint8Array,
  routeKey: Uint8Array,
  peer: Uint8Array | null,
): Uint8Array {
  const text = ascii(origin)
  return concat(label('relay-auth'), u16(text.length), text, nonce, routeKey, peer ?? OPEN_PEER)
}

const exact = (text: string): Uint8Array => {
  const bytes = fromBase64url(text)
  if (bytes === null) throw new ProtocolError('malformed')
  return bytes
}

/** Judges the text of a `bind` as a relay with these origins does on a connection with this nonce. */
export async function acceptBind(backend: Backend, origins: readonly string[], nonce: Uint8Array, text: string) {
  const bind = parse(text)
  const peer = bind.peer === null ? null : exact(bind.peer)
  if (peer?.every((byte) => byte === 0)) throw new ProtocolError('malformed')
  const routeKey = exact(bind.routeKey)
  const signature = exact(bind.signature)
  for (const origin of origins) {
    const signed = bindSignedBytes(origin, nonce, routeKey, peer)
    if (await verify(backend, routeKey, signed, signature)) return { route: await routeIdOf(backend, routeKey), peer }
  }
  throw new ProtocolError('unauthenticated')
}

function parse(text: string): Static<typeof RelayBind> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ProtocolError('malformed')
  }
  if (!bindShape.Check(value)) throw new ProtocolError('malformed')
  return value
}

/** A bound route; ids are hex. */
export interface BoundRoute {
  readonly route: string
  readonly peer: string | null
}

/**
 * Whether a relay forwards a binary frame. `own` are the routes of the sending connection, `bound`
 * those of all connections. False means that it is answered `delivery-failed`.
 */
export function forwards(own: readonly string[], bound: readonly BoundRoute[], frame: Uint8Array) {
  const { from, to } = decodeRouted(frame)
  const recipient = bound.find(({ route }) => route === hex(to))
  const permitted = recipient?.peer === hex(from) || (recipient?.peer === null && frame.length <= limits.openFrameSize)
  return { from, to, forward: own.includes(hex(from)) && permitted }
}

function decodeRouted(frame: Uint8Array): RoutedFrame {
  try {
    return RoutedFrame.decode(frame)
  } catch {
    throw new ProtocolError('malformed')
  }
}
