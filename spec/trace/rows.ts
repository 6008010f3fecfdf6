// One row a requirement: where it is tested, what a run said, and what died on it.

import type { Requirement } from '../prose.ts'
import type { Evidence } from './evidence.ts'
import type { Scenario } from './features.ts'
import { IMPLEMENTATIONS } from './runs.ts'

export interface Row extends Requirement {
  /** Those that decide: informational ones only record. */
  readonly scenarios: readonly Scenario[]
  /** Names of vector files. */
  readonly vectors: readonly string[]
  readonly invalidVectors: number
  /** Names of mutants that died of a scenario or vector of it. */
  readonly mutants: readonly string[]
  /** By implementation, where a run reached it. */
  readonly verdicts: Readonly<Record<string, string | undefined>>
  /** Why nothing tests it, from untested.yaml. */
  readonly reason: string | undefined
}

export const isTested = ({ scenarios, vectors }: Row): boolean => scenarios.length > 0 || vectors.length > 0
export const isMandatory = ({ level }: Requirement): boolean => /^(?:MUST|SHALL|REQUIRED)/.test(level)
export const isOptional = ({ level }: Requirement): boolean => level === 'MAY' || level === 'OPTIONAL'

export function rowsOf({ prose, vectors, scenarios, untested, runs }: Evidence): Row[] {
  return [...prose.values()]
    .flatMap((document) => document.requirements)
    .map((requirement): Row => {
      const { id } = requirement
      const files = vectors.filter(({ cases }) => cases.has(id))
      return {
        ...requirement,
        scenarios: scenarios.filter((each) => !each.isInformational && each.requirements.includes(id)),
        vectors: files.map(({ name }) => name),
        invalidVectors: files.reduce((sum, { cases }) => sum + (cases.get(id)?.invalid ?? 0), 0),
        mutants: runs.kills.filter(({ bitten }) => bitten.includes(id)).map(({ name }) => name),
        verdicts: Object.fromEntries(IMPLEMENTATIONS.map((name) => [name, runs.tested[id]?.[name]])),
        reason: untested.reasons.get(id),
      }
    })
}
