// Every frame between a scripted client and a relay, in both directions, against the schemas.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import {
  ClientToRelay,
  RelayBound,
  RelayDeliveryFailed,
  RelayDraining,
  RelayError,
  RelayHello,
  RelayPong,
  RelayPresence,
  type RelayToClient,
  RoutedFrame,
} from '@happy-remote/schemas/relay.ts'
import { Compile } from 'typebox/compile'
import { Failed, SuiteError } from '../shim/trouble.ts'
import { base64url } from './route.ts'

const clientToRelay = Compile(ClientToRelay)
const fromRelay = new Map(
  Object.entries({
    hello: RelayHello,
    bound: RelayBound,
    presence: RelayPresence,
    'delivery-failed': RelayDeliveryFailed,
    pong: RelayPong,
    draining: RelayDraining,
    error: RelayError,
  }).map(([type, schema]) => [type, Compile(schema)]),
)

const strictText = new TextDecoder('utf-8', { fatal: true })

/** The value of a text frame, or undefined where it is not JSON in UTF-8. */
export function parseText(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(strictText.decode(bytes))
  } catch {
    return undefined
  }
}

/** A text frame that is meant to be right. Throws SuiteError where the schema disagrees. */
export function assertRightText(text: string): void {
  const bytes = Buffer.from(text)
  if (bytes.length > limits.relayText || !clientToRelay.Check(parseText(bytes))) {
    throw new SuiteError(
      `A scripted client is about to send a message that its own schema rejects: ${text.slice(0, 200)}`,
    )
  }
}

/** A text frame that is meant to be wrong. Throws SuiteError where nothing is wrong with it. */
export function assertWrongText(bytes: Uint8Array): void {
  if (bytes.length <= limits.relayText && clientToRelay.Check(parseText(bytes))) {
    throw new SuiteError(
      `A scripted client means to send a wrong message, and the schema accepts it: ${Buffer.from(bytes)}`,
    )
  }
}

const decodes = (bytes: Uint8Array): boolean => {
  try {
    RoutedFrame.decode(bytes)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}

export function assertRightFrame(bytes: Uint8Array, maxFrame: number): void {
  if (bytes.length > maxFrame || !decodes(bytes)) {
    throw new SuiteError(`A scripted client is about to send ${bytes.length} bytes that are no routed frame`)
  }
}

export function assertWrongFrame(bytes: Uint8Array, maxFrame: number): void {
  if (bytes.length <= maxFrame && decodes(bytes)) {
    throw new SuiteError(`A scripted client means to send a wrong frame, and the layout accepts it`)
  }
}

export type UnknownMessage = { readonly type: 'unknown'; readonly named: string }

/**
 * The message in a text frame of a relay. Throws Failed where its schema rejects it; a type that the
 * schemas do not have is allowed, and ignored by clients (relay.text.lenient).
 */
export function readMessage(bytes: Uint8Array): RelayToClient | UnknownMessage {
  const value = parseText(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Failed(
      `The relay sends a text frame that is not a JSON object in UTF-8: ${Buffer.from(bytes).toString().slice(0, 200)}`,
    )
  }
  const { type } = value as { type?: unknown }
  if (typeof type !== 'string') throw new Failed('The relay sends a message without a type')
  const check = fromRelay.get(type)
  if (!check) return { type: 'unknown', named: type }
  if (!check.Check(value)) {
    const [error] = check.Errors(value)
    const where = error ? `: ${error.instancePath || 'the object'} ${error.message}` : ''
    throw new Failed(`The relay sends a "${type}" that its schema rejects${where}`)
  }
  return value as RelayToClient
}

/** A routed frame of a relay. Throws Failed where it is none. */
export function readFrame(bytes: Uint8Array): RoutedFrame {
  try {
    return RoutedFrame.decode(bytes)
  } catch (error) {
    if (error instanceof ProtocolError) throw new Failed('The relay sends a binary frame that is no routed frame')
    throw error
  }
}

/** A routed frame as transcripts show it. */
export function showFrame(bytes: Uint8Array): unknown {
  if (bytes.length < 33 || bytes[0] !== 1) return { frame: 'none', begins: base64url(bytes.slice(0, 33)) }
  return { frame: 'routed', from: base64url(bytes.slice(1, 17)), to: base64url(bytes.slice(17, 33)) }
}
