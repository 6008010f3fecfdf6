// A few lines at the foot of the output that change in place, and printing above them.

import type { WriteStream } from 'node:tty'
import { cut } from './columns.ts'

export interface Cursor {
  /** In the block, from 0. */
  readonly row: number
  readonly column: number
}

const HIDE = '\u001b[?25l'
const SHOW = '\u001b[?25h'
const CLEAR_BELOW = '\u001b[J'
const up = (rows: number) => (rows > 0 ? `\u001b[${rows}A` : '')

export class LiveBlock {
  readonly #out: WriteStream
  #lines: readonly string[] = []
  #cursor: Cursor | null = null
  /** Where the cursor stands in what is on the screen; null: nothing of the block is. */
  #row: number | null = null
  #shown = ''
  readonly #redraw = () => {
    if (this.#row !== null) this.#draw('')
  }

  readonly #showCursor = () => void this.#out.write(SHOW)

  constructor(out: WriteStream) {
    this.#out = out
    out.on('resize', this.#redraw)
    process.on('exit', this.#showCursor)
  }

  /** Shows these lines, each cut to the width, with the cursor at its place or hidden. */
  set(lines: readonly string[], cursor: Cursor | null = null): void {
    this.#lines = lines
    this.#cursor = cursor
    this.#draw('')
  }

  /** Prints whole lines above the block, which changes at the same time where `lines` are given. */
  print(text: string, lines = this.#lines, cursor = this.#cursor): void {
    this.#lines = lines
    this.#cursor = cursor
    this.#draw(`${text}\n`)
  }

  /** Takes the block off the screen, until the next `set`. */
  clear(): void {
    this.#out.write(this.#erase() + SHOW)
    this.#lines = []
    this.#row = null
    this.#shown = ''
  }

  close(): void {
    this.clear()
    this.#out.off('resize', this.#redraw)
    process.off('exit', this.#showCursor)
  }

  #erase(): string {
    return this.#row === null ? '' : `\r${up(this.#row)}${CLEAR_BELOW}`
  }

  #draw(above: string): void {
    const { columns = 80, rows = 24 } = this.#out
    // A line that fills the last column would wrap in some terminals.
    const lines = this.#lines.slice(-(rows - 1)).map((line) => cut(line, columns - 1))
    const cursor = this.#cursor
    const block = lines.join('\n')
    const last = lines.length - 1
    const place = cursor
      ? `${up(last - cursor.row)}\r${cursor.column > 0 ? `\u001b[${cursor.column}C` : ''}${SHOW}`
      : ''
    if (above === '' && this.#row !== null && this.#shown === block + place) return
    this.#out.write(HIDE + this.#erase() + above + block + place)
    this.#shown = block + place
    this.#row = lines.length === 0 ? null : cursor ? cursor.row : last
    if (lines.length === 0) this.#out.write(SHOW)
  }
}
