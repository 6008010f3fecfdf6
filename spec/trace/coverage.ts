// coverage.md: the table for people.

import { table } from '../tables.ts'
import { isMandatory, isOptional, isTested, type Row } from './rows.ts'
import { IMPLEMENTATIONS } from './runs.ts'

export function summaryOf(rows: readonly Row[]): string {
  const count = (test: (row: Row) => boolean) => rows.filter(test).length
  const untested = count((row) => !isTested(row) && row.reason === undefined && !isOptional(row))
  const must = rows.filter((row) => isMandatory(row) && isTested(row))
  return (
    `${rows.length} requirements, ${count(isMandatory)} at the level MUST: ` +
    `${count(({ scenarios }) => scenarios.length > 0)} have scenarios, ` +
    `${count(({ vectors }) => vectors.length > 0)} vectors, ` +
    `${count(({ reason }) => reason !== undefined)} a reason why nothing can test them, ${untested} none of these; ` +
    `of the ${must.length} at the level MUST that are tested, ` +
    `${must.filter(({ mutants }) => mutants.length > 0).length} have killed a mutant`
  )
}

/** What a reader should not take for granted. */
function noteOf(row: Row): string {
  if (row.reason !== undefined) return row.reason
  if (isTested(row)) return ''
  return isOptional(row) ? 'optional' : 'untested'
}

const number = (count: number) => (count === 0 ? '' : String(count))

export function coverageText(rows: readonly Row[]): string {
  const cells = (row: Row) => [
    `\`${row.id}\``,
    row.level,
    row.roles.join(', '),
    number(row.scenarios.length),
    row.vectors.join(', '),
    number(row.mutants.length),
    ...IMPLEMENTATIONS.map((name) => row.verdicts[name] ?? ''),
    noteOf(row),
  ]
  const head = ['requirement', 'level', 'role', 'scenarios', 'vectors', 'mutants killed', ...IMPLEMENTATIONS, 'note']
  return [
    '# Coverage',
    'Written by `spec/trace.ts`. _scenarios_ counts those that decide; _vectors_ names the files in which a case carries the requirement; _mutants killed_ counts faulty programs that died of one of them ([kills.md](../conformance/mutants/kills.md)); _node_ and _deno_ are the worst verdicts of the last recorded run of the suite; _note_ gives the reason of `untested.yaml`.',
    `${summaryOf(rows)}.`,
    `${table(head, rows.map(cells))}\n`,
  ].join('\n\n')
}
