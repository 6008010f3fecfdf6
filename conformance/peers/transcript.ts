// What went over the wire in one scenario, as NDJSON.

import { type Static, Type } from 'typebox'

/** One line of a transcript. Text frames are shown as sent, binary frames by their routes. */
export const TranscriptLine = Type.Object({
  t: Type.Number({ description: 'ms since the scenario began' }),
  from: Type.String(),
  to: Type.String(),
  bytes: Type.Optional(Type.Integer({ description: 'size of the frame' })),
  decoded: Type.Optional(Type.Unknown({ description: 'the message, the frame, or what happened' })),
})
export type TranscriptLine = Static<typeof TranscriptLine>

/** Frames beyond this number are counted, not written. */
const LINES_KEPT = 2_000

export class Transcript {
  readonly #lines: string[] = []
  readonly #began = performance.now()
  #left = 0

  add(from: string, to: string, decoded: unknown, bytes?: number): void {
    if (this.#lines.length >= LINES_KEPT) {
      this.#left += 1
      return
    }
    const t = Math.round((performance.now() - this.#began) * 10) / 10
    const line: TranscriptLine = { t, from, to, ...(bytes !== undefined && { bytes }), decoded }
    this.#lines.push(JSON.stringify(line))
  }

  toString(): string {
    const note =
      this.#left > 0 ? [JSON.stringify({ t: 0, from: 'suite', to: 'reader', decoded: `${this.#left} lines more` })] : []
    return [...this.#lines, ...note].map((line) => `${line}\n`).join('')
  }
}
