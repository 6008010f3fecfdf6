// Handshake frames, right and wrong: pairing.md, Handshake frames, REKEY_ASK and HS_ERROR.

import { VERSION } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import {
  HANDSHAKE_TYPES,
  HandshakeFrame,
  type HandshakeTypeName,
  HsErrorBody,
  RekeyAskBody,
} from '@happy-remote/schemas/pairing.ts'
import { noble } from '@happy-remote/vectors/backend/noble.ts'
import { concat, u8, u16 } from '@happy-remote/vectors/protocol/bytes.ts'
import { referenceTo } from '@happy-remote/vectors/protocol/notice.ts'
import { open, seal } from '@happy-remote/vectors/protocol/wrap.ts'
import { SuiteError } from '../shim/trouble.ts'
import { random } from './device.ts'

/** What a handshake frame is made of, beside its body. */
export interface Wrapping {
  readonly version: number
  readonly type: number
  readonly suite: number
  readonly salt: Uint8Array
  /** PS in a pairing, PPK in a rekey. */
  readonly secret: Uint8Array
}

/** How one message differs from the right one. Every member changes one layer and leaves the others right. */
export interface MessageFault<Parts> {
  /** Parts that are signed and confirmed as if they were right. */
  readonly parts?: (right: Parts) => Partial<Parts> | Promise<Partial<Parts>>
  readonly body?: (right: Uint8Array) => Uint8Array
  readonly wrapping?: (right: Wrapping) => Partial<Wrapping>
  /** The sealed frame. */
  readonly frame?: (right: Uint8Array) => Uint8Array
}

export const handshakeTypeOf = (frame: Uint8Array): HandshakeTypeName | undefined =>
  (Object.keys(HANDSHAKE_TYPES) as HandshakeTypeName[]).find((name) => HANDSHAKE_TYPES[name] === frame[1])

type Outer = Pick<MessageFault<never>, 'body' | 'wrapping' | 'frame'>

/** Seals `body`, with the faults of the layers around it. */
export async function wrap(
  type: HandshakeTypeName,
  suite: number,
  secret: Uint8Array,
  body: Uint8Array,
  fault: Outer = {},
): Promise<Uint8Array> {
  const right: Wrapping = { version: VERSION, type: HANDSHAKE_TYPES[type], suite, salt: random(32), secret }
  const used = { ...right, ...fault.wrapping?.(right) }
  const header = concat(u8(used.version), u8(used.type), u16(used.suite), used.salt)
  const { frame } = await seal(noble, used.secret, header, fault.body?.(body) ?? body)
  if (fault.frame) return fault.frame(frame)
  if (!fault.body && !fault.wrapping) assertFrame(frame)
  return frame
}

/** A frame that is meant to be right. */
function assertFrame(frame: Uint8Array): void {
  try {
    HandshakeFrame.decode(frame)
  } catch (error) {
    throw new SuiteError(`A scripted peer is about to send a handshake frame that its own layout rejects: ${error}`)
  }
}

/** The body of a frame, or undefined where it does not open under `secret`. */
export async function unwrap(secret: Uint8Array, frame: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    return (await open(noble, secret, frame)).body
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/** HS_ERROR about `answered`, or one that differs from it. */
export async function hsError(
  secret: Uint8Array,
  answered: Uint8Array,
  code: number,
  fault: Outer & { readonly reference?: Uint8Array } = {},
): Promise<Uint8Array> {
  const reference = fault.reference ?? (await referenceTo(noble, answered))
  const suite = new DataView(answered.buffer, answered.byteOffset).getUint16(2)
  return wrap('HS_ERROR', suite, secret, HsErrorBody.encode({ code, reference } as HsErrorBody), fault)
}

export function rekeyAsk(secret: Uint8Array, suite: number, reason: number, fault: Outer = {}): Promise<Uint8Array> {
  return wrap('REKEY_ASK', suite, secret, RekeyAskBody.encode({ reason } as RekeyAskBody), fault)
}
