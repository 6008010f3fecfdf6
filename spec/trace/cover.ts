// Check 3: every requirement that is not optional has a scenario or a vector, or a reason why it has none. A unit test
// or a line of code that cites it is no cover: a stranger's program has neither.
// A capability that need not be granted has a scenario in which it is absent and what needs it is refused.

import { methods } from '../../schemas/src/rpc/registry.ts'
import type { Scenario } from './features.ts'
import { isOptional, isTested, type Row } from './rows.ts'

export function* uncovered(rows: readonly Row[]): Generator<string> {
  for (const row of rows) {
    if (isTested(row) && row.reason !== undefined) {
      yield `${row.id} is tested: take it out of spec/untested.yaml`
    } else if (!isTested(row) && row.reason === undefined && !isOptional(row)) {
      yield `${row.id} has no scenario and no vector, and no reason in spec/untested.yaml`
    }
  }
}

/** Those that a method needs. */
const needed = [...new Set(Object.values(methods).map(({ capability }) => capability))]

export function* ungranted(
  scenarios: readonly Scenario[],
  capabilities: readonly string[] = needed,
): Generator<string> {
  const refusals = scenarios.filter(({ isNegative, text }) => isNegative && text.includes('forbidden'))
  for (const capability of capabilities) {
    const names = new RegExp(`(?<![\\w.-])${RegExp.escape(capability)}(?![\\w-]|\\.\\w)`)
    if (!refusals.some(({ text }) => names.test(text))) {
      yield `no negative scenario has "forbidden" where the capability ${capability} is absent`
    }
  }
}
