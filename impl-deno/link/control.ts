// Control messages of a session, content type 0x00 (spec/session.md, Control messages).

import { limits } from '@happy-remote/schemas/limits.ts'
import {
  ControlAck,
  ControlError,
  ControlHello,
  type ControlMessage,
  ControlPairAck,
  ControlPairComplete,
  ControlPairingRevoked,
  ControlRekey,
} from '@happy-remote/schemas/session.ts'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { type Bytes, utf8 } from '../crypto/bytes.ts'
import type { Role } from '../session/message.ts'

const SCHEMAS = {
  hello: ControlHello,
  ack: ControlAck,
  rekey: ControlRekey,
  'pair.complete': ControlPairComplete,
  'pair.ack': ControlPairAck,
  'pairing.revoked': ControlPairingRevoked,
  // Codes that are unknown here mean a failure without a known reason (errors.code.unknown).
  error: Type.Object({ ...ControlError.properties, code: Type.String() }),
} as const

const ONLY_FROM: Partial<Record<ControlMessage['type'], Role>> = {
  rekey: 'agent',
  'pair.complete': 'agent',
  'pairing.revoked': 'agent',
  'pair.ack': 'controller',
}

/** Whether it has no more than 64 bytes of UTF-8. */
export const fitsName = (name: string): boolean => utf8(name).length <= limits.nameMax

/** Undefined for everything that a receiver ignores (session.control.unknown, session.control.malformed). */
export function readControl(content: Uint8Array, from: Role): ControlMessage | undefined {
  let message: ControlMessage | null
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content))
  } catch {
    return undefined
  }
  if (content.length > limits.messageMax || typeof message !== 'object' || message === null) return undefined
  if (!Object.hasOwn(SCHEMAS, message.type) || !Check(SCHEMAS[message.type], message)) return undefined
  if ((ONLY_FROM[message.type] ?? from) !== from) return undefined
  // session.control.name-check
  if (message.type === 'pair.complete' && !fitsName(message.agentName)) return undefined
  if (message.type === 'pair.ack' && !fitsName(message.deviceName)) return undefined
  return message
}

/** A name as it may be sent: without control characters, and cut at 64 bytes of UTF-8 (session.control.name). */
export function nameToSend(text: string): string {
  let name = ''
  for (const character of text.replaceAll(/\p{Cc}/gu, '').toWellFormed()) {
    if (utf8(name + character).length > limits.nameMax) break
    name += character
  }
  return name === '' ? 'unnamed' : name
}

/** Throws RangeError for a name that may not be sent (session.control.name). */
export function writeControl(message: ControlMessage): Bytes {
  const content = utf8(JSON.stringify(message))
  const role = ONLY_FROM[message.type] ?? 'agent'
  if (!readControl(content, role)) throw new RangeError(`Cannot send ${message.type}: it does not fit its schema`)
  return content
}
