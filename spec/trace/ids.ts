// Check 2: an id is used once, and one that has gone is listed as withdrawn and never used again.
// Check 4: every id that a scenario, a flag, a comment or prose names is there, and every scenario names one.

import { events, methods } from '../../schemas/src/rpc/registry.ts'
import { documents } from '../generate-asyncapi.ts'
import { controlTypes } from '../message-types.ts'
import { ID } from '../prose.ts'
import { DOCUMENT_NAMES, type Evidence } from './evidence.ts'
import type { Lock } from './lock.ts'
import type { Row } from './rows.ts'

export function* reused(rows: readonly Row[], { requirements, withdrawn }: Lock): Generator<string> {
  const known = new Set<string>()
  for (const { id } of rows) {
    if (known.has(id)) yield `${id} is used twice`
    known.add(id)
  }
  for (const { id } of requirements) {
    if (!known.has(id) && !withdrawn.includes(id)) {
      yield `${id} is gone: list it as withdrawn in requirements.lock.json`
    }
  }
  for (const id of withdrawn) if (known.has(id)) yield `${id} was withdrawn and is never used again`
}

const notIds = new Set([...Object.keys(methods), ...Object.keys(events), ...controlTypes])

/** Whether a word in code or prose is meant as a requirement id. */
const looksLikeId = (word: string): boolean =>
  ID.test(word) &&
  (DOCUMENT_NAMES as readonly string[]).includes(word.slice(0, word.indexOf('.'))) &&
  !notIds.has(word) &&
  !/\.(?:ts|md|json|yaml|yml)$/.test(word)

export function* unknown({ prose, vectors, scenarios, sources, untested, runs }: Evidence): Generator<string> {
  const known = new Set([...prose.values()].flatMap((document) => document.requirements.map(({ id }) => id)))
  const isUnknown = (id: string) => !known.has(id)
  for (const { id, requirements } of scenarios) {
    if (requirements.length === 0) yield `${id} cites no requirement`
    for (const each of requirements.filter(isUnknown)) yield `${id} cites ${each}, which no prose has`
  }
  for (const { name, named } of vectors) {
    for (const id of [...named].filter(isUnknown)) yield `vectors/${name}.json: a flag names ${id}, which no prose has`
  }
  for (const { path, cited } of sources) {
    for (const id of cited) if (looksLikeId(id) && isUnknown(id)) yield `${path}: cites ${id}, which no prose has`
  }
  for (const { file, operations } of documents) {
    for (const { name, requirements = [] } of operations) {
      for (const id of requirements.filter(isUnknown)) yield `spec/asyncapi/${file}: ${name} names ${id}`
    }
  }
  for (const id of [...untested.reasons.keys()].filter(isUnknown)) yield `spec/untested.yaml: ${id} is in no prose`
  for (const id of Object.keys(runs.tested).filter(isUnknown)) yield `conformance/tested.ndjson: ${id} is in no prose`
  for (const { name, bitten } of runs.kills) {
    for (const id of bitten.filter(isUnknown)) yield `conformance/mutants/kills.ndjson: ${name}: ${id} is in no prose`
  }
  for (const [name, { written }] of prose) {
    const inCode = new Set([...written.matchAll(/`([^`\s]+)`/g)].map((found) => found[1] as string))
    for (const id of inCode) {
      if (looksLikeId(id) && isUnknown(id)) yield `spec/${name}.md: names ${id}, which no prose has`
    }
  }
}
