// Ratchet message, plaintext frame, stored state and the session's own messages: spec/session.md.

import { type Static, Type } from 'typebox'
import { VERSION } from './constants.ts'
import { codesAt } from './errors.ts'
import {
  Bytes,
  Const,
  Counted,
  type Decoded,
  LengthOf,
  layout,
  Magic,
  Repeated,
  Rest,
  U8,
  U16,
  U32,
  U64,
  Zeros,
} from './layout.ts'
import { limits } from './limits.ts'

export const RATCHET_TYPES = { agentToController: 0x10, controllerToAgent: 0x11 } as const
/** Bytes of a ratchet message before the ciphertext; with AD they are the AEAD's associated data. */
export const RATCHET_HEADER = 64
export const RATCHET_OVERHEAD = 80

export const RatchetMessage = layout(
  'RatchetMessage',
  {
    version: Const(VERSION, 'version', 'version'),
    type: U8('0x10 agent to controller, 0x11 controller to agent'),
    suite: U16('suite of the session'),
    headerTag: Bytes(8, 'HMAC(HT of the sender, bytes 0 to 3 ‖ bytes 12 to 63)[0..8)'),
    dh: Bytes(32, "the sender's ratchet public key"),
    base: U32('frames that the sender sent in this session before this chain'),
    n: U32('number in this chain'),
    nonce: Bytes(12, 'random'),
    sealed: Rest('AEAD(mk, nonce, AD ‖ bytes 0 to 63, padded plaintext frame)', {
      min: 16,
      max: limits.plaintextMax + 16,
    }),
  },
  { short: 'truncated' },
)
export type RatchetMessage = Decoded<typeof RatchetMessage>

export const CONTENT_TYPES = { control: 0, rpc: 1, batch: 2, stream: 3 } as const
export type ContentType = keyof typeof CONTENT_TYPES
/** Bytes of a plaintext frame before its content. */
export const PLAINTEXT_HEADER = 18

/** The frame before padding; zero bytes follow it up to P(18 + len) or more. */
export const PlaintextFrame = layout(
  'PlaintextFrame',
  {
    contentType: U8('0 control, 1 RPC, 2 batch, 3 stream chunk'),
    flags: U8('zero'),
    fresh: Bytes(8, 'newest challenge received from the peer, zero if none'),
    ack: U32('seq + 1 of the newest frame opened from the peer in this session, 0 if none'),
    contentLength: LengthOf('content', 4, 'length of content', {
      min: 0,
      max: limits.plaintextMax - PLAINTEXT_HEADER,
    }),
    content: Counted('content', { min: 0, max: limits.plaintextMax - PLAINTEXT_HEADER }),
    padding: Rest('zero bytes', { min: 0, max: limits.plaintextMax }),
  },
  { short: 'padding' },
)
export type PlaintextFrame = Decoded<typeof PlaintextFrame>

export const StreamChunk = layout('StreamChunk', {
  streamId: U32('chosen by the sender, per session and direction, from 1, never reused', { min: 1 }),
  offset: U64('of the first byte in the stream'),
  bytes: Rest('content', { min: 1, max: limits.chunkMax }),
})
export type StreamChunk = Decoded<typeof StreamChunk>

export const SkippedKey = layout('SkippedKey', {
  dh: Bytes(32, "the sender's ratchet public key"),
  n: U32('number in that chain'),
  messageKey: Bytes(32, 'mk'),
})
export type SkippedKey = Decoded<typeof SkippedKey>

export const STATE_ROLES = { agent: 1, controller: 2 } as const
export const STATE_FLAGS = { dhr: 1, cks: 2, ckr: 4, external: 8 } as const

export const StateImage = layout('StateImage', {
  magic: Magic('HRS1', 'HRS1', 'state-corrupt'),
  format: Const(1, 'format', 'state-corrupt'),
  role: U8('1 agent, 2 controller', { min: 1, max: 2 }),
  suite: U16('suite'),
  generation: U64('one more at each write'),
  sessionId: Bytes(16, 'SID'),
  associatedData: Bytes(32, 'AD'),
  headerSend: Bytes(32, 'HT of the messages that this side sends'),
  headerReceive: Bytes(32, "HT of the peer's messages"),
  rootKey: Bytes(32, 'RK'),
  dhPrivate: Bytes(32, 'DHs private; zero where flag bit 3 is set'),
  dhPublic: Bytes(32, 'DHs public'),
  flags: U8('bit 0 DHr, 1 CKs, 2 CKr present; 3 DHs private is an external handle', { mask: 0b1111 }),
  zeros1: Zeros(3),
  dhRemote: Bytes(32, 'DHr, zero if absent'),
  chainSend: Bytes(32, 'CKs, zero if absent'),
  chainReceive: Bytes(32, 'CKr, zero if absent'),
  sent: U32('Ns'),
  received: U32('Nr'),
  baseSend: U32('baseS'),
  baseReceive: U32('baseR'),
  skippedCount: LengthOf('skipped', 2, 'number of skipped message keys', { min: 0, max: limits.skippedKeys }),
  zeros2: Zeros(2),
  skipped: Repeated(SkippedKey, limits.skippedKeys, 'oldest first'),
})
export type StateImage = Decoded<typeof StateImage>

/** Byte strings in JSON: base64url of exactly `size` bytes, no padding, unused bits zero. */
export function Base64url(size: number, description: string) {
  const [length, last] = { 0: [0, ''], 1: [1, '[AQgw]'], 2: [2, '[AEIMQUYcgkosw048]'] }[(size % 3) as 0 | 1 | 2] as [
    number,
    string,
  ]
  const full = Math.floor(size / 3) * 4 + Math.max(0, length)
  return Type.String({ pattern: `^[A-Za-z0-9_-]{${full}}${last}$`, description })
}

/** UTF-8 text without control characters; the 64-byte limit is checked beside the schema. */
export const Name = Type.String({
  minLength: 1,
  maxLength: limits.nameMax,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
  description: 'At most 64 bytes of UTF-8, no control characters.',
})

/** Schemas of content type 0x00, by `type`. */
export const ControlHello = Type.Object({
  type: Type.Literal('hello'),
  challenge: Base64url(8, '8 random bytes'),
  suites: Type.Integer({ minimum: 0, maximum: 65_535, description: "As M1's `supported`." }),
  commandEpoch: Type.Optional(Type.String({ description: 'From the agent: new when the command store was lost.' })),
  journalEpoch: Type.Optional(Type.String({ description: 'From the agent: new when the journal was lost.' })),
})
export const ControlAck = Type.Object({ type: Type.Literal('ack') })
export const ControlRekey = Type.Object({ type: Type.Literal('rekey') })
export const ControlPairComplete = Type.Object({
  type: Type.Literal('pair.complete'),
  capabilities: Type.Array(Type.String(), { description: 'Capabilities granted.' }),
  agentName: Name,
})
export const ControlPairAck = Type.Object({ type: Type.Literal('pair.ack'), deviceName: Name })
export const ControlPairingRevoked = Type.Object({ type: Type.Literal('pairing.revoked') })
export const ControlError = Type.Object({
  type: Type.Literal('error'),
  code: Type.Enum(codesAt('control')),
  message: Type.String(),
})

export const ControlMessage = Type.Union([
  ControlHello,
  ControlAck,
  ControlRekey,
  ControlPairComplete,
  ControlPairAck,
  ControlPairingRevoked,
  ControlError,
])
export type ControlMessage = Static<typeof ControlMessage>
export type ControlHello = Static<typeof ControlHello>
