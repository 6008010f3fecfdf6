// What a tool is to be given, as a person reads it best; the exact text stands below it wherever something is allowed.

import { type ChangeObject, diffArrays } from 'diff'

type Fields = Readonly<Record<string, unknown>>

export type Readable =
  | { readonly kind: 'command'; readonly text: string; readonly about: string }
  | { readonly kind: 'diff'; readonly text: string; readonly about: string }

const textOf = (fields: Fields, ...names: readonly string[]): string | undefined =>
  names.map((name) => fields[name]).find((value) => typeof value === 'string') as string | undefined

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n')

/** Lines that change, beyond which no smaller difference is looked for: the page would stand still meanwhile. */
const MOST = 500

/** What differs; where that is too much, all from the first line that does to the last one. */
function partsOf(old: string[], young: string[]): ChangeObject<string[]>[] {
  const parts = diffArrays(old, young, { maxEditLength: MOST })
  if (parts) return parts
  let start = 0
  while (old[start] === young[start]) start++
  let end = 0
  while (old.at(-1 - end) === young.at(-1 - end) && end < Math.min(old.length, young.length) - start) end++
  const part = (value: string[], removed: boolean, added: boolean) => ({ value, removed, added, count: value.length })
  return [
    part(old.slice(0, start), false, false),
    part(old.slice(start, old.length - end), true, false),
    part(young.slice(start, young.length - end), false, true),
    part(old.slice(old.length - end), false, false),
  ]
}

/** The lines of both, and which of them change. `context` of those that stay around each change; a gap is a `@@`. */
export function changed(before: string, after: string, context = Number.POSITIVE_INFINITY): string {
  const parts = partsOf(linesOf(before), linesOf(after))
  const text = parts.flatMap(({ value, added, removed }, index) => {
    if (added || removed) return value.map((line) => (added ? '+' : '-') + line)
    const lines = value.map((line) => ` ${line}`)
    const [head, tail] = [index > 0 ? context : 0, index < parts.length - 1 ? context : 0]
    if (parts.length === 1 || lines.length <= head + tail) return lines
    return [...lines.slice(0, head), '@@', ...lines.slice(lines.length - tail)]
  })
  return text.join('\n')
}

/** Undefined where nothing is known of this input. */
export function readable(input: unknown): Readable | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  const fields = input as Fields
  const path = textOf(fields, 'file_path', 'path', 'notebook_path') ?? ''
  const [before, after] = [textOf(fields, 'old_string', 'oldText'), textOf(fields, 'new_string', 'newText')]
  const command = textOf(fields, 'command', 'cmd')
  const diff = textOf(fields, 'diff', 'patch')
  if (before !== undefined && after !== undefined) return { kind: 'diff', text: changed(before, after), about: path }
  if (diff !== undefined) return { kind: 'diff', text: diff, about: path }
  if (command !== undefined) return { kind: 'command', text: command, about: textOf(fields, 'description') ?? '' }
  const content = textOf(fields, 'content')
  if (content !== undefined && path !== '')
    return {
      kind: 'diff',
      text: linesOf(content)
        .map((line) => `+${line}`)
        .join('\n'),
      about: path,
    }
  return undefined
}

/** The input of an `inputText`. */
export function inputOf(inputText: string): unknown {
  try {
    return (JSON.parse(inputText) as Fields).input
  } catch {
    return undefined
  }
}
