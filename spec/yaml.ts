// Writes a document as YAML that people read: block style, short references in flow style.

export type Yaml = string | number | boolean | null | readonly Yaml[] | { readonly [key: string]: Yaml }

/** Text that no YAML reader takes for anything else, so that it needs no quotes. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_.,/-]*( [A-Za-z0-9_.,/()=-]+)*$/
const WORDS = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off', 'y', 'n'])

const isScalar = (value: Yaml): value is string | number | boolean | null => typeof value !== 'object' || value === null

const scalar = (value: string | number | boolean | null): string =>
  typeof value === 'string' && !(PLAIN.test(value) && !WORDS.has(value.toLowerCase()))
    ? JSON.stringify(value)
    : String(value)

const isReference = (value: Yaml): value is { $ref: string } =>
  typeof value === 'object' && value !== null && Object.keys(value).join() === '$ref'

/** A word: a comma within would end it in a flow list. */
const fitsFlow = (value: Yaml): value is string | number | boolean | null =>
  isScalar(value) && /^[^\s,]*$/.test(String(value))

/** What stands behind `key:` or `-` on the same line, or undefined where lines below follow. */
function inline(value: Yaml): string | undefined {
  if (isScalar(value)) return typeof value === 'string' && value.includes('\n') ? undefined : scalar(value)
  if (isReference(value)) return `{ $ref: ${JSON.stringify(value.$ref)} }`
  if (Object.keys(value).length === 0) return Array.isArray(value) ? '[]' : '{}'
  if (Array.isArray(value) && value.every(fitsFlow)) return `[${value.map(scalar).join(', ')}]`
  return undefined
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => (line === '' ? '' : `  ${line}`))

function member(key: string, value: Yaml): string[] {
  const short = inline(value)
  if (short !== undefined) return [`${scalar(key)}: ${short}`]
  if (typeof value === 'string') return [`${scalar(key)}: |-`, ...indented(value.split('\n'))]
  return [`${scalar(key)}:`, ...indented(block(value))]
}

function item(value: Yaml): string[] {
  const short = inline(value)
  if (short !== undefined) return [`- ${short}`]
  if (typeof value === 'string') return ['- |-', ...indented(value.split('\n'))]
  return block(value).map((line, i) => (i === 0 ? `- ${line}` : line === '' ? '' : `  ${line}`))
}

function block(value: Yaml): string[] {
  if (isScalar(value)) return [scalar(value)]
  if (Array.isArray(value)) return (value as readonly Yaml[]).flatMap(item)
  return Object.entries(value as { readonly [key: string]: Yaml }).flatMap(([key, entry]) => member(key, entry))
}

export const toYaml = (document: Yaml): string => `${block(document).join('\n')}\n`
