// From results to the report and the files beside it: the same for every command.

import type { Matrix } from '../report/matrix.ts'
import type { Report } from '../report/report.ts'
import { loadRequiredSet } from '../requirements/set.ts'
import type { Role } from '../shim/lines.ts'
import type { Scenario } from './catalogue.ts'
import { type Command, type KnownFailure, knownFor, suiteVersion } from './configuration.ts'
import type { Result } from './execute.ts'
import { countsOf, outcomeOf, requirementsOf } from './outcome.ts'
import { type Requirements, vectorsDigest } from './requirements.ts'
import { EXIT } from './verdict.ts'

export interface RunOutput {
  readonly report: Report
  /** NDJSON by file name. */
  readonly transcripts: ReadonlyMap<string, string>
}

export interface Clock {
  readonly began: number
  readonly startedAt: string
}

export const startClock = (): Clock => ({ began: performance.now(), startedAt: new Date().toISOString() })

export interface Parts {
  readonly command: Command
  readonly clock: Clock
  readonly options: Report['options']
  readonly implementation: Report['implementation']
  /** Those that were declared. */
  readonly roles: readonly Role[]
  /** Those that this command has something for. */
  readonly rolesInSuite: readonly Role[]
  readonly results: readonly Result[]
  readonly known: readonly KnownFailure[]
  /** Nothing was left out by a filter. */
  readonly isWhole: boolean
  readonly requirements: Requirements
  /** Why the programs could not be tested; exit code 3. */
  readonly trouble?: string
  readonly matrix?: Matrix
}

const fileOf = ({ id }: Scenario) => `transcripts/${id.replaceAll('/', '.')}.ndjson`

export function assemble(parts: Parts): RunOutput {
  const { command, clock, options, results, requirements, trouble, roles, rolesInSuite, matrix } = parts
  const known = knownFor(command, parts.known)
  const set = loadRequiredSet()
  const outcome = outcomeOf(results, known, { strict: options.strict, isWhole: parts.isWhole, set })
  const isNothing = results.length === 0
  const exitCode = trouble !== undefined ? EXIT.notStarted : isNothing ? EXIT.usage : outcome.exitCode
  const isNotRun = trouble !== undefined || isNothing
  const transcripts = new Map(
    results
      .filter(({ transcript }) => transcript !== '')
      .map(({ scenario, transcript }) => [fileOf(scenario), transcript]),
  )
  const report: Report = {
    schemaVersion: 1,
    command,
    suite: { name: '@happy-remote/conformance', version: suiteVersion() },
    spec: { protocol: 1, requirements: requirements.digest, vectors: vectorsDigest() },
    startedAt: clock.startedAt,
    milliseconds: Math.round(performance.now() - clock.began),
    options,
    implementation: parts.implementation,
    outcome: {
      exitCode,
      requiredSet: isNotRun ? 'not-run' : exitCode === EXIT.passed ? 'passed' : 'failed',
      counts: countsOf(results),
      staleKnownFailures: [...outcome.stale],
      ...(trouble !== undefined && { trouble }),
    },
    scenarios: results.map(({ scenario, verdict, message, milliseconds, isUnsteady }) => {
      const { id, role, feature, rule, name, text, requirements: ids, levels } = scenario
      const reason = outcome.excused.get(id)
      return {
        ...{ id, role, feature, rule, name, text: [...text], requirements: [...ids], levels: [...levels], verdict },
        ...(message !== undefined && { message }),
        ...(isUnsteady && { unsteady: true }),
        ...(reason !== undefined && { knownFailure: reason }),
        milliseconds,
        transcript: transcripts.has(fileOf(scenario)) ? fileOf(scenario) : null,
      }
    }),
    requirements: requirementsOf(
      results,
      roles.filter((role) => rolesInSuite.includes(role)),
      requirements,
      set,
    ),
    notYetInSuite: roles.filter((role) => !rolesInSuite.includes(role)),
    ...(matrix && { matrix }),
  }
  return { report, transcripts }
}
