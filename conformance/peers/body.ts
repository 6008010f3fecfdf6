// The params of a message as a stream beside it: right, in any order, and wrong on purpose.

import { createHash } from 'node:crypto'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { SuiteError } from '../shim/trouble.ts'
import type { Endpoint, SendOptions } from './endpoint.ts'

export interface Piece {
  readonly stream: number
  readonly offset: number
  readonly bytes: Uint8Array
}

/** How a body differs from the right one, or in which pieces it comes. */
export interface BodyPlan {
  /** Another body than the right one; the reference fits it. */
  readonly body?: (right: Uint8Array) => Uint8Array
  /** Other members of the reference. */
  readonly reference?: object
  readonly pieces?: (all: Piece[]) => Piece[]
  /** So many of the pieces are not sent. */
  readonly leaveOut?: number
}

const PIECE = 50_000

const cut = (stream: number, body: Uint8Array, size = PIECE): Piece[] =>
  Array.from({ length: Math.ceil(body.length / size) }, (_, i) => ({
    stream,
    offset: i * size,
    bytes: body.subarray(i * size, (i + 1) * size),
  }))

const recut = (size: number) => (all: Piece[]) =>
  cut(all[0]?.stream ?? 0, Buffer.concat(all.map(({ bytes }) => bytes)), size)
const other = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte) => byte ^ 1)
const text = (words: string) => () => Buffer.from(words)

/** Bodies that come whole, whatever their pieces. */
export const bodyPieces = {
  'in pieces of 5,000 bytes': { pieces: recut(5_000) },
  'with the last piece first': { pieces: (all) => all.toReversed() },
  'with every piece twice': { pieces: (all) => all.flatMap((piece) => [piece, piece]) },
  'in pieces that overlap': {
    pieces: (all) =>
      all.map((piece, i) => {
        const before = all[i - 1]
        if (!before) return piece
        const bytes = Buffer.concat([before.bytes.subarray(-100), piece.bytes])
        return { ...piece, offset: piece.offset - 100, bytes }
      }),
  },
} as const satisfies Record<string, BodyPlan>

/** Bodies that are not to be used. */
export const bodyFaults = {
  'has another hash': { reference: { sha256: 'A'.repeat(43) } },
  'is one byte longer than its reference says': {
    pieces: (all) =>
      all.map((piece, i) =>
        i === all.length - 1 ? { ...piece, bytes: Buffer.concat([piece.bytes, Buffer.from(' ')]) } : piece,
      ),
  },
  'overlaps with other bytes': {
    pieces: ([first, ...rest]) =>
      first ? [first, { ...first, offset: 10, bytes: other(first.bytes.subarray(10, 20)) }, ...rest] : rest,
  },
  'is not JSON': { body: text('{"prompt":"hello"') },
  'is not UTF-8': { body: () => Buffer.concat([Buffer.from('{"prompt":"'), Uint8Array.of(0xff), Buffer.from('"}')]) },
  'is an array': { body: text('[{"prompt":"hello"}]') },
  'is a text': { body: text('"hello"') },
  'lacks a piece': { leaveOut: 1 },
} as const satisfies Record<string, BodyPlan>

/** Sends a message with `body` in the place of its params. Gives the pieces that were left out. */
export async function sendBody(
  peer: Endpoint,
  message: Message,
  right: Uint8Array,
  plan: BodyPlan = {},
  options: SendOptions = {},
): Promise<Piece[]> {
  const session = peer.current
  if (!session) throw new SuiteError(`The ${peer.name} has no session`)
  const stream = ++session.streams
  const body = plan.body?.(right) ?? right
  const sha256 = createHash('sha256').update(body).digest('base64url')
  const params = { stream, length: body.length, sha256, ...plan.reference }
  await peer.sendMessage({ ...message, params } as Message, { ...options, isWrong: true })
  const pieces = (plan.pieces ?? ((all: Piece[]) => all))(cut(stream, body))
  const left = plan.leaveOut ?? 0
  for (const { offset, bytes } of pieces.slice(left)) await peer.sendChunk(stream, offset, bytes)
  return pieces.slice(0, left)
}
