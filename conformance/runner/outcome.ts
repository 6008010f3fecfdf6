// From results to the report: known failures, the worst verdict of each requirement, the exit code.

import type { Report } from '../report/report.ts'
import type { NotScored, RequiredSet } from '../requirements/set.ts'
import { type KnownFailure, matches } from './configuration.ts'
import type { Result } from './execute.ts'
import { isMandatory, type Requirements } from './requirements.ts'
import { EXIT, type ExitCode, failsRun, VERDICTS, type Verdict, worst } from './verdict.ts'

export interface Outcome {
  readonly exitCode: ExitCode
  /** Known failures that match nothing that failed. */
  readonly stale: readonly string[]
  /** By scenario id: the reason that the implementation gives. */
  readonly excused: ReadonlyMap<string, string>
}

/**
 * A scenario decides by one MUST that is in the set of its role, or one SHOULD that is not left out. A vector
 * decides by a MUST of any role: a receiver is shown what a sender has to make. An interop scenario decides always.
 */
function decides({ required, notScored }: RequiredSet, { id: name, role, requirements, levels }: Result['scenario']) {
  if (role === 'interop') return true
  const own = new Set(name.startsWith('vectors/') ? Object.values(required).flat() : required[role])
  return requirements.some((id, i) => {
    const level = levels[i]
    return level !== undefined && isMandatory(level) ? own.has(id) : !notScored.has(id)
  })
}

/** 4 before 3 before 1: a verdict of a suite or a shim that is broken means nothing. */
export function outcomeOf(
  results: readonly Result[],
  known: readonly KnownFailure[],
  { strict, isWhole, set }: { strict: boolean; isWhole: boolean; set: RequiredSet },
): Outcome {
  const excused = new Map<string, string>()
  const used = new Set<KnownFailure>()
  const notRun = new Set<KnownFailure>()
  const unexpected = results.filter(({ scenario, verdict }) => {
    const entry = known.find((each) => matches(each, scenario.id))
    if (entry && verdict === 'not-applicable') notRun.add(entry)
    if (!(failsRun(verdict, strict) && decides(set, scenario)) && !(entry && verdict === 'non-strict')) return false
    if (!entry) return true
    used.add(entry)
    excused.set(scenario.id, entry.reason)
    return false
  })
  // A run of a part says nothing about entries whose scenarios it did not run; nor does a whole one about
  // an entry that may be meant for another command.
  const isMine = (each: KnownFailure) => isWhole && !each.scenario.startsWith('*')
  const judged = known.filter((each) => isMine(each) || results.some(({ scenario }) => matches(each, scenario.id)))
  const stale = judged.filter((each) => !used.has(each) && !notRun.has(each)).map(({ scenario }) => scenario)
  const exitCode = results.some(({ verdict }) => verdict === 'suite-error')
    ? EXIT.suiteError
    : results.some(({ broken }) => broken)
      ? EXIT.notStarted
      : unexpected.length > 0 || stale.length > 0
        ? EXIT.failed
        : EXIT.passed
  return { exitCode, stale, excused }
}

export const countsOf = (results: readonly { verdict: Verdict }[]): Record<Verdict, number> =>
  Object.fromEntries(
    VERDICTS.map((name) => [name, results.filter(({ verdict }) => verdict === name).length]),
  ) as Record<Verdict, number>

/** Every requirement that binds one of `roles`, with the worst verdict that it met. */
export function requirementsOf(
  results: readonly Result[],
  roles: readonly string[],
  requirements: Requirements,
  { notScored }: RequiredSet,
): Report['requirements'] {
  return requirements.all
    .filter((each) => each.roles.some((role) => roles.includes(role)))
    .map(({ id, level, text }) => {
      const citing = results.filter(({ scenario }) => scenario.requirements.includes(id))
      const verdict = worst(citing.map((each) => each.verdict)) ?? ('not-tested' as const)
      return {
        ...{ id, level, verdict },
        ...(text !== undefined && { text }),
        ...(notScored.has(id) && { notScored: notScored.get(id) as NotScored }),
        scenarios: citing.map(({ scenario }) => scenario.id),
      }
    })
}
