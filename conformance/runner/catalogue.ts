// The scenarios of the suite, from the feature files.

import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadSupport, runCucumber } from '@cucumber/cucumber/api'
import { ROLES, type Role } from '../shim/lines.ts'
import type { Level, Requirements } from './requirements.ts'

/** What Cucumber tells while it runs. */
export type Envelope = Parameters<NonNullable<Parameters<typeof runCucumber>[2]>>[0]
type Feature = NonNullable<NonNullable<Envelope['gherkinDocument']>['feature']>
type Ast = NonNullable<Feature['children'][number]['scenario']>
type Pickle = NonNullable<Envelope['pickle']>

/** The folder of the suite itself, where Cucumber runs. */
export const SUITE_FOLDER = fileURLToPath(new URL('..', import.meta.url))

export interface Scenario {
  /** `relay/bind/the-65th-route-is-refused-and-the-64-stay`: never names a line, so it outlives edits. */
  readonly id: string
  readonly role: Role | 'interop'
  /** Of an interop scenario: how a cell of the matrix names it. */
  readonly letter?: string
  readonly feature: string
  readonly rule: string
  readonly name: string
  readonly requirements: readonly string[]
  readonly levels: readonly Level[]
  readonly isInformational: boolean
  /** It waits for a minute, and begins first. */
  readonly isLong: boolean
  /** The steps, with their key words. */
  readonly text: readonly string[]
  /** `features/relay/bind.feature:20`, which Cucumber runs alone. */
  readonly path: string
}

export type Support = Awaited<ReturnType<typeof loadSupport>>

const FEATURES = 'features/*/*.feature'
const sources = (paths: string[]) => ({
  defaultDialect: 'en',
  paths,
  names: [],
  tagExpression: '',
  order: 'defined' as const,
})
const IMPORTS = { roles: ['steps/*.ts'], interop: ['steps/interop/*.ts'] }

/** The suite's own words for what a step is. */
const runtime = {
  dryRun: false,
  failFast: false,
  filterStacktraces: true,
  retry: 0,
  retryTagFilter: '',
  strict: true,
  parallel: 0,
  worldParameters: {},
}

export type RunOptions = Partial<Pick<typeof runtime, 'dryRun' | 'parallel'>> & {
  readonly worldParameters?: Record<string, unknown>
}

/** Runs Cucumber on feature files or `file:line` paths, and hands its messages on. */
export async function cucumber(
  paths: string[],
  support: Support,
  options: RunOptions,
  onMessage: (message: Envelope) => void,
): Promise<void> {
  const environment = { cwd: SUITE_FOLDER, stdout: process.stderr, stderr: process.stderr, env: process.env }
  await runCucumber(
    {
      sources: sources(paths),
      support,
      runtime: { ...runtime, ...options } as never,
      formats: {
        stdout: fileURLToPath(new URL('quiet-formatter.ts', import.meta.url)),
        files: {},
        publish: false,
        options: {},
      },
    } as never,
    environment,
    onMessage,
  )
}

/** The steps of the scenarios of one role, or of those of three programs with each other. */
export async function loadSuite(steps: keyof typeof IMPORTS = 'roles'): Promise<Support> {
  return loadSupport({ sources: sources([]), support: { importPaths: IMPORTS[steps] } }, { cwd: SUITE_FOLDER })
}

const slug = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

interface Place {
  readonly rule: string
  readonly ast: Ast
}

function* places({ children }: Feature): Generator<Place> {
  for (const { scenario, rule } of children) {
    if (scenario) yield { rule: '', ast: scenario }
    for (const child of rule?.children ?? []) if (child.scenario) yield { rule: rule?.name ?? '', ast: child.scenario }
  }
}

/** The line of a pickle: of its row of examples, else of its scenario. */
function lineOf({ astNodeIds }: Pickle, { ast }: Place): number {
  const rows = ast.examples.flatMap(({ tableBody }) => tableBody)
  return (rows.find(({ id }) => astNodeIds.includes(id)) ?? ast).location.line
}

const UNDER_TEST = [...ROLES, 'interop'] as const

/** A scenario says by its tags who is under test: with two of them it runs twice. */
function rolesOf({ tags, uri, name }: Pickle): Scenario['role'][] {
  const roles = UNDER_TEST.filter((role) => tags.some((tag) => tag.name === `@${role}`))
  if (roles.length > 0) return roles
  throw new Error(`${uri}: "${name}" has none of the tags ${UNDER_TEST.map((each) => `@${each}`).join(', ')}`)
}

type Steps = Place & { readonly feature: string; readonly keywords: ReadonlyMap<string, string> }

interface Features {
  readonly pickles: readonly Pickle[]
  /** By the id of the scenario in the syntax tree. */
  readonly byNode: ReadonlyMap<string, Steps>
}

const read = new WeakMap<Support, Promise<Features>>()

/** Read once: finding the step of every line takes seconds. */
function features(support: Support): Promise<Features> {
  const known = read.get(support) ?? readFeatures(support)
  read.set(support, known)
  return known
}

async function readFeatures(support: Support): Promise<Features> {
  const byNode = new Map<string, Steps>()
  const pickles: Pickle[] = []
  await cucumber([FEATURES], support, { dryRun: true }, ({ gherkinDocument, pickle, parseError }) => {
    if (parseError) throw new Error(`${parseError.source.uri}: ${parseError.message}`)
    if (pickle) pickles.push(pickle)
    const feature = gherkinDocument?.feature
    if (!feature) return
    const background = feature.children.flatMap(({ background: each }) => each?.steps ?? [])
    for (const place of places(feature)) {
      const keywords = new Map([...background, ...place.ast.steps].map(({ id, keyword }) => [id, keyword.trim()]))
      byNode.set(place.ast.id, { ...place, feature: feature.name, keywords })
    }
  })
  return { pickles, byNode }
}

/** Every scenario of `role`, in the order in which they run. Throws where the features cite what is not there. */
export async function catalogue(
  role: Scenario['role'],
  support: Support,
  requirements: Requirements,
): Promise<Scenario[]> {
  const { pickles, byNode } = await features(support)
  const ofRole = pickles.filter((pickle) => rolesOf(pickle).includes(role))
  const scenarios = ofRole.map((pickle): Scenario => {
    const place = byNode.get(pickle.astNodeIds[0] ?? '')
    if (!place) throw new Error(`${pickle.uri}: the scenario of ${pickle.name} is not there`)
    const tags = pickle.tags.map(({ name }) => name)
    const ids = tags.filter((tag) => tag.startsWith('@req:')).map((tag) => tag.slice(5))
    const levels = ids.map((id) => {
      const known = requirements.byId.get(id)
      if (!known) throw new Error(`${pickle.uri}: "${pickle.name}" cites ${id}, which the spec does not have`)
      if (role === 'interop' || !known.roles.includes(role))
        throw new Error(`${pickle.uri}: ${id} does not bind the ${role}`)
      return known.level
    })
    if (ids.length === 0 && role !== 'interop') throw new Error(`${pickle.uri}: "${pickle.name}" cites no requirement`)
    const letter = tags.find((tag) => /^@[A-Z]{1,3}$/.test(tag))?.slice(1)
    if ((role === 'interop') !== (letter !== undefined))
      throw new Error(`${pickle.uri}: interop scenarios alone have a letter`)
    return {
      id: `${role}/${basename(pickle.uri, '.feature')}/${slug(pickle.name)}`,
      role,
      ...(letter !== undefined && { letter }),
      feature: place.feature,
      rule: place.rule,
      name: pickle.name,
      requirements: ids,
      levels,
      isInformational: tags.includes('@informational'),
      isLong: tags.includes('@long'),
      text: pickle.steps.map(({ text, astNodeIds }) => `${place.keywords.get(astNodeIds[0] ?? '') ?? '*'} ${text}`),
      path: `${dirname(pickle.uri)}/${basename(pickle.uri)}:${lineOf(pickle, place)}`,
    }
  })
  return numberTwins(scenarios)
}

/** Rows of examples whose names are the same get numbers, in their order. */
function numberTwins(scenarios: readonly Scenario[]): Scenario[] {
  const seen = new Map<string, number>()
  return scenarios.map((scenario) => {
    const count = (seen.get(scenario.id) ?? 0) + 1
    seen.set(scenario.id, count)
    return count === 1 ? scenario : { ...scenario, id: `${scenario.id}-${count}` }
  })
}
