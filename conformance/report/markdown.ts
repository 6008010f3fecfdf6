// The report as Markdown: what a pull request shows.

import { isGreen, rowsOf } from './cells.ts'
import type { Matrix } from './matrix.ts'
import type { Report } from './report.ts'

/** Text of a program under test is text: no markup, and nothing that turns or hides what is beside it. */
const plain = (text: string) =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|]/g, '\\$&')

const code = (text: string) => `\`${text.replaceAll('`', "'")}\``

/** Of cells that are Markdown already. */
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

function matrixPart(report: Report, { cells, findings }: Matrix): string {
  const green = cells.filter((each) => isGreen(each, report)).length
  const rows = cells.map((cell) => {
    const told = rowsOf(cell, report).map(
      ({ sign, entries }) => `${sign} ${entries.map(({ letter }) => letter).join(' ')}`,
    )
    return [plain(cell.relay), plain(cell.agent), plain(cell.controller), told.join(' ')]
  })
  return [
    `${green} of ${cells.length} cells of the matrix pass everything.`,
    ...findings.map(plain),
    table(['relay', 'agent', 'controller', 'scenarios'], rows),
  ].join('\n\n')
}

/** One sentence on the whole run. */
export function sentence({ outcome, implementation, milliseconds, scenarios }: Report): string {
  if (outcome.trouble !== undefined) return `${implementation.name} could not be tested: ${outcome.trouble}`
  const counts = Object.entries(outcome.counts).filter(([, count]) => count > 0)
  const unsteady = scenarios.filter((each) => each.unsteady).length
  const told = [
    ...counts.map(([verdict, count]) => `${count} ${verdict}`),
    ...(unsteady > 0 ? [`${unsteady} of them at the second try`] : []),
  ].join(', ')
  const { length } = outcome.staleKnownFailures
  const stale = length > 0 ? `; ${length} stale known failures` : ''
  return `${implementation.name}: required set ${outcome.requiredSet}; ${told}${stale}; ${(milliseconds / 1000).toFixed(1)} s`
}

export function markdown(report: Report): string {
  const { scenarios, requirements, outcome, implementation, suite, notYetInSuite, matrix } = report
  const shown = scenarios.filter(({ verdict }) => verdict !== 'pass')
  const tested = requirements.filter(({ verdict }) => verdict !== 'not-tested')
  const identity = implementation.roles.map(
    ({ role, name, version, language }) => `${role}: ${name} ${version}, ${language}`,
  )
  return [
    `# Conformance of ${plain(implementation.name)}`,
    `${plain(sentence(report))}.`,
    plain([`Suite ${suite.version}, wire version 1.`, ...identity.map((each) => `${each}.`)].join(' ')),
    notYetInSuite.length > 0 && `This version of the suite has no scenarios for: ${notYetInSuite.join(', ')}.`,
    outcome.staleKnownFailures.length > 0 &&
      `Stale known failures, to be taken out: ${outcome.staleKnownFailures.map(code).join(', ')}.`,
    `${tested.length} of ${requirements.length} requirements that bind these roles are tested by scenarios.`,
    matrix !== undefined && matrixPart(report, matrix),
    shown.length > 0 &&
      table(
        ['scenario', 'verdict', 'why'],
        shown.map(({ id, verdict, message = '', knownFailure }) => [
          code(id),
          knownFailure === undefined ? verdict : `${verdict} (known: ${plain(knownFailure)})`,
          plain(message),
        ]),
      ),
    '',
  ]
    .filter((part) => part !== false)
    .join('\n\n')
}
