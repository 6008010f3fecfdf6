// The colours and the type of the terminal, from the tokens of the page.

import type { ITerminalOptions, ITheme } from '@xterm/xterm'

const COLOURS = {
  foreground: '--ink',
  background: '--screen',
  cursor: '--accent',
  cursorAccent: '--screen',
  selectionBackground: '--selection',
  scrollbarSliderBackground: '--edge',
  scrollbarSliderHoverBackground: '--quiet',
  scrollbarSliderActiveBackground: '--quiet',
  ...{ black: '--ansi-black', red: '--ansi-red', green: '--ansi-green', yellow: '--ansi-yellow' },
  ...{ blue: '--ansi-blue', magenta: '--ansi-magenta', cyan: '--ansi-cyan', white: '--ansi-white' },
  ...{
    brightBlack: '--ansi-black',
    brightRed: '--ansi-red',
    brightGreen: '--ansi-green',
    brightYellow: '--ansi-yellow',
  },
  ...{
    brightBlue: '--ansi-blue',
    brightMagenta: '--ansi-magenta',
    brightCyan: '--ansi-cyan',
    brightWhite: '--ansi-white',
  },
} as const satisfies ITheme

/** Of the size that the person has chosen for texts. */
const SIZE = 0.8125

/** As they are inside `place` now, in light or dark. */
export function lookOf(place: HTMLElement): Pick<ITerminalOptions, 'theme' | 'fontFamily' | 'fontSize'> {
  const probe = place.appendChild(document.createElement('span'))
  const style = getComputedStyle(probe)
  const colourOf = (token: string): string => {
    probe.style.color = `var(${token})`
    return style.color
  }
  const theme = Object.fromEntries(Object.entries(COLOURS).map(([name, token]) => [name, colourOf(token)]))
  const { fontFamily } = style
  probe.remove()
  const fontSize = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * SIZE
  return { theme, fontFamily, fontSize }
}

const dark = matchMedia('(prefers-color-scheme: dark)')

/** Calls `changed` when light becomes dark or the other way; the result ends that. */
export function onLook(changed: () => void): () => void {
  dark.addEventListener('change', changed)
  return () => dark.removeEventListener('change', changed)
}
