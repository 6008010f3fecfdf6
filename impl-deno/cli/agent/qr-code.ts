// A pairing code as a QR code of half blocks, dark on light whatever the terminal's colours are.

import encodeQR from 'qr'

/** Modules of light around the code. */
const QUIET = 4
/** Black on bright white; both are set, so that a theme changes nothing. */
const COLOURS = '\u001b[38;5;16;48;5;231m'
const RESET = '\u001b[0m'
const BLOCKS = [' ', '▄', '▀', '█'] as const

/** Lines of equal width, two modules high each. */
export function qrLines(text: string): string[] {
  const modules = encodeQR(text, 'raw', { ecc: 'low', encoding: 'alphanumeric', border: QUIET })
  const lines: string[] = []
  for (let y = 0; y < modules.length; y += 2) {
    const [upper = [], lower = []] = [modules[y], modules[y + 1]]
    const blocks = upper.map((dark, x) => BLOCKS[(dark ? 2 : 0) + (lower[x] ? 1 : 0)])
    lines.push(`${COLOURS}${blocks.join('')}${RESET}`)
  }
  return lines
}

/** Columns that the lines take. */
export const qrWidth = (lines: readonly string[]): number => (lines[0]?.length ?? 0) - COLOURS.length - RESET.length
