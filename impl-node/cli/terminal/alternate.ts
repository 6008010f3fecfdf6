// The alternate screen: what stands there is never in the scrollback, and is gone when it closes.

import type { WriteStream } from 'node:tty'
import { rowsOf } from './columns.ts'

const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[2J\u001b[?25h\u001b[?1049l'

export interface AlternateScreen {
  /** The whole screen; what does not fit is left out at the foot. A line that is too long is broken by the terminal. */
  draw(lines: readonly string[]): void
  close(): void
}

export function openAlternateScreen(out: WriteStream): AlternateScreen {
  let open = true
  let last = ''
  const close = () => {
    if (!open) return
    open = false
    process.off('exit', close)
    out.write(LEAVE)
  }
  process.on('exit', close)
  out.write(ENTER)
  return {
    draw(lines) {
      if (!open) return
      const { columns = 80, rows = 24 } = out
      const shown: string[] = []
      let free = rows
      for (const line of lines) {
        free -= rowsOf(line, columns)
        if (free >= 0) shown.push(line)
      }
      const picture = [columns, rows, ...shown].join('\n')
      if (picture === last) return
      last = picture
      // Cleared before it is written: behind a full line the cursor still stands on its last character.
      out.write(`\u001b[H${shown.map((line) => `\u001b[${rowsOf(line, columns) > 1 ? 'J' : 'K'}${line}`).join('\r\n')}`)
    },
    close,
  }
}
