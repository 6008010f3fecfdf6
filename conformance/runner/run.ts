// `run`: judges a program, or a relay by its address.

import { availableParallelism } from 'node:os'
import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { upgrade } from '../peers/upgrade.ts'
import type { Report } from '../report/report.ts'
import type { Role } from '../shim/lines.ts'
import type { Target } from '../steps/parameters.ts'
import { catalogue, loadSuite, type Scenario, type Support } from './catalogue.ts'
import { type LoadedImplementation, matches, rolesOf, suiteVersion, UsageError } from './configuration.ts'
import { execute, type Result } from './execute.ts'
import { countsOf, outcomeOf, requirementsOf } from './outcome.ts'
import { CannotTest, preflight } from './preflight.ts'
import { loadRequirements, vectorsDigest } from './requirements.ts'
import { EXIT } from './verdict.ts'

/** Roles that have scenarios in this version of the suite. */
export const ROLES_IN_SUITE: readonly Role[] = ['relay']

/** Most scenarios wait for the network; the longest wait for a minute. */
const WORKERS = Math.max(6, 2 * availableParallelism())

export interface RunOptions {
  readonly strict: boolean
  readonly looseErrors: boolean
  /** Part of a scenario id or a requirement id; `*` for any part. */
  readonly filter: string | undefined
  /** Only scenarios that cite one of these. */
  readonly requirements?: readonly string[]
  readonly workers?: number
  /** Loaded before, for programs that run many times. */
  readonly support?: Support
  readonly onProgress?: (done: number, all: number) => void
}

export type Subject = { readonly url: string } | LoadedImplementation

export interface RunOutput {
  readonly report: Report
  /** NDJSON by file name. */
  readonly transcripts: ReadonlyMap<string, string>
}

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
  readonly hello: Report['implementation']['roles'][number] | undefined
}

/** Says who is there. Throws CannotTest. */
async function prepare(subject: Subject): Promise<Plan[]> {
  if ('url' in subject) {
    await reach(subject.url)
    return [{ role: 'relay', target: { kind: 'url', url: subject.url }, hello: undefined }]
  }
  const plans: Plan[] = []
  for (const role of rolesOf(subject.implementation)) {
    const declared = subject.implementation.roles[role]
    if (!declared) continue
    const program = { ...declared, cwd: subject.folder }
    const { name, version, language, capabilities } = await preflight(role, program)
    const target: Target = { kind: 'program', program, capabilities }
    plans.push({ role, target, hello: { role, name, version, language, capabilities } })
  }
  return plans
}

type Selection = Pick<RunOptions, 'filter' | 'requirements'>

export function selects({ filter, requirements: only }: Selection, { id, requirements }: Scenario): boolean {
  if (only && !requirements.some((each) => only.includes(each))) return false
  if (filter === undefined) return true
  const wanted = { scenario: filter.includes('*') ? filter : `*${filter}*`, reason: '' }
  return matches(wanted, id) || requirements.includes(filter)
}

/** Never throws for a program that cannot be tested: the report says so, with exit code 3. */
export async function run(subject: Subject, options: RunOptions): Promise<RunOutput> {
  const began = performance.now()
  const startedAt = new Date().toISOString()
  const requirements = loadRequirements()
  const { strict, looseErrors, filter } = options
  const results: Result[] = []
  let plans: Plan[] = []
  let trouble: string | undefined
  let isNothing = false
  try {
    plans = await prepare(subject)
    const support = options.support ?? (await loadSuite())
    for (const { role, target } of plans.filter((plan) => ROLES_IN_SUITE.includes(plan.role))) {
      const scenarios = (await catalogue(role, support, requirements)).filter((each) => selects(options, each))
      if (scenarios.length === 0) continue
      const progress = (done: number) => options.onProgress?.(done, scenarios.length)
      const parameters = { target, looseErrors }
      results.push(...(await execute(scenarios, support, parameters, options.workers ?? WORKERS, progress)))
    }
    isNothing = results.length === 0
    if (isNothing && filter !== undefined) throw new UsageError(`No scenario fits the filter ${filter}`)
  } catch (error) {
    if (!(error instanceof CannotTest)) throw error
    trouble = error.message
  }
  const known = 'url' in subject ? [] : subject.known
  const outcome = outcomeOf(results, known, { strict, isWhole: filter === undefined && !options.requirements })
  const exitCode = trouble !== undefined ? EXIT.notStarted : isNothing ? EXIT.usage : outcome.exitCode
  const transcripts = new Map(
    results
      .filter(({ transcript }) => transcript !== '')
      .map(({ scenario, transcript }) => [fileOf(scenario), transcript]),
  )
  const roles = plans.map(({ role }) => role)
  const report: Report = {
    schemaVersion: 1,
    command: 'run',
    suite: { name: '@happy-remote/conformance', version: suiteVersion() },
    spec: { protocol: 1, requirements: requirements.digest, vectors: vectorsDigest() },
    startedAt,
    milliseconds: Math.round(performance.now() - began),
    options: { strict, looseErrors, filter: filter ?? null },
    implementation: {
      ...('url' in subject ? { name: subject.url, url: subject.url } : named(subject)),
      roles: plans.flatMap(({ hello }) => hello ?? []),
    },
    outcome: {
      exitCode,
      requiredSet: trouble !== undefined || isNothing ? 'not-run' : exitCode === EXIT.passed ? 'passed' : 'failed',
      counts: countsOf(results),
      staleKnownFailures: [...outcome.stale],
      ...(trouble !== undefined && { trouble }),
    },
    scenarios: results.map(({ scenario, verdict, message, milliseconds }) => {
      const { id, role, feature, rule, name, text, requirements: ids, levels } = scenario
      const reason = outcome.excused.get(id)
      return {
        ...{ id, role, feature, rule, name, text: [...text], requirements: [...ids], levels: [...levels], verdict },
        ...(message !== undefined && { message }),
        ...(reason !== undefined && { knownFailure: reason }),
        milliseconds,
        transcript: transcripts.has(fileOf(scenario)) ? fileOf(scenario) : null,
      }
    }),
    requirements: requirementsOf(
      results,
      roles.filter((role) => ROLES_IN_SUITE.includes(role)),
      requirements,
    ),
    notYetInSuite: roles.filter((role) => !ROLES_IN_SUITE.includes(role)),
  }
  return { report, transcripts }
}

const fileOf = ({ id }: Scenario) => `transcripts/${id.replaceAll('/', '.')}.ndjson`

function named({ implementation }: LoadedImplementation): Pick<Report['implementation'], 'name' | 'homepage'> {
  const { name, homepage } = implementation
  return { name, ...(homepage !== undefined && { homepage }) }
}
