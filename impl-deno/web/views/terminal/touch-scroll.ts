// A finger scrolls a terminal: xterm knows wheels alone. Where a program has the whole screen, it gets arrows, as it does
// from a wheel.

import type { Terminal } from '@xterm/xterm'

/** `arrow`: types one, up or down. */
export function followFingers(terminal: Terminal, place: HTMLElement, arrow: (isUp: boolean) => void): void {
  let last: number | undefined
  let rest = 0
  place.addEventListener(
    'touchstart',
    ({ touches: { length, 0: touch } }) => {
      last = length === 1 ? touch?.clientY : undefined
      rest = 0
    },
    { passive: true },
  )
  place.addEventListener(
    'touchmove',
    (event) => {
      const y = event.touches[0]?.clientY
      if (last === undefined || y === undefined) return
      event.preventDefault()
      const line = place.clientHeight / terminal.rows
      rest += last - y
      last = y
      const lines = Math.trunc(rest / line)
      rest -= lines * line
      if (terminal.buffer.active.type === 'normal') terminal.scrollLines(lines)
      else for (let i = 0; i < Math.abs(lines); i++) arrow(lines < 0)
    },
    { passive: false },
  )
}
