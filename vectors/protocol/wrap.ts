// The sealed frame of every handshake message: section 5.1.

import { label, VERSION } from '@happy-remote/schemas/constants.ts'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { HANDSHAKE_HEADER, HANDSHAKE_TYPES, HandshakeFrame } from '@happy-remote/schemas/pairing.ts'
import type { Backend } from '../backend/backend.ts'
import { concat, u8, u16 } from './bytes.ts'

export interface Wrapping {
  readonly header: Uint8Array
  readonly key: Uint8Array
  readonly nonce: Uint8Array
}

/** `header` is frame[0..36). */
async function wrapping(backend: Backend, secret: Uint8Array, header: Uint8Array): Promise<Wrapping> {
  const info = concat(label('hs-wrap'), header.subarray(0, 4))
  const keys = await backend.hkdf(secret, header.subarray(4), info, 44)
  return { header, key: keys.subarray(0, 32), nonce: keys.subarray(32) }
}

export function wrapHeader(type: number, suite: number, salt: Uint8Array): Uint8Array {
  return concat(u8(VERSION), u8(type), u16(suite), salt)
}

/** Also gives the key and nonce, for the vectors. */
export async function seal(backend: Backend, secret: Uint8Array, header: Uint8Array, body: Uint8Array) {
  const wrap = await wrapping(backend, secret, header)
  return { ...wrap, frame: concat(header, await backend.seal(wrap.key, wrap.nonce, header, body)) }
}

/** Version, type and length before the secret is touched; `types` are those expected now. */
export async function open(
  backend: Backend,
  secret: Uint8Array,
  frame: Uint8Array,
  types: readonly number[] = Object.values(HANDSHAKE_TYPES),
): Promise<{ type: number; suite: number; body: Uint8Array }> {
  const { type, suite, sealed } = HandshakeFrame.decode(frame)
  if (!types.includes(type)) throw new ProtocolError('type')
  const { key, nonce, header } = await wrapping(backend, secret, frame.subarray(0, HANDSHAKE_HEADER))
  const body = await backend.open(key, nonce, header, sealed).catch(() => {
    throw new ProtocolError('decrypt')
  })
  return { type, suite, body }
}
