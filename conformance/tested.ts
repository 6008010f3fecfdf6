// node conformance/tested.ts [--check] [node=report.json,more.json deno=…]: what runs of the suite on the implementations
// of this repository say of each requirement, into tested.ndjson, which spec/trace.ts joins to the spec. A report of a
// part (--filter) renews the requirements that it has judged; reports of whole runs also forget what is tested no more.
// The file has no times and no counts, and one requirement a line in the order of the spec, so that Git merges it by
// keeping the lines of both sides (.gitattributes): the last of a requirement counts.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Report } from './report/report.ts'
import { loadRequirements } from './runner/requirements.ts'
import { type Verdict, worst } from './runner/verdict.ts'

const FILE = fileURLToPath(new URL('tested.ndjson', import.meta.url))

/** Verdicts by implementation. */
export type Line = { readonly id: string } & Readonly<Record<string, string>>

/** Something was asked, and something answered. */
const isReached = (verdict: Verdict) => ['pass', 'non-strict', 'fail'].includes(verdict)

/** By requirement: the worst verdict that was reached, or why none was. */
export function verdictsOf(reports: readonly Pick<Report, 'scenarios'>[]): Map<string, Verdict> {
  const met = new Map<string, Verdict[]>()
  for (const { requirements, verdict } of reports.flatMap(({ scenarios }) => scenarios)) {
    if (verdict === 'informational') continue
    for (const id of requirements) met.set(id, [...(met.get(id) ?? []), verdict])
  }
  return new Map(
    [...met].map(([id, verdicts]) => {
      const reached = verdicts.filter(isReached)
      return [id, worst(reached.length > 0 ? reached : verdicts) as Verdict]
    }),
  )
}

/** `old` with what the reports of `name` say; `isWhole`: what they do not judge is judged no more. */
export function renewed(
  old: ReadonlyMap<string, Line>,
  name: string,
  verdicts: ReadonlyMap<string, Verdict>,
  isWhole: boolean,
): Map<string, Line> {
  const lines = new Map(old)
  for (const [id, line] of old) {
    if (!isWhole || verdicts.has(id)) continue
    const { [name]: _, ...rest } = line
    if (Object.keys(rest).length > 1) lines.set(id, rest as Line)
    else lines.delete(id)
  }
  for (const [id, verdict] of verdicts) lines.set(id, { ...(lines.get(id) ?? { id }), [name]: verdict })
  return lines
}

export function readTested(text: string): Map<string, Line> {
  const lines = text.split('\n').filter((line) => line !== '')
  return new Map(lines.map((line) => JSON.parse(line) as Line).map((line) => [line.id, line]))
}

/** In the order of `ids`, with the implementations of each line in the order of the alphabet, from the end: node, deno. */
export const textOf = (lines: ReadonlyMap<string, Line>, ids: readonly string[]): string =>
  ids
    .flatMap((id) => lines.get(id) ?? [])
    .map(({ id, ...rest }) => {
      const sorted = Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? 1 : -1)))
      return `${JSON.stringify({ id, ...sorted })}\n`
    })
    .join('')

/** Where conformance/all.ts leaves what it has found. */
const ofAll = (name: string) =>
  [name, `${name}-vectors`].map((part) => fileURLToPath(new URL(`report/out/${part}/report.json`, import.meta.url)))

function main(): void {
  const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true })
  const committed = existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''
  let lines = readTested(committed)
  for (const word of positionals.length > 0 ? positionals : ['node', 'deno']) {
    const [name = '', files = ''] = word.split('=')
    const reports = (files === '' ? ofAll(name) : files.split(',')).map(
      (file) => JSON.parse(readFileSync(file, 'utf8')) as Report,
    )
    const isWhole =
      reports.every(({ options }) => options.filter === null) && reports.some(({ command }) => command === 'run')
    lines = renewed(lines, name, verdictsOf(reports), isWhole)
  }
  const text = textOf(
    lines,
    loadRequirements().all.map(({ id }) => id),
  )
  if (!values.check) writeFileSync(FILE, text)
  else if (text !== committed) {
    console.error('conformance/tested.ndjson does not say what this run has shown: npm run conformance writes it')
    const before = readTested(committed)
    for (const [id, line] of lines) {
      const old = JSON.stringify(before.get(id) ?? null)
      if (old !== JSON.stringify(line)) console.error(`  ${id}: ${old} is now ${JSON.stringify(line)}`)
    }
    process.exitCode = 1
  }
}

if (import.meta.main) main()
