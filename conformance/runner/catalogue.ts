// The scenarios of the suite, from the feature files.

import { globSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { generateMessages } from '@cucumber/gherkin'
import { type Feature as Ast, type Scenario as Node, type Pickle, SourceMediaType } from '@cucumber/messages'
import { ROLES, type Role } from '../shim/lines.ts'
import { SUITE_FOLDER } from './cucumber.ts'
import type { Level, Requirements } from './requirements.ts'

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

const FEATURES = 'features/*/*.feature'

const slug = (text: string) =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

interface Place {
  readonly rule: string
  readonly ast: Node
}

function* places({ children }: Ast): Generator<Place> {
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

let read: Features | undefined

/** Read once, and all of them: what has the same name in two files is numbered. */
function features(): Features {
  read ??= readFeatures()
  return read
}

/** Throws where a feature file is not Gherkin. */
function readFeatures(): Features {
  const byNode = new Map<string, Steps>()
  const pickles: Pickle[] = []
  let ids = 0
  const options = { newId: () => `${ids++}`, includeGherkinDocument: true, includePickles: true }
  for (const uri of globSync(FEATURES, { cwd: SUITE_FOLDER }).sort()) {
    const text = readFileSync(`${SUITE_FOLDER}/${uri}`, 'utf8')
    for (const message of generateMessages(text, uri, SourceMediaType.TEXT_X_CUCUMBER_GHERKIN_PLAIN, options)) {
      const { gherkinDocument, pickle, parseError } = message
      if (parseError) throw new Error(`${parseError.source.uri}: ${parseError.message}`)
      if (pickle) pickles.push(pickle)
      const feature = gherkinDocument?.feature
      if (!feature) continue
      const background = feature.children.flatMap(({ background: each }) => each?.steps ?? [])
      for (const place of places(feature)) {
        const keywords = new Map([...background, ...place.ast.steps].map(({ id, keyword }) => [id, keyword.trim()]))
        byNode.set(place.ast.id, { ...place, feature: feature.name, keywords })
      }
    }
  }
  return { pickles, byNode }
}

/** Every scenario of `role`, in the order in which they run. Throws where the features cite what is not there. */
export function catalogue(role: Scenario['role'], requirements: Requirements): Scenario[] {
  const { pickles, byNode } = features()
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
