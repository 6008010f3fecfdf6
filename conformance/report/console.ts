// The report as a terminal shows it: what did not pass, and one sentence.

import { matrixLines } from './console-matrix.ts'
import { sentence } from './markdown.ts'
import type { Report, ScenarioReport } from './report.ts'

/** Of those that ended for the same reason, this many are named. */
const NAMED = 5

/** On the lines below the id. What a program says must not steer the terminal. */
const because = ({ message = '', knownFailure }: ScenarioReport) =>
  [message, knownFailure && `known: ${knownFailure}`]
    .filter((each) => each)
    .map((each) => `    ${String(each).replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')}`)
    .join('\n')

const wordOf = ({ verdict, unsteady }: ScenarioReport) => (unsteady ? 'unsteady' : verdict)

function* lines({ scenarios, outcome, notYetInSuite }: Report): Generator<string> {
  const shown = scenarios.filter(({ verdict, unsteady }) => verdict !== 'pass' || unsteady)
  for (const alike of Map.groupBy(shown, (each) => `${each.verdict}${because(each)}`).values()) {
    const [first] = alike
    for (const each of alike.slice(0, NAMED)) yield `${wordOf(each).padEnd(15)} ${each.id}`
    if (first && alike.length > NAMED) yield `${wordOf(first).padEnd(15)} and ${alike.length - NAMED} more`
    if (first && because(first) !== '') yield because(first)
  }
  for (const id of outcome.staleKnownFailures) yield `stale known failure: ${id} does not fail; take it out`
  for (const role of notYetInSuite) {
    yield `not tested: this version of the suite has no scenarios for the role ${role}`
  }
}

export const consoleText = (report: Report): string =>
  [...lines(report), ...matrixLines(report), sentence(report)].map((line) => `${line}\n`).join('')
