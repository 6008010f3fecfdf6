// `--again`: what failed is judged once more, with nothing beside it. A scenario that passes then is `unsteady`:
// it counts as passed, and the report names it with what went wrong at first.

import type { Scenario } from './catalogue.ts'
import type { Result } from './execute.ts'
import type { Verdict } from './verdict.ts'

const FAILED: readonly Verdict[] = ['fail', 'non-strict', 'untestable', 'suite-error']

/** Where more than this part fails, that is no accident, and a second run would only cost time. */
const ACCIDENTS = 1 / 20

/** The same results, with those that failed replaced by their second run where that passes. */
export async function judgedAgain(
  results: readonly Result[],
  run: (scenarios: Scenario[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const failed = results.filter(({ verdict }) => FAILED.includes(verdict))
  if (failed.length === 0 || failed.length > Math.max(2, results.length * ACCIDENTS)) return [...results]
  const seconds = await run(failed.map(({ scenario }) => scenario))
  return results.map((result) => {
    const second = seconds.find(({ scenario }) => scenario === result.scenario)
    if (second?.verdict !== 'pass') return result
    return { ...second, isUnsteady: true, message: `passed at the second try; at first: ${result.message ?? ''}` }
  })
}
