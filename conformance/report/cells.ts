// What a cell of the matrix shows: `✓ H P R S`, `✕ D`, `? K`.

import type { Verdict } from '../runner/verdict.ts'
import type { Cell } from './matrix.ts'
import type { Report, ScenarioReport } from './report.ts'

interface CellRow {
  readonly sign: '✓' | '✕' | '?'
  readonly meaning: string
  readonly entries: readonly { readonly letter: string; readonly scenario: ScenarioReport }[]
}

const ROWS: readonly (readonly [sign: CellRow['sign'], meaning: string, verdicts: readonly Verdict[]])[] = [
  ['✓', 'pass', ['pass', 'informational']],
  ['✕', 'fail', ['fail', 'non-strict', 'suite-error']],
  ['?', 'not shown', ['unimplemented', 'untestable', 'not-applicable']],
]

/** `✓ H P R S   ✕ D`, of one verdict for each letter. */
export const cellText = (entries: readonly { readonly letter: string; readonly verdict: Verdict }[]): string =>
  ROWS.flatMap(([sign, , verdicts]) => {
    const letters = entries.filter(({ verdict }) => verdicts.includes(verdict)).map(({ letter }) => letter)
    return letters.length > 0 ? [`${sign} ${letters.join(' ')}`] : []
  }).join('   ')

/** Rows that have something in them. */
export function rowsOf(cell: Cell, { scenarios }: Report): CellRow[] {
  const byId = new Map(scenarios.map((each) => [each.id, each]))
  const entries = cell.scenarios.flatMap(({ letter, id }) => {
    const scenario = byId.get(id)
    return scenario ? [{ letter, scenario }] : []
  })
  return ROWS.map(([sign, meaning, verdicts]) => ({
    sign,
    meaning,
    entries: entries.filter(({ scenario }) => verdicts.includes(scenario.verdict)),
  })).filter((row) => row.entries.length > 0)
}

/** Everything in it passes; a cell without scenarios shows nothing. */
export function isGreen(cell: Cell, report: Report): boolean {
  const [first, ...more] = rowsOf(cell, report)
  return first?.sign === '✓' && more.length === 0
}
