import assert from 'node:assert/strict'
import { test } from 'node:test'
import { greenReport, sampleReport } from '../testing/report.ts'
import { badge } from './badge.ts'
import type { Report } from './report.ts'

const { matrix, ...green } = greenReport
const [passing] = greenReport.scenarios
const known = sampleReport.scenarios.filter(({ knownFailure }) => knownFailure !== undefined)

const cases: [what: string, report: Report, message: string, color: string][] = [
  ['a green run', green, 'passing, 1 scenarios', 'brightgreen'],
  ['a green matrix', { ...greenReport, command: 'matrix' }, '2 of 2 cells', 'brightgreen'],
  ['a run of a part', { ...green, options: { ...green.options, filter: 'relay.ping' } }, 'part passing', 'lightgrey'],
  [
    'a run with known failures',
    { ...green, scenarios: [...green.scenarios, ...known] },
    'passing, 1 known failures',
    'green',
  ],
  ['a failing run, known failures apart', sampleReport, '4 failing', 'red'],
  [
    'a run that fails for a stale known failure alone',
    { ...green, outcome: { ...green.outcome, exitCode: 1, requiredSet: 'failed' } },
    'failing',
    'red',
  ],
  [
    'a mistake of the suite',
    { ...sampleReport, outcome: { ...sampleReport.outcome, exitCode: 4 } },
    'suite error',
    'orange',
  ],
  [
    'a program that did not start',
    { ...green, outcome: { ...green.outcome, requiredSet: 'not-run' } },
    'not run',
    'lightgrey',
  ],
]
for (const [what, report, message, color] of cases) {
  test(`the badge of ${what} says "${message}"`, () => {
    assert.ok(matrix && passing)
    assert.deepEqual(badge(report), {
      schemaVersion: 1,
      label: report.command === 'matrix' ? 'happy remote matrix' : 'happy remote v1',
      message,
      color,
    })
  })
}
