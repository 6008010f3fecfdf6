// `vectors`: every case of `vectors/`, through the verb `vector` of each role.

import type { Identity } from '../report/matrix.ts'
import { ROLES, type Role } from '../shim/lines.ts'
import { ShimBroken } from '../shim/trouble.ts'
import { type Asked, askAll } from '../vectors/ask.ts'
import { casesOf, loadVectors, rolesOfGroup, type VectorCase } from '../vectors/cases.ts'
import { assemble, type RunOutput, startClock } from './assemble.ts'
import { build } from './build.ts'
import type { Scenario } from './catalogue.ts'
import { type LoadedImplementation, named, rolesOf, UsageError } from './configuration.ts'
import type { Result } from './execute.ts'
import { CannotTest, preflight } from './preflight.ts'
import { loadRequirements, type Requirements } from './requirements.ts'
import type { RunOptions } from './run.ts'
import { selects } from './selection.ts'
import { judge } from './verdict.ts'

/** A case as a scenario of `role`: the report knows nothing else. */
export function scenarioOf(role: Role, { file, group, test, flags }: VectorCase, requirements: Requirements): Scenario {
  const ids = [...new Set(flags.map(({ requirement }) => requirement))]
  return {
    id: `vectors/${role}/${test.id}`,
    role,
    feature: file,
    rule: group,
    name: test.comment,
    requirements: ids,
    levels: ids.flatMap((id) => requirements.byId.get(id)?.level ?? []),
    isInformational: false,
    isLong: false,
    text: [
      ...flags.map(({ description }) => description),
      ...(test.mutation === undefined ? [] : [`Mutation: ${test.mutation}`]),
      test.reject ? `To be refused: ${test.reject.code}` : 'To be accepted',
    ],
    path: '',
  }
}

function resultOf(scenario: Scenario, { ending, milliseconds, transcript }: Asked): Result {
  const judged = judge(ending, scenario.levels, false)
  return { scenario, ...judged, milliseconds, transcript: judged.verdict === 'pass' ? '' : transcript }
}

/** Never throws for a program that cannot be tested: the report says so, with exit code 3. */
export async function runVectors(
  subject: LoadedImplementation,
  options: Pick<RunOptions, 'strict' | 'looseErrors' | 'filter' | 'requirements' | 'ids' | 'onProgress'>,
): Promise<RunOutput> {
  const clock = startClock()
  const requirements = loadRequirements()
  const { strict, looseErrors, filter } = options
  const roles = rolesOf(subject.implementation)
  const plans = roles.map((role) => {
    const cases = casesOf(loadVectors())
      .filter(({ file, group }) => rolesOfGroup(file, group).includes(role))
      .map((each) => ({ each, scenario: scenarioOf(role, each, requirements) }))
    return { role, cases: cases.filter(({ scenario }) => selects(options, scenario)) }
  })
  const all = plans.reduce((sum, { cases }) => sum + cases.length, 0)
  if (all === 0 && filter !== undefined) throw new UsageError(`No case fits the filter ${filter}`)
  let done = 0
  const built = build(subject)
  const judgeRole = async ({ role, cases }: (typeof plans)[number]) => {
    const declared = subject.implementation.roles[role]
    if (!declared || cases.length === 0) return { results: [] }
    await built
    const program = { ...declared, cwd: subject.folder }
    const hello = await preflight(role, program, { starts: false })
    const onProgress = () => options.onProgress?.(++done, all)
    const asked = await askAll(
      cases.map(({ each }) => each),
      { role, program, looseErrors, onProgress },
    )
    const byCase = new Map(asked.map((each) => [each.case, each]))
    const results = cases.flatMap(({ each, scenario }) => {
      const found = byCase.get(each)
      return found ? [resultOf(scenario, found)] : []
    })
    return { hello, results }
  }
  let trouble: string | undefined
  const results: Result[] = []
  const hellos: Identity[] = []
  for (const each of await Promise.allSettled(plans.map(judgeRole))) {
    if (each.status === 'fulfilled') {
      results.push(...each.value.results)
      if (each.value.hello) hellos.push(each.value.hello)
    } else {
      if (!(each.reason instanceof CannotTest || each.reason instanceof ShimBroken)) throw each.reason
      trouble ??= each.reason.message
    }
  }
  return assemble({
    command: 'vectors',
    clock,
    options: { strict, looseErrors, filter: filter ?? null },
    implementation: { ...named(subject), roles: hellos },
    roles,
    rolesInSuite: ROLES,
    results,
    known: subject.known,
    isWhole: filter === undefined && !options.requirements && !options.ids,
    requirements,
    ...(trouble !== undefined && { trouble }),
  })
}
