// A line of the person, parted into words as a shell does.

import { UsageError } from '../command.ts'

/** Spaces part; '…' and "…" keep together, and \ takes the next character as it is. Throws UsageError. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string
    const next = line[i + 1]
    if (character === '\\' && quote !== "'") {
      // In "…" only a quote and another \ are taken so.
      const isTaken = quote === '' || next === '"' || next === '\\'
      if (next === undefined) throw new UsageError('A character is missing behind \\')
      word = (word ?? '') + (isTaken ? next : character)
      if (isTaken) i++
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
    } else if (character === quote) quote = ''
    else if (quote === '' && /\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + character
  }
  if (quote !== '') throw new UsageError('A quote is not closed')
  return word === undefined ? words : [...words, word]
}
