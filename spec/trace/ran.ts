// Check 8: a requirement is tested only if a recorded run reached a verdict on it, on each implementation of this
// repository, and its tests bite only if a mutant died of them. What the records say that is no more, is wrong too.

import { isMandatory, isTested, type Row } from './rows.ts'
import type { Runs } from './runs.ts'
import { IMPLEMENTATIONS, isReached } from './runs.ts'

export function* notRun(rows: readonly Row[], { tested }: Pick<Runs, 'tested'>): Generator<string> {
  for (const row of rows) {
    if (!isTested(row)) {
      if (tested[row.id]) yield `conformance/tested.ndjson has a verdict on ${row.id}, which nothing tests`
      continue
    }
    const missing = IMPLEMENTATIONS.filter((name) => !isReached(row.verdicts[name]))
    if (missing.length > 0) yield `no recorded run has reached a verdict on ${row.id} of ${missing.join(' and ')}`
  }
}

export function* toothless(rows: readonly Row[]): Generator<string> {
  for (const row of rows) {
    if (isMandatory(row) && isTested(row) && row.mutants.length === 0) yield `no mutant of ${row.id} has died`
  }
}
