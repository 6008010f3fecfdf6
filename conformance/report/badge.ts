// The report as a badge: what shields.io/endpoint and its like read.

import { failsRun } from '../runner/verdict.ts'
import type { Report } from './report.ts'

export interface Badge {
  readonly schemaVersion: 1
  readonly label: string
  readonly message: string
  readonly color: 'brightgreen' | 'green' | 'red' | 'orange' | 'lightgrey'
}

const SUITE_ERROR = 4

/** Says nothing good of a run that was not whole. */
export function badge({ spec, command, outcome, options, scenarios, matrix }: Report): Badge {
  const head = { schemaVersion: 1, label: `happy remote ${command === 'run' ? `v${spec.protocol}` : command}` } as const
  if (outcome.requiredSet === 'not-run') return { ...head, message: 'not run', color: 'lightgrey' }
  if (outcome.exitCode === SUITE_ERROR) return { ...head, message: 'suite error', color: 'orange' }
  if (outcome.requiredSet === 'failed') {
    const bad = scenarios.filter((each) => failsRun(each.verdict, options.strict) && each.knownFailure === undefined)
    return { ...head, message: bad.length > 0 ? `${bad.length} failing` : 'failing', color: 'red' }
  }
  if (options.filter !== null) return { ...head, message: 'part passing', color: 'lightgrey' }
  const known = scenarios.filter(({ knownFailure }) => knownFailure !== undefined).length
  if (known > 0) return { ...head, message: `passing, ${known} known failures`, color: 'green' }
  const cells = matrix && `${matrix.cells.length} of ${matrix.cells.length} cells`
  return { ...head, message: cells ?? `passing, ${outcome.counts.pass} scenarios`, color: 'brightgreen' }
}
