// The ratchet message: its header, the tag that finds its session, and its seal (spec/session.md, Ratchet message).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import { RATCHET_HEADER, RATCHET_OVERHEAD, RATCHET_TYPES, RatchetMessage } from '@happy-remote/schemas/session.ts'
import { type Bytes, concat, equal } from '../crypto/bytes.ts'
import { hmac, open, seal } from '../crypto/primitives.ts'

export type Role = 'agent' | 'controller'

const TAG = { from: 4, to: 12 } as const
const EMPTY_SEAL = new Uint8Array(16)

export const typeSentBy = (role: Role): number =>
  role === 'agent' ? RATCHET_TYPES.agentToController : RATCHET_TYPES.controllerToAgent

export const peerOf = (role: Role): Role => (role === 'agent' ? 'controller' : 'agent')

/** A message whose shape is good; the bytes of its fields are views of `frame`. */
export interface ParsedMessage extends RatchetMessage {
  readonly frame: Uint8Array
}

/** A header without its tag. */
export type Header = Pick<RatchetMessage, 'type' | 'suite' | 'dh' | 'base' | 'n' | 'nonce'>

/** 8 bytes over bytes 0 to 3 and 12 to 63 (session.header.tag). */
export const headerTag = (headerKey: Uint8Array, header: Uint8Array): Bytes =>
  hmac(headerKey, header.subarray(0, TAG.from), header.subarray(TAG.to, RATCHET_HEADER)).slice(0, 8)

/** The 64 bytes of a header with its tag. */
export function encodeHeader(header: Header, headerKey: Uint8Array): Bytes {
  const bytes = RatchetMessage.encode({ ...header, headerTag: new Uint8Array(8), sealed: EMPTY_SEAL })
  bytes.set(headerTag(headerKey, bytes), TAG.from)
  return bytes.slice(0, RATCHET_HEADER)
}

/** A whole message (session.message.layout, session.message.aad). */
export async function sealMessage(
  header: Header,
  headerKey: Uint8Array,
  messageKey: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Promise<Bytes> {
  const head = encodeHeader(header, headerKey)
  return concat(head, await seal(messageKey, header.nonce, concat(associatedData, head), plaintext))
}

/**
 * Step 1, the shape of a message that `from` may have sent. Throws ProtocolError `truncated`,
 * `length`, `version` or `direction`.
 */
export function parseMessage(frame: Uint8Array, from: Role): ParsedMessage {
  // session.receive.length
  if (frame.length < RATCHET_OVERHEAD) {
    throw new ProtocolError('truncated', `Cannot read a ratchet message of ${frame.length} bytes`)
  }
  // session.receive.too-long
  if (frame.length > RATCHET_OVERHEAD + limits.plaintextMax) {
    throw new ProtocolError('length', `Cannot read a ratchet message of ${frame.length} bytes`)
  }
  // session.receive.version
  const message = RatchetMessage.decode(frame)
  // session.receive.direction
  if (message.type !== typeSentBy(from)) {
    throw new ProtocolError(
      'direction',
      `Cannot read a ratchet message of type ${message.type}: not the peer's direction`,
    )
  }
  return { ...message, frame }
}

/** Whether the message carries the tag of this key. */
export const fitsHeaderKey = (message: ParsedMessage, headerKey: Uint8Array): boolean =>
  equal(message.headerTag, headerTag(headerKey, message.frame))

/** Opens the seal alone. Throws ProtocolError `decrypt` (session.receive.decrypt). */
export const openMessage = (
  message: ParsedMessage,
  messageKey: Uint8Array,
  associatedData: Uint8Array,
): Promise<Bytes> =>
  open(messageKey, message.nonce, concat(associatedData, message.frame.subarray(0, RATCHET_HEADER)), message.sealed)
