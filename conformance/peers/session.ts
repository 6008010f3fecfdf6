// A scripted session: the ratchet of the reference code, with every part of a message open to faults.

import {
  CONTENT_TYPES,
  type ContentType,
  PLAINTEXT_HEADER,
  RATCHET_TYPES,
  RatchetMessage,
  STATE_ROLES,
  type StateImage,
} from '@happy-remote/schemas/session.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { concat, u8, u16, u32 } from '@happy-remote/vectors/protocol/bytes.ts'
import { decodeFrame, type Plain, paddedLength } from '@happy-remote/vectors/protocol/frame.ts'
import { chainStep, type Header, headerTag, receive } from '@happy-remote/vectors/protocol/ratchet.ts'
import { SuiteError } from '../shim/trouble.ts'
import { random } from './device.ts'

/** A plaintext frame before it is sealed. */
export interface PlainParts {
  readonly contentType: number
  readonly flags: number
  readonly fresh: Uint8Array
  readonly ack: number
  /** What the frame says of the length of its content. */
  readonly contentLength: number
  readonly content: Uint8Array
  readonly padding: Uint8Array
}

export interface HeaderParts extends Header {
  readonly version: number
  /** HT of the sender, with which the tag is made. */
  readonly tagKey: Uint8Array
}

/** How one message differs from the right one; each member changes one layer, and the others fit it. */
export interface SealFault {
  readonly plain?: (right: PlainParts) => Partial<PlainParts>
  readonly header?: (right: HeaderParts) => Partial<HeaderParts>
  /** The associated data, before the 64 bytes of the header. */
  readonly associatedData?: Uint8Array
  readonly messageKey?: Uint8Array
  /** The whole message. */
  readonly message?: (right: Uint8Array) => Uint8Array
  /** The state stays as it was, so that the next message uses the same number again. */
  readonly keepState?: boolean
}

export interface OpenedMessage extends Plain {
  readonly seq: number
  readonly dh: Uint8Array
  readonly base: number
  readonly n: number
  readonly nonce: Uint8Array
  readonly late: boolean
  /** Bytes of the ratchet message. */
  readonly size: number
  /** Bytes of the padded plaintext frame. */
  readonly padded: number
}

const encodePlain = (parts: PlainParts): Uint8Array =>
  concat(
    u8(parts.contentType),
    u8(parts.flags),
    parts.fresh,
    u32(parts.ack),
    u32(parts.contentLength),
    parts.content,
    parts.padding,
  )

/** Zero bytes up to P(18 + length of the content), as `session.frame.padding` asks for at least. */
export const paddingFor = (content: Uint8Array): Uint8Array =>
  new Uint8Array(paddedLength(PLAINTEXT_HEADER + content.length) - PLAINTEXT_HEADER - content.length)

export class ScriptedSession {
  state: StateImage
  /** seq + 1 of the newest frame that was opened. */
  ack = 0
  /** Frames from this one on are not acknowledged, by a peer that has stopped to. */
  ackUpTo = Number.POSITIVE_INFINITY
  /** The newest `ack` of the peer. */
  acked = 0
  /** Streams named by this side so far. */
  streams = 0

  constructor(state: StateImage) {
    this.state = state
  }

  /** seq of the next message that is sent. */
  get nextSeq(): number {
    return this.state.baseSend + this.state.sent
  }

  /** Seals one frame. `fresh` is the newest challenge of the peer, over all sessions. */
  async seal(contentType: ContentType, content: Uint8Array, fresh: Uint8Array, fault: SealFault = {}) {
    const { state } = this
    const padding = paddingFor(content)
    const plain: PlainParts = {
      contentType: CONTENT_TYPES[contentType],
      flags: 0,
      fresh,
      ack: Math.min(this.ack, this.ackUpTo),
      contentLength: content.length,
      content,
      padding,
    }
    const bytes = encodePlain({ ...plain, ...fault.plain?.(plain) })
    if (!fault.plain) decodeFrame(bytes)
    const { messageKey, chainKey } = await chainStep(noble, state.chainSend)
    const right: HeaderParts = {
      version: 1,
      type: state.role === STATE_ROLES.agent ? RATCHET_TYPES.agentToController : RATCHET_TYPES.controllerToAgent,
      suite: state.suite,
      dh: state.dhPublic,
      base: state.baseSend,
      n: state.sent,
      nonce: random(12),
      tagKey: state.headerSend,
    }
    const header = { ...right, ...fault.header?.(right) }
    const begin = concat(u8(header.version), u8(header.type), u16(header.suite))
    const end = concat(header.dh, u32(header.base), u32(header.n), header.nonce)
    const tag = await headerTag(noble, header.tagKey, concat(begin, new Uint8Array(8), end))
    const head = concat(begin, tag, end)
    const aad = concat(fault.associatedData ?? state.associatedData, head)
    const sealed = await noble.seal(fault.messageKey ?? messageKey, header.nonce, aad, bytes)
    const message = concat(head, sealed)
    if (!fault.keepState) this.state = { ...state, chainSend: chainKey, sent: state.sent + 1 }
    if (Object.keys(fault).length === 0) assertMessage(message)
    return fault.message?.(message) ?? message
  }
}

function assertMessage(message: Uint8Array): void {
  try {
    RatchetMessage.decode(message)
  } catch (error) {
    throw new SuiteError(`A scripted peer is about to send a message that its own layout rejects: ${error}`)
  }
}

/**
 * Opens a message in the one of `sessions` that it fits, by the rules of session.md. Throws ProtocolError
 * where it is to be refused; `plain` is the error of the frame inside where that is.
 */
export async function openIn(sessions: readonly ScriptedSession[], message: Uint8Array) {
  const states = sessions.map(({ state }) => state)
  const { session: index, state, plaintext, late } = await receive(noble, states, message, random(32))
  const session = sessions[index] as ScriptedSession
  const { dh, base, n, nonce } = RatchetMessage.decode(message)
  const seq = base + n
  session.state = state
  session.ack = Math.max(session.ack, seq + 1)
  const facts = { seq, dh, base, n, nonce, late, size: message.length, padded: plaintext.length }
  return { session, facts, read: () => decodeFrame(plaintext) }
}
