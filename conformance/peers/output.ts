// What the programs in the terminals of the scenarios say, and how their output is judged: each byte tells
// its own offset, so that one that is misplaced, lost or doubled shows.

import { Failed } from '../shim/trouble.ts'
import type { Rpc } from './rpc.ts'

/** Every line is a number of nine digits and a line feed. */
const LINE = 10

/** The byte at `offset` of what a talker says. */
export function byteAt(offset: number): number {
  const column = offset % LINE
  if (column === LINE - 1) return 0x0a
  const number = Math.floor(offset / LINE) + 1
  return 0x30 + (Math.floor(number / 10 ** (LINE - 2 - column)) % 10)
}

/** A program that says so many bytes, in raw mode, and then so many more for each line with a number that it reads. */
export const talker = (bytes: number): string[] => [
  'sh',
  '-c',
  'stty raw -echo; n=1; k=$0; while seq -f %09.0f $n $((n+k-1)); n=$((n+k)); read k; do :; done',
  String(bytes / LINE),
]

/** What a talker is told so that it says so many bytes more. */
export const sayMore = (bytes: number): string => `${bytes / LINE}\n`

/** A program that says so many bytes and ends. */
export const speaker = (bytes: number, exitCode = 0): string[] => [
  'sh',
  '-c',
  `stty raw -echo; seq -f %09.0f 1 ${bytes / LINE}; exit ${exitCode}`,
]

/** How much further credit is granted, and when: as `rpc.credit.grant` says is enough. */
const WINDOW = 262_144

/** One stream of terminal output as a viewer takes it in. */
export class Output {
  readonly streamId: number
  readonly sessionNumber: number
  readonly from: number
  /** Grants credit as it takes in output. */
  grants: boolean
  /** Bytes before this offset have come, without a hole. */
  next: number
  credit: number
  /** The sender may leave out what it no longer keeps. */
  mayJump = false
  #arrived: number
  #read = 0
  readonly #early = new Map<number, Uint8Array>()

  constructor(answer: { readonly stream: number; readonly offset: number }, sessionNumber: number, grants: boolean) {
    this.streamId = answer.stream
    this.sessionNumber = sessionNumber
    this.from = this.next = this.#arrived = answer.offset
    this.credit = answer.offset + WINDOW
    this.grants = grants
  }

  /** Reads on in what `rpc` has heard, and judges each byte. `isTalker`: of a talker or speaker. */
  take(rpc: Rpc, isTalker = true): void {
    rpc.update()
    for (; this.#read < rpc.chunks.length; this.#read++) {
      const chunk = rpc.chunks[this.#read]
      if (!chunk || chunk.streamId !== this.streamId || chunk.sessionNumber !== this.sessionNumber) continue
      const { offset, bytes } = chunk
      if (isTalker) judge(offset, bytes)
      // rpc.credit.hole
      if (this.mayJump && offset > this.#arrived) this.credit += offset - this.#arrived
      this.#arrived = offset + bytes.length
      // rpc.credit.limit
      if (offset + bytes.length > this.credit) {
        throw new Failed(`A chunk ends at ${offset + bytes.length}, beyond the credit of ${this.credit}`)
      }
      this.#early.set(offset, bytes)
    }
    for (let bytes = this.#early.get(this.next); bytes; bytes = this.#early.get(this.next)) {
      this.#early.delete(this.next)
      this.next += bytes.length
    }
  }

  /** Offset where the last chunk that came has its end. */
  get arrived(): number {
    return this.#arrived
  }

  /** The credit that is to be granted now, or undefined. */
  get due(): number | undefined {
    return this.grants && this.credit - this.next <= WINDOW / 2 ? this.next + WINDOW : undefined
  }
}

function judge(offset: number, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== byteAt(offset + i)) throw new Failed(`The byte at ${offset + i} of the output is another one`)
  }
}
