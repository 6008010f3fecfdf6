// The report as Markdown: what a pull request shows.

import type { Report } from './report.ts'

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

/** One sentence on the whole run. */
export function sentence({ outcome, implementation, milliseconds }: Report): string {
  if (outcome.trouble !== undefined) return `${implementation.name} could not be tested: ${outcome.trouble}`
  const counts = Object.entries(outcome.counts).filter(([, count]) => count > 0)
  const told = counts.map(([verdict, count]) => `${count} ${verdict}`).join(', ')
  const { length } = outcome.staleKnownFailures
  const stale = length > 0 ? `; ${length} stale known failures` : ''
  return `${implementation.name}: required set ${outcome.requiredSet}; ${told}${stale}; ${(milliseconds / 1000).toFixed(1)} s`
}

export function markdown(report: Report): string {
  const { scenarios, requirements, outcome, implementation, suite, notYetInSuite } = report
  const shown = scenarios.filter(({ verdict }) => verdict !== 'pass')
  const tested = requirements.filter(({ verdict }) => verdict !== 'not-tested')
  const identity = implementation.roles.map(
    ({ role, name, version, language }) => `${role}: ${name} ${version}, ${language}`,
  )
  return [
    `# Conformance of ${implementation.name}`,
    `${sentence(report)}.`,
    [`Suite ${suite.version}, wire version 1.`, ...identity.map((each) => `${each}.`)].join(' '),
    notYetInSuite.length > 0 && `This version of the suite has no scenarios for: ${notYetInSuite.join(', ')}.`,
    outcome.staleKnownFailures.length > 0 &&
      `Stale known failures, to be taken out: ${outcome.staleKnownFailures.map((id) => `\`${id}\``).join(', ')}.`,
    `${tested.length} of ${requirements.length} requirements that bind these roles are tested by scenarios.`,
    shown.length > 0 &&
      table(
        ['scenario', 'verdict', 'why'],
        shown.map(({ id, verdict, message = '', knownFailure }) => [
          `\`${id}\``,
          knownFailure === undefined ? verdict : `${verdict} (known: ${knownFailure})`,
          message,
        ]),
      ),
    '',
  ]
    .filter((part) => part !== false)
    .join('\n\n')
}
