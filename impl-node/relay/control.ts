// The border for text frames: what is not exactly a message of spec/relay.md goes no further.

import { isUtf8 } from 'node:buffer'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type ClientToRelay, RelayBind, RelayPing, RelayUnbind } from '@happy-remote/schemas/relay.ts'
import { Compile } from 'typebox/compile'

const validators: Record<ClientToRelay['type'], { Check(value: unknown): boolean }> = {
  bind: Compile(RelayBind),
  unbind: Compile(RelayUnbind),
  ping: Compile(RelayPing),
}

const isKnownType = (type: unknown): type is ClientToRelay['type'] =>
  typeof type === 'string' && Object.hasOwn(validators, type)

const malformed = (why: string) => new ProtocolError('malformed', `Cannot read the text frame: ${why}.`)

function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'))
  } catch {
    // The parser's own message quotes the input.
    throw malformed('it is not JSON')
  }
}

/**
 * One control message of a client. Throws ProtocolError `malformed` for anything else: too long, not
 * UTF-8, not JSON, an unknown type, an unknown, missing or wrong member.
 */
export function parseControl(text: Buffer, most: number): ClientToRelay {
  if (text.length > most) throw malformed(`it is longer than ${most} bytes`) // relay.text.size
  if (!isUtf8(text)) throw malformed('it is not UTF-8') // relay.text.strict
  const json = parseJson(text)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw malformed('it is not a JSON object')
  const { type } = json as { type?: unknown }
  if (!isKnownType(type)) throw malformed('its type is not one that a client sends')
  if (!validators[type].Check(json)) throw malformed(`its members are not those of ${type}`) // relay.bind.strict
  return json as ClientToRelay
}
