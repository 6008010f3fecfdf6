// Text frames from a client: what is a control message, and what is not (spec/relay.md, Control messages).

import { ClientToRelay } from '@happy-remote/schemas/relay.ts'
import { Compile } from 'typebox/compile'

const validator = Compile(ClientToRelay)

/** Base64url of 16 zero bytes, which stand for no peer in what a bind signs. */
const ZERO_ROUTE = 'A'.repeat(22)

/** Undefined where the relay has to answer `malformed`. */
export function readControlMessage(text: string): ClientToRelay | undefined {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    // relay.text.strict
    return undefined
  }
  // relay.text.strict, relay.bind.strict
  if (!validator.Check(message)) return undefined
  // relay.bind.zero-peer
  if (message.type === 'bind' && message.peer === ZERO_ROUTE) return undefined
  return message
}

/** Whether `text` takes more than `most` bytes of UTF-8. A character of a string takes one to three. */
export const exceeds = (text: string, most: number): boolean =>
  text.length > most || (text.length * 3 > most && new TextEncoder().encode(text).length > most)
