// A few lines at the foot of the output that change in place, and printing above them.

import type { WriteStream } from 'node:tty'
import { cut, rowsOf, widthOf } from './columns.ts'

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
  /** Where the cursor stands in what is on the screen, and what is there; null: nothing of the block is. */
  #drawn: { readonly row: number; readonly column: number; readonly lines: readonly string[] } | null = null
  #shown = ''
  readonly #redraw = () => {
    if (this.#drawn !== null) this.#draw('')
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
    this.#drawn = null
    this.#shown = ''
  }

  close(): void {
    this.clear()
    this.#out.off('resize', this.#redraw)
    process.off('exit', this.#showCursor)
  }

  /** As it is now: the signal that tells of another size may still be on its way. */
  #size(): [columns: number, rows: number] {
    return this.#out.isTTY && !this.#out.destroyed ? this.#out.getWindowSize() : [80, 24]
  }

  /** A terminal that has become narrower has broken the lines that it shows. */
  #erase(): string {
    if (!this.#drawn) return ''
    const [columns] = this.#size()
    const { row, column, lines } = this.#drawn
    const above = lines.slice(0, row).reduce((rows, line) => rows + rowsOf(line, columns), 0)
    return `\r${up(above + Math.floor(column / columns))}${CLEAR_BELOW}`
  }

  #draw(above: string): void {
    const [columns, rows] = this.#size()
    // A line that fills the last column would wrap in some terminals.
    const lines = this.#lines.slice(-Math.max(1, rows - 1)).map((line) => cut(line, columns - 1))
    const left = this.#lines.length - lines.length
    const cursor = this.#cursor && { ...this.#cursor, row: Math.max(0, this.#cursor.row - left) }
    const block = lines.join('\n')
    const last = lines.length - 1
    const place = cursor
      ? `${up(last - cursor.row)}\r${cursor.column > 0 ? `\u001b[${cursor.column}C` : ''}${SHOW}`
      : ''
    if (above === '' && this.#drawn !== null && this.#shown === block + place) return
    this.#out.write(HIDE + this.#erase() + above + block + place)
    this.#shown = block + place
    const { row, column } = cursor ?? { row: last, column: widthOf(lines.at(-1) ?? '') }
    this.#drawn = lines.length === 0 ? null : { row, column, lines }
    if (lines.length === 0) this.#out.write(SHOW)
  }
}
