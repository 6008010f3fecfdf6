// A message's way into a session, as the receive algorithm orders it, and what an insider may send.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { RATCHET_HEADER } from '@happy-remote/schemas/session.ts'
import { concat, hmac } from '../../crypto/primitives.ts'
import { type OpenedMessage, type Ratchet, readRatchetMessage } from '../ratchet.ts'

/** Steps 1 to 6, with one live session. Throws ProtocolError. */
export function receive(ratchet: Ratchet, message: Uint8Array, now = 0): OpenedMessage {
  readRatchetMessage(message, ratchet.state.role)
  if (!ratchet.matches(message)) throw new ProtocolError('header')
  return ratchet.decrypt(message, now)
}

export const OFFSET = { suite: 2, tag: 4, dh: 12, base: 44, n: 48, nonce: 52, sealed: RATCHET_HEADER } as const

/** The message with its header MAC made right again, which only the two ends of the session can do. */
export function retagged(headerKey: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(message)
  const covered = concat(copy.subarray(0, OFFSET.tag), copy.subarray(OFFSET.dh, RATCHET_HEADER))
  copy.set(hmac(headerKey, covered).subarray(0, 8), OFFSET.tag)
  return copy
}

export interface HeaderChange {
  readonly dh?: Uint8Array
  readonly base?: number
  readonly n?: number
}

/** What an insider makes of a message: some header fields replaced, and the header MAC right. */
export function forged(sender: Ratchet, message: Uint8Array, change: HeaderChange): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(message)
  const view = new DataView(copy.buffer)
  if (change.dh) copy.set(change.dh, OFFSET.dh)
  if (change.base !== undefined) view.setUint32(OFFSET.base, change.base)
  if (change.n !== undefined) view.setUint32(OFFSET.n, change.n)
  return retagged(sender.state.headerSend, copy)
}
