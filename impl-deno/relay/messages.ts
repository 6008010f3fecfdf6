// Text frames from a client: what is a control message, and what is not (spec/relay.md, Control messages).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { ClientToRelay } from '@happy-remote/schemas/relay.ts'
import { Compile } from 'typebox/compile'

const validator = Compile(ClientToRelay)

/** Base64url of 16 zero bytes, which stand for no peer in what a bind signs. */
const ZERO_ROUTE = 'A'.repeat(22)

/** Throws ProtocolError `malformed`. */
export function readControlMessage(text: string): ClientToRelay {
  const message = parse(text)
  // relay.text.strict, relay.bind.strict
  if (!validator.Check(message)) throw new ProtocolError('malformed', 'Cannot read a control message: wrong shape')
  // relay.bind.zero-peer
  if (message.type === 'bind' && message.peer === ZERO_ROUTE) {
    throw new ProtocolError('malformed', 'Cannot bind: no route is 16 zero bytes')
  }
  return message
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // relay.text.strict
    throw new ProtocolError('malformed', 'Cannot read a control message: it is no JSON')
  }
}

/** Whether `text` takes more than `most` bytes of UTF-8. A character of a string takes one to three. */
export const exceeds = (text: string, most: number): boolean =>
  text.length > most || (text.length * 3 > most && new TextEncoder().encode(text).length > most)
