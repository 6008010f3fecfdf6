// node spec/tables.ts [--check]: fills the tables between `<!-- generated: … -->` and `<!-- /generated -->`
// in spec/*.md from the declarations, and touches nothing else.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TSchema } from 'typebox'
import { layouts, schemas } from '../schemas/generate/declarations.ts'
import { emitAsProgram, type Files } from '../schemas/generate/emit.ts'
import { codesAt, type ErrorPlace, errorEntry } from '../schemas/src/errors.ts'
import { limitTable } from '../schemas/src/limits.ts'
import type { EventType, Method } from '../schemas/src/rpc/method.ts'
import { events, methods } from '../schemas/src/rpc/registry.ts'
import { grouped, membersOf, signatureOf, titleOf } from './schema-words.ts'

const hexByte = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(2, '0')}`

/** A Markdown table with aligned columns, as the formatter leaves it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => (row[column] as string).length)))
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`
  const [first = [], ...others] = cells
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n')
}

/** `M1Body` stands for M1Body1 and M1Body2: one table, with both numbers where they differ. */
function layoutTable(name: string): string {
  const bySuite = [...layouts.keys()].filter((key) => new RegExp(`^${name}[12]?$`).test(key)).sort()
  const variants = bySuite.map((key) => layouts.get(key)?.offsets ?? [])
  const [first] = variants
  if (first === undefined) throw new Error(`Cannot write a table: there is no layout ${name}`)
  const either = (values: readonly (number | null)[]): string =>
    [...new Set(values.map((value) => (value === null ? '…' : grouped(value))))].join(' or ')
  const rows = first.map((row, i) => [
    either(variants.map((variant) => variant[i]?.offset ?? null)),
    either(variants.map((variant) => variant[i]?.size ?? null)),
    `\`${row.name}\``,
    row.type,
    row.meaning,
  ])
  const total = either(bySuite.map((key) => layouts.get(key)?.size ?? null))
  const size = total === '…' ? 'The size varies.' : `${total} bytes.`
  return `${table(['offset', 'size', 'field', 'type', 'meaning'], rows)}\n\n${size}`
}

function errorTable(place: ErrorPlace): string {
  const codes = codesAt(place).map((code) => ({ code, ...errorEntry(code) }))
  const name = (code: string) => `\`${code}\``
  if (place === 'relay') {
    return table(
      ['code', 'close', 'meaning'],
      codes.map(({ code, close, text }) => [name(code), String(close), text]),
    )
  }
  if (place === 'handshake') {
    return table(
      ['code', 'byte', 'meaning'],
      codes.map(({ code, handshake = 0, text }) => [name(code), hexByte(handshake), text]),
    )
  }
  return table(
    ['code', 'meaning'],
    codes.map(({ code, text }) => [name(code), text]),
  )
}

const limitsTable = (): string =>
  table(
    ['limit', 'value', 'meaning'],
    limitTable.map(({ name, value, unit, meaning }) => [
      `\`${name}\``,
      `${grouped(value)}${unit === 'count' ? '' : ` ${unit}`}`,
      meaning,
    ]),
  )

const yes = (value: boolean): string => (value ? 'yes' : 'no')
const codeList = (codes: readonly string[]): string => codes.map((code) => `\`${code}\``).join(', ')

const methodTable = (): string =>
  table(
    ['method', 'kind', 'capability', 'params → result', 'its own errors', 'what it does'],
    (Object.values(methods) as Method[]).map(({ name, kind, capability, params, result, errors, doc }) => [
      `\`${name}\``,
      kind,
      `\`${capability}\``,
      `\`${signatureOf(params)}\` → \`${signatureOf(result)}\``,
      codeList(errors),
      doc,
    ]),
  )

const eventTable = (): string =>
  table(
    ['event', 'capability', 'urgent', 'journaled', 'params', 'what happened'],
    (Object.values(events) as EventType[]).map(({ name, capability, urgent, journaled, params, doc }) => [
      `\`${name}\``,
      `\`${capability}\``,
      yes(urgent),
      yes(journaled),
      `\`${signatureOf(params)}\``,
      doc,
    ]),
  )

const DIRECTIONS: readonly (readonly [union: string, direction: string])[] = [
  ['ClientToRelay', 'client to relay'],
  ['RelayToClient', 'relay to client'],
]

function messageTable(which: string): string {
  const unions = which === 'relay' ? DIRECTIONS : which === 'control' ? [['ControlMessage', ''] as const] : []
  if (unions.length === 0) throw new Error(`Cannot write a table: there are no messages of ${which}`)
  const rows = unions.flatMap(([union, direction]) =>
    ((schemas.get(union) as TSchema & { anyOf: TSchema[] }).anyOf ?? []).map((message) => [
      `\`${titleOf(message)}\``,
      ...(direction === '' ? [] : [direction]),
      membersOf(message).join('<br>') || 'none',
    ]),
  )
  const head = which === 'relay' ? ['`type`', 'direction', 'other members'] : ['`type`', 'other members']
  return table(head, rows)
}

/** SHA-256 over `vectors/SHA256SUMS`, which itself names every vector file. */
function vectorsDigest(): string {
  const sums = readFileSync(join(import.meta.dirname, '../vectors/SHA256SUMS'))
  return `\`${createHash('sha256').update(sums).digest('hex')}\``
}

const PLACES: readonly string[] = ['relay', 'handshake', 'rpc', 'control', 'local']

/** The table of one marker, such as `layout IdentityCert`. Throws where the marker asks for what is not there. */
export function tableOf(marker: string): string {
  const [kind = '', argument = ''] = marker.trim().split(/\s+/)
  if (kind === 'layout') return layoutTable(argument)
  if (kind === 'errors' && PLACES.includes(argument)) return errorTable(argument as ErrorPlace)
  if (kind === 'messages') return messageTable(argument)
  if (kind === 'limits') return limitsTable()
  if (kind === 'methods') return methodTable()
  if (kind === 'events') return eventTable()
  if (kind === 'vectors') return vectorsDigest()
  throw new Error(`Cannot write a table: unknown marker "${marker.trim()}"`)
}

const BLOCK = /(<!-- generated:([^>]*?)-->\n)[\s\S]*?(<!-- \/generated -->)/g

/** Markdown with every marked table filled. Throws where a marker is opened and not closed. */
export function fill(markdown: string): string {
  const opened = markdown.match(/<!-- generated:/g)?.length ?? 0
  const filled = markdown.replace(
    BLOCK,
    (_, open: string, marker: string, close: string) => `${open}\n${tableOf(marker)}\n\n${close}`,
  )
  const blocks = markdown.match(BLOCK) ?? []
  if (blocks.length !== opened || blocks.some((text) => text.split('<!-- generated:').length > 2)) {
    throw new Error('Cannot fill tables: a generated marker is not closed')
  }
  return filled
}

/** The chapters of the specification with their tables filled. */
export function chapters(): Files {
  const folder = import.meta.dirname
  const prose = readdirSync(folder).filter((file) => file.endsWith('.md') && file !== 'coverage.md')
  return new Map(prose.sort().map((file) => [file, fill(readFileSync(join(folder, file), 'utf8'))]))
}

export const emitTables = (): void => emitAsProgram('spec tables', import.meta.dirname, chapters())

if (import.meta.main) emitTables()
