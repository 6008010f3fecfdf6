// How much of a file is there, on the terminal of a person.

import { exactText } from '../../controller/safe-text.ts'

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']
/** Milliseconds between two looks. */
const EVERY = 200

/** `2.4 MB` */
export function inUnits(bytes: number): string {
  let [value, unit] = [bytes, 0]
  while (value >= 1_000 && unit < UNITS.length - 1) [value, unit] = [value / 1_000, unit + 1]
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

export interface ProgressLine extends Disposable {
  show(done: number, of: number): void
}

/** One line that changes in place; nothing where nobody looks. */
export function showProgress(name: string, isQuiet: boolean): ProgressLine {
  const isShown = !isQuiet && Deno.stderr.isTerminal()
  const write = (text: string) => isShown && Deno.stderr.writeSync(new TextEncoder().encode(text))
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    show(done, of) {
      const now = performance.now()
      if (now - shownAt < EVERY && done < of) return
      shownAt = now
      // ESC [ K takes away what is left of the line before.
      write(`\r${exactText(name).slice(-30)}  ${inUnits(done)} of ${inUnits(of)}\u001b[K`)
    },
    [Symbol.dispose]: () => write('\r\u001b[K'),
  }
}
