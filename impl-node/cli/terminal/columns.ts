// How many columns text takes on a screen, and cutting and wrapping by them.

/** Two columns in every terminal that follows Unicode's East Asian Width, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const NONE = /\p{Mn}|\p{Me}|\p{Cf}|\p{Cc}/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: the styles that we write ourselves
const STYLE = /\u001b\[[0-9;]*m/g

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

function widthOfCharacter(character: string): number {
  const first = String.fromCodePoint(character.codePointAt(0) as number)
  if (WIDE.test(character)) return 2
  return NONE.test(first) ? 0 : 1
}

/** Columns of one line; our own styles take none. */
export function widthOf(line: string): number {
  let width = 0
  for (const { segment } of characters.segment(line.replace(STYLE, ''))) width += widthOfCharacter(segment)
  return width
}

/** Rows of a screen that a line takes which the terminal breaks. */
export const rowsOf = (line: string, columns: number): number => Math.max(1, Math.ceil(widthOf(line) / columns))

/** `line` in at most `columns`, with an ellipsis where something is left out. Styles stay whole. */
export function cut(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line
  if (columns < 1) return ''
  let width = 0
  let at = 0
  let shown = ''
  for (const style of [...line.matchAll(STYLE), null]) {
    const end = style ? style.index : line.length
    for (const { segment } of characters.segment(line.slice(at, end))) {
      width += widthOfCharacter(segment)
      if (width > columns - 1) return `${shown}…${line.includes('\u001b[') ? '\u001b[0m' : ''}`
      shown += segment
    }
    if (style) shown += style[0]
    at = end + (style ? style[0].length : 0)
  }
  return shown
}

/** Pads with spaces, or cuts, to exactly `columns`. */
export function fit(line: string, columns: number): string {
  const shown = cut(line, columns)
  return shown + ' '.repeat(Math.max(0, columns - widthOf(shown)))
}

/** Breaks a line without styles at spaces, where it can, into lines of at most `columns`. */
export function wrap(line: string, columns: number): string[] {
  const lines: string[] = []
  let rest = line
  while (widthOf(rest) > columns) {
    let width = 0
    let end = 0
    let space = 0
    for (const { segment, index } of characters.segment(rest)) {
      width += widthOfCharacter(segment)
      if (width > columns && index > 0) break
      end = index + segment.length
      if (segment === ' ' && rest.slice(0, index).trim() !== '') space = end
    }
    // The space at which the line breaks may stand just behind its end.
    const at = rest[end] === ' ' ? end + 1 : space || end
    lines.push(rest.slice(0, at).trimEnd())
    rest = rest.slice(at)
  }
  lines.push(rest)
  return lines
}
