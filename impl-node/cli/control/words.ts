// The words of a line that is typed, as a shell parts them.

import { UsageError } from '../command.ts'

/** A word: pieces without space, in quotes, or behind a backslash. */
const WORD = /(?:[^\s"'\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+/g
const PIECE = /\\([\s\S])|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"/g

/** Parts at spaces; what stands in '…' or "…" or behind \ stays together. Throws UsageError where a quote is open. */
export function wordsOf(line: string): string[] {
  const words = line.match(WORD) ?? []
  if (line.replace(WORD, '').trim() !== '') throw new UsageError('A quote is not closed.')
  return words.map((word) =>
    word.replace(
      PIECE,
      (_whole, escaped?: string, single?: string, double?: string) =>
        escaped ?? single ?? (double as string).replace(/\\(["\\])/g, '$1'),
    ),
  )
}
