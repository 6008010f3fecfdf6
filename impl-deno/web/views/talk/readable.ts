// What a tool is to be given, as a person reads it best; the exact text stands below it wherever something is allowed.

type Fields = Readonly<Record<string, unknown>>

export type Readable =
  | { readonly kind: 'command'; readonly text: string; readonly about: string }
  | { readonly kind: 'diff'; readonly text: string; readonly about: string }

const textOf = (fields: Fields, ...names: readonly string[]): string | undefined =>
  names.map((name) => fields[name]).find((value) => typeof value === 'string') as string | undefined

const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n')

/** The lines that both have at the beginning and at the end stay, `context` of them; the others change. */
export function changed(before: string, after: string, context = Number.POSITIVE_INFINITY): string {
  const [old, young] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < Math.min(old.length, young.length) && old[start] === young[start]) start++
  let end = 0
  while (end < Math.min(old.length, young.length) - start && old.at(-1 - end) === young.at(-1 - end)) end++
  const lines = (sign: string, all: string[], from: number, to: number) =>
    all.slice(from, to).map((line) => sign + line)
  return [
    ...lines(' ', old, Math.max(0, start - context), start),
    ...lines('-', old, start, old.length - end),
    ...lines('+', young, start, young.length - end),
    ...lines(' ', old, old.length - end, old.length - end + Math.min(end, context)),
  ].join('\n')
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
