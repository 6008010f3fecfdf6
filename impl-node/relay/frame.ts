// The border for binary frames: offsets only, the payload is nobody's business here.

import { ROUTED_HEADER, ROUTED_TYPE } from '@happy-remote/schemas/relay.ts'

/** A route as a map key: its 16 bytes as a latin1 string. */
export type RouteId = string

const ROUTE_SIZE = 16
const FROM = 1
const TO = FROM + ROUTE_SIZE

export const routeIdFrom = (bytes: Uint8Array): RouteId =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
export const routeText = (route: RouteId): string => Buffer.from(route, 'latin1').toString('base64url')

/** relay.frame.type */
export const isRoutedFrame = (frame: Uint8Array): boolean => frame.length >= ROUTED_HEADER && frame[0] === ROUTED_TYPE

export const frameFrom = (frame: Buffer): RouteId => frame.toString('latin1', FROM, TO)
export const frameTo = (frame: Buffer): RouteId => frame.toString('latin1', TO, ROUTED_HEADER)

/** A copy of `from ‖ to`, to compare later frames with. */
export const pairOf = (frame: Buffer): Uint8Array => new Uint8Array(frame.subarray(FROM, ROUTED_HEADER))

/** Whether `frame` goes from and to the same routes as the frame that `pair` was taken from. Makes no garbage. */
export function isSamePair(frame: Uint8Array, pair: Uint8Array): boolean {
  for (let i = 0; i < 2 * ROUTE_SIZE; i++) if (frame[i + FROM] !== pair[i]) return false
  return true
}
