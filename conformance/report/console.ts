// The report as a terminal shows it: what did not pass, and one sentence.

import { sentence } from './markdown.ts'
import type { Report, ScenarioReport } from './report.ts'

/** Of those that ended for the same reason, this many are named. */
const NAMED = 5

const because = ({ message = '', knownFailure }: ScenarioReport) =>
  `${message && `: ${message}`}${knownFailure === undefined ? '' : ` (known: ${knownFailure})`}`

function* lines({ scenarios, outcome, notYetInSuite }: Report): Generator<string> {
  const shown = scenarios.filter(({ verdict }) => verdict !== 'pass')
  for (const alike of Map.groupBy(shown, (each) => `${each.verdict}${because(each)}`).values()) {
    for (const each of alike.slice(0, NAMED)) yield `${each.verdict.padEnd(15)} ${each.id}${because(each)}`
    if (alike.length > NAMED)
      yield `${alike[0]?.verdict.padEnd(15)} and ${alike.length - NAMED} more for the same reason`
  }
  for (const id of outcome.staleKnownFailures) yield `stale known failure: ${id} does not fail; take it out`
  for (const role of notYetInSuite) {
    yield `not tested: this version of the suite has no scenarios for the role ${role}`
  }
}

export const consoleText = (report: Report): string =>
  [...lines(report), sentence(report)].map((line) => `${line}\n`).join('')
