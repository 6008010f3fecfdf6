// How far a long transfer has come, on a terminal; nothing elsewhere.

import { widthOf } from './columns.ts'

const STEP = 200
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** `1.5 MB` */
export function amount(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes === 0 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1_000 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`
}

/** `movie.mp4  1.5 MB of 3.0 MB  50 %` */
export function progressText(label: string, done: number, of: number): string {
  const percent = of === 0 ? 100 : Math.floor((done / of) * 100)
  return `${label}  ${amount(done)} of ${amount(of)}  ${percent} %`
}

export class Progress {
  readonly #label: string
  readonly #out: NodeJS.WriteStream
  #at = Number.NEGATIVE_INFINITY
  #width = 0

  constructor(label: string, out: NodeJS.WriteStream = process.stderr) {
    this.#label = label
    this.#out = out
  }

  show(done: number, of: number): void {
    const now = performance.now()
    if (!this.#out.isTTY || (now - this.#at < STEP && done < of)) return
    this.#at = now
    const text = progressText(this.#label, done, of)
    const room = (this.#out.columns ?? 80) - 1
    const line = text.length > room ? text.slice(-room) : text
    this.#out.write(`\r${line.padEnd(this.#width)}`)
    this.#width = widthOf(line)
  }

  /** Takes the line away. */
  end(): void {
    if (this.#width > 0) this.#out.write(`\r${' '.repeat(this.#width)}\r`)
    this.#width = 0
  }
}
