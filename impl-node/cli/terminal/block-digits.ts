// The six digits, large, so that they can be read from across the desk.

const ROWS = 5
const GAP = '   '
const GLYPHS: Record<string, string> = {
  0: '█▀▀█|█  █|█  █|█  █|█▄▄█',
  1: ' ▄█ |  █ |  █ |  █ | ▄█▄',
  2: '▀▀▀█|   █|█▀▀▀|█   |█▄▄▄',
  3: '▀▀▀█|   █| ▀▀█|   █|▄▄▄█',
  4: '█  █|█  █|▀▀▀█|   █|   █',
  5: '█▀▀▀|█   |▀▀▀█|   █|▄▄▄█',
  6: '█▀▀▀|█   |█▀▀█|█  █|█▄▄█',
  7: '▀▀▀█|   █|   █|   █|   █',
  8: '█▀▀█|█  █|█▀▀█|█  █|█▄▄█',
  9: '█▀▀█|█  █|▀▀▀█|   █|▄▄▄█',
}

/** Five lines; 42 columns for six digits in two groups of three. */
export function blockDigits(digits: string): string[] {
  const groups = digits.match(/\d{1,3}/g) ?? []
  return Array.from({ length: ROWS }, (_, row) =>
    groups
      .map((group) => [...group].map((digit) => (GLYPHS[digit] as string).split('|')[row]).join('  '))
      .join(GAP)
      .trimEnd(),
  )
}

/** `523 495` */
export const spacedDigits = (digits: string): string => digits.replace(/(\d{3})(?=\d)/g, '$1 ')
