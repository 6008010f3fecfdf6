// `run`: judges a program, or a relay by its address.

import { availableParallelism } from 'node:os'
import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { upgrade } from '../peers/upgrade.ts'
import type { Identity } from '../report/matrix.ts'
import type { Role } from '../shim/lines.ts'
import type { Target } from '../steps/parameters.ts'
import { judgedAgain } from './again.ts'
import { assemble, type RunOutput, startClock } from './assemble.ts'
import { build } from './build.ts'
import { catalogue, type Scenario } from './catalogue.ts'
import { type LoadedImplementation, named, rolesOf, UsageError } from './configuration.ts'
import { loadSuite, type Support } from './cucumber.ts'
import { execute, type Result } from './execute.ts'
import { CannotTest, preflight } from './preflight.ts'
import { loadRequirements } from './requirements.ts'
import { type Selection, selects } from './selection.ts'

/** Roles that have scenarios in this version of the suite. */
export const ROLES_IN_SUITE: readonly Role[] = ['relay', 'agent', 'controller']

/** Most scenarios wait for the network; the longest wait for a minute. */
const WORKERS = Math.max(6, 2 * availableParallelism())

export interface RunOptions extends Selection {
  readonly strict: boolean
  readonly looseErrors: boolean
  /** What failed is judged once more, alone. */
  readonly again?: boolean
  readonly workers?: number
  /** Loaded before, for programs that run many times. */
  readonly support?: Support
  readonly onProgress?: (done: number, all: number) => void
}

export type Subject = { readonly url: string } | LoadedImplementation

async function reach(url: string): Promise<void> {
  const { status, socket } = await upgrade(url, { subprotocols: [RELAY_SUBPROTOCOL] }).catch((error: Error) => {
    throw new CannotTest(error.message)
  })
  socket?.destroy()
  if (status === null) throw new CannotTest(`Nothing listens at ${url}`)
}

interface Plan {
  readonly role: Role
  readonly target: Target
  readonly hello: Identity | undefined
}

/** Says who is there. Throws CannotTest. */
async function prepare(subject: Subject): Promise<Plan[]> {
  if ('url' in subject) {
    await reach(subject.url)
    return [{ role: 'relay', target: { kind: 'url', url: subject.url }, hello: undefined }]
  }
  await build(subject)
  const plans: Plan[] = []
  for (const role of rolesOf(subject.implementation)) {
    const declared = subject.implementation.roles[role]
    if (!declared) continue
    const program = { ...declared, cwd: subject.folder }
    const hello = await preflight(role, program)
    plans.push({ role, target: { kind: 'program', program, capabilities: hello.capabilities }, hello })
  }
  return plans
}

/** Never throws for a program that cannot be tested: the report says so, with exit code 3. */
export async function run(subject: Subject, options: RunOptions): Promise<RunOutput> {
  const clock = startClock()
  const requirements = loadRequirements()
  const { strict, looseErrors, filter } = options
  const results: Result[] = []
  let plans: Plan[] = []
  let trouble: string | undefined
  try {
    plans = await prepare(subject)
    const scenarios: Scenario[] = []
    for (const { role } of plans.filter((plan) => ROLES_IN_SUITE.includes(plan.role))) {
      scenarios.push(...catalogue(role, requirements).filter((each) => selects(options, each)))
    }
    if (scenarios.length > 0) {
      const support = options.support ?? (await loadSuite())
      const progress = (done: number) => options.onProgress?.(done, scenarios.length)
      const targets = Object.fromEntries(plans.map(({ role, target }) => [role, target]))
      const parameters = { targets, looseErrors }
      const first = await execute(scenarios, support, parameters, options.workers ?? WORKERS, progress)
      const alone = (some: Scenario[]) => execute(some, support, parameters, 1, () => {})
      results.push(...(options.again ? await judgedAgain(first, alone) : first))
    }
    if (results.length === 0 && filter !== undefined) throw new UsageError(`No scenario fits the filter ${filter}`)
  } catch (error) {
    if (!(error instanceof CannotTest)) throw error
    trouble = error.message
  }
  return assemble({
    command: 'run',
    clock,
    options: { strict, looseErrors, filter: filter ?? null },
    implementation: {
      ...('url' in subject ? { name: subject.url, url: subject.url } : named(subject)),
      roles: plans.flatMap(({ hello }) => hello ?? []),
    },
    roles: plans.map(({ role }) => role),
    rolesInSuite: ROLES_IN_SUITE,
    results,
    known: 'url' in subject ? [] : subject.known,
    isWhole: filter === undefined && !options.requirements && !options.ids,
    requirements,
    ...(trouble !== undefined && { trouble }),
  })
}
