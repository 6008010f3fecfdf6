// Check 9: every message, error code and close code of the schemas is named by prose and by a scenario or vector, and
// these name no others.

import { type ErrorCode, errorEntry, errors } from '../../schemas/src/errors.ts'
import { HANDSHAKE_TYPES } from '../../schemas/src/pairing.ts'
import { events, methods } from '../../schemas/src/rpc/registry.ts'
import { controlTypes, relayTypes } from '../message-types.ts'
import type { Evidence } from './evidence.ts'

const codes = Object.keys(errors) as ErrorCode[]
const closes = new Set(codes.flatMap((code) => errorEntry(code).close ?? []))

/** As kind and name. */
const names: readonly (readonly [kind: string, name: string])[] = [
  ...[...relayTypes, ...controlTypes, ...Object.keys(HANDSHAKE_TYPES)].map((name) => ['message', name] as const),
  ...[...Object.keys(methods), ...Object.keys(events)].map((name) => ['method or event', name] as const),
  ...codes.map((code) => ['error', code] as const),
  ...[...closes].map((close) => ['close code', String(close)] as const),
]

const standsIn = (text: string, name: string) =>
  new RegExp(`(?<![\\w.-])${RegExp.escape(name)}(?![\\w-]|\\.\\w)`).test(text)

export function* unnamedByProse(prose: Evidence['prose']): Generator<string> {
  const written = [...prose.values()].map((document) => document.written).join('\n')
  const inCode = [...written.matchAll(/`([^`]+)`/g)].map((found) => found[1] as string).join('\n')
  for (const [kind, name] of names) {
    const place = name in HANDSHAKE_TYPES || kind === 'close code' ? written : inCode
    if (!standsIn(place, name)) yield `no prose names the ${kind} ${name}`
  }
  // 4400 to 4499 is how relay.md speaks of all of them.
  for (const close of new Set((written.match(/\b44\d\d\b/g) ?? []).map(Number))) {
    if (!closes.has(close) && close !== 4499) yield `prose names the close code ${close}`
  }
}

export function* unnamedByTests({ scenarios, vectors }: Pick<Evidence, 'scenarios' | 'vectors'>): Generator<string> {
  const text = [...scenarios.map((scenario) => scenario.text), ...vectors.map(({ words }) => words)].join('\n')
  const refusedWith = new Set(vectors.flatMap((vector) => [...vector.codes]))
  const isTested = (name: string) => refusedWith.has(name) || standsIn(text, name)
  for (const [kind, name] of names) {
    if (!isTested(name)) yield `no scenario and no vector names the ${kind} ${name}`
  }
}

/** A close code with its error in quotes behind it, and an error code that something is said to be refused with. */
const CLOSED_WITH = /\b(1001|44\d\d) "([a-z-]+)"/g
const REFUSED_WITH = /\b(?:the error|the code|refused with|fails with|ends with) "([a-z-]+)"/g

export function* misnamed({ scenarios, vectors }: Pick<Evidence, 'scenarios' | 'vectors'>): Generator<string> {
  const known = (name: string): name is ErrorCode => Object.hasOwn(errors, name)
  for (const { id, text } of scenarios) {
    for (const [, close, code = ''] of text.matchAll(CLOSED_WITH)) {
      if (!known(code) || errorEntry(code).close !== Number(close))
        yield `${id}: "${code}" does not close with ${close}`
    }
    for (const [, code = ''] of text.matchAll(REFUSED_WITH)) {
      if (!known(code)) yield `${id}: there is no error "${code}"`
    }
  }
  for (const { name, codes: refused } of vectors) {
    for (const code of refused)
      if (!known(code) && code !== 'ignored') yield `vectors/${name}.json: there is no error ${code}`
  }
}
