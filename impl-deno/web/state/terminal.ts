// One terminal of a computer, as far as this device knows it. What it wrote is kept here, so that a view can be made of
// it at any time without asking the computer again.

import { signal } from '@preact/signals'
import { utf8 } from '../../crypto/bytes.ts'

export interface Size {
  readonly cols: number
  readonly rows: number
}

export interface End {
  readonly exitCode: number | null
  readonly signal: number | null
  /** `gone`: the agent no longer knows it, as after it was started anew. */
  readonly why: 'exited' | 'closed' | 'gone'
}

/** `mayAnswer`: an emulator may answer what these bytes ask of it. */
export type Sink = (bytes: Uint8Array, mayAnswer: boolean) => void

interface Piece {
  readonly bytes: Uint8Array
  mayAnswer: boolean
}

/** Bytes of output that are kept here: as many as an agent keeps at least (rpc.terminal.ring). */
const KEPT = 1_048_576
/** After a gap: ends a sequence that was cut, and its colours. */
const MEND = utf8('\u0018\u001b[0m')

export class Terminal {
  readonly id: string
  /** In the order in which they became known. */
  readonly number: number
  readonly size = signal<Size>({ cols: 80, rows: 24 })
  readonly end = signal<End | undefined>(undefined)
  /** Bytes of output that no one keeps any more. */
  readonly lost = signal(0)
  readonly isAttached = signal(false)
  /** The computer is being told another size. */
  readonly isResizing = signal(false)
  /**
   * A program that asks its terminal something is answered by the device at which it is used. Where a page is loaded again,
   * the questions of the past come again: their answers would be typed into what runs now.
   */
  isUsedHere = false
  #kept: Piece[] = []
  #bytes = 0
  #sink: Sink | undefined

  constructor(id: string, number: number) {
    this.id = id
    this.number = number
  }

  /** Gives everything that is kept to `sink`, and what comes from then on; the result ends that. */
  follow(sink: Sink): () => void {
    this.#sink = sink
    for (const piece of this.#kept) this.#show(piece, sink)
    return () => {
      if (this.#sink === sink) this.#sink = undefined
    }
  }

  output(bytes: Uint8Array): void {
    const piece = { bytes: bytes.slice(), mayAnswer: this.isUsedHere }
    this.#kept.push(piece)
    this.#bytes += bytes.length
    while (this.#bytes > KEPT) this.#bytes -= this.#kept.shift()?.bytes.length ?? this.#bytes
    if (this.#sink) this.#show(piece, this.#sink)
  }

  gap(from: number, to: number): void {
    this.lost.value += to - from
    this.output(MEND)
  }

  ended(end: End): void {
    this.end.value ??= end
  }

  #show(piece: Piece, sink: Sink): void {
    sink(piece.bytes, piece.mayAnswer)
    piece.mayAnswer = false
  }
}
