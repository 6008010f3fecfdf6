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
const WORKERS = Math.max(10, 2 * availableParallelism())

export interface RunOptions extends Selection {
  readonly strict: boolean
  readonly looseErrors: boolean
  /** What failed is judged once more, alone. */
  readonly again?: boolean
  /** The relay part runs through two nodes of a cluster: the subject's relay and that of this one. */
  readonly secondNode?: LoadedImplementation
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

/** Scenarios in which a single node is looked at from the side of Redis. */
const isOfOneNode = ({ id }: Scenario) => id.startsWith('relay/cluster-') && !id.startsWith('relay/cluster-nodes/')

/** Says who is there. Throws CannotTest. */
async function prepare(subject: Subject, { secondNode }: Pick<RunOptions, 'secondNode'> = {}): Promise<Plan[]> {
  if (secondNode) {
    const [first, second] = [await prepare(subject), subject === secondNode ? [] : await prepare(secondNode)]
    return [...first, ...second].filter(({ role }) => role === 'relay')
  }
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

const namedTogether = (...nodes: LoadedImplementation[]): string =>
  `cluster of ${nodes.map(({ implementation }) => implementation.name).join(' and ')}`

/** Never throws for a program that cannot be tested: the report says so, with exit code 3. */
export async function run(subject: Subject, options: RunOptions): Promise<RunOutput> {
  const clock = startClock()
  const requirements = loadRequirements()
  const { strict, looseErrors, filter } = options
  const results: Result[] = []
  let plans: Plan[] = []
  let trouble: string | undefined
  try {
    plans = await prepare(subject, options)
    const scenarios: Scenario[] = []
    for (const role of new Set(plans.map((plan) => plan.role).filter((each) => ROLES_IN_SUITE.includes(each)))) {
      const fits = (each: Scenario) => selects(options, each) && !(options.secondNode && isOfOneNode(each))
      scenarios.push(...catalogue(role, requirements).filter(fits))
    }
    if (scenarios.length > 0) {
      const support = options.support ?? (await loadSuite())
      const progress = (done: number) => options.onProgress?.(done, scenarios.length)
      const targets = Object.fromEntries(plans.toReversed().map(({ role, target }) => [role, target]))
      const second = options.secondNode && plans.at(-1)
      const parameters = { targets, looseErrors, ...(second && { secondNode: second.target }) }
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
      ...(options.secondNode && !('url' in subject) && { name: namedTogether(subject, options.secondNode) }),
      roles: plans.flatMap(({ hello }) => hello ?? []),
    },
    roles: [...new Set(plans.map(({ role }) => role))],
    rolesInSuite: ROLES_IN_SUITE,
    results,
    known: 'url' in subject ? [] : subject.known,
    isWhole: filter === undefined && !options.requirements && !options.ids && !options.secondNode,
    requirements,
    ...(trouble !== undefined && { trouble }),
  })
}
