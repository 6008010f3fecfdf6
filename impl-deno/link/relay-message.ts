// What a relay says, read leniently (relay.text.lenient).

import {
  RelayBound,
  RelayDeliveryFailed,
  RelayDraining,
  RelayError,
  RelayHello,
  RelayPong,
  RelayPresence,
  type RelayToClient,
} from '@happy-remote/schemas/relay.ts'
import { Type } from 'typebox'
import { Check } from 'typebox/value'

const SCHEMAS = {
  // Another protocol is not another message: it is told to the person (relay.hello.protocol-client).
  hello: Type.Object({ ...RelayHello.properties, protocol: Type.Integer() }),
  bound: RelayBound,
  presence: RelayPresence,
  'delivery-failed': RelayDeliveryFailed,
  pong: RelayPong,
  draining: RelayDraining,
  // Codes that are unknown here mean a failure without a known reason (errors.code.unknown).
  error: Type.Object({ ...RelayError.properties, code: Type.String() }),
} as const

type Known = keyof typeof SCHEMAS
type Lenient<T> = T extends { type: 'hello' }
  ? Omit<T, 'protocol'> & { protocol: number }
  : T extends { type: 'error' }
    ? Omit<T, 'code'> & { code: string }
    : T
export type RelayMessage = Lenient<RelayToClient>

const isKnown = (type: unknown): type is Known => typeof type === 'string' && Object.hasOwn(SCHEMAS, type)

/** Undefined for what is no message, or one of a type that is not known here. */
export function readRelayMessage(text: string): RelayMessage | undefined {
  let message: { type?: unknown } | null
  try {
    message = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof message !== 'object' || message === null || !isKnown(message.type)) return undefined
  return Check(SCHEMAS[message.type], message) ? (message as RelayMessage) : undefined
}
