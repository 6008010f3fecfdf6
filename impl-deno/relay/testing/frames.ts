// WebSocket frames as a client writes and reads them (RFC 6455, 5.2), with nothing that keeps it from misbehaving.

import { concat, utf8 } from '../../crypto/bytes.ts'

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A masked frame; the mask is zero, so that the bytes are what they look like. */
export function frame(opcode: number, payload: Uint8Array | string, { final = true } = {}): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === 'string' ? utf8(payload) : payload
  const first = (final ? 0x80 : 0) | opcode
  const { length } = bytes
  const mask = new Uint8Array(4)
  if (length < 126) return concat(Uint8Array.of(first, 0x80 | length), mask, bytes)
  if (length < 65_536) return concat(Uint8Array.of(first, 0xfe, length >>> 8, length), mask, bytes)
  const head = new Uint8Array(10)
  head[0] = first
  head[1] = 0xff
  new DataView(head.buffer).setUint32(6, length)
  return concat(head, mask, bytes)
}

export interface ReceivedFrame {
  readonly opcode: number
  readonly payload: Uint8Array<ArrayBuffer>
}

/** Takes the first whole frame off `bytes`; a server does not mask, and does not cut what it sends. */
export function takeFrame(
  bytes: Uint8Array<ArrayBuffer>,
): { frame: ReceivedFrame; rest: Uint8Array<ArrayBuffer> } | undefined {
  if (bytes.length < 2) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let length = (bytes[1] as number) & 0x7f
  let at = 2
  if (length === 126) {
    if (bytes.length < 4) return undefined
    length = view.getUint16(2)
    at = 4
  } else if (length === 127) {
    if (bytes.length < 10) return undefined
    length = view.getUint32(6)
    at = 10
  }
  if (bytes.length < at + length) return undefined
  const payload = bytes.slice(at, at + length)
  return { frame: { opcode: (bytes[0] as number) & 15, payload }, rest: bytes.subarray(at + length) }
}
