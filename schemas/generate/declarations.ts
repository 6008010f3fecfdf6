// What schemas/src declares, by name: found through the exports, so nothing can be forgotten.

import type { TSchema } from 'typebox'
import * as cluster from '../src/cluster.ts'
import type { Layout } from '../src/layout.ts'
import * as pairing from '../src/pairing.ts'
import * as relay from '../src/relay.ts'
import * as envelope from '../src/rpc/envelope.ts'
import * as journal from '../src/rpc/journal.ts'
import * as permission from '../src/rpc/permission.ts'
import * as question from '../src/rpc/question.ts'
import * as session from '../src/session.ts'

// biome-ignore lint/suspicious/noExplicitAny: layouts of every decoded type stand side by side
export type AnyLayout = Layout<any>

const modules: readonly object[] = [relay, cluster, pairing, session, envelope, journal, permission, question]
const exported = modules.flatMap((module) => Object.entries(module))

const isLayout = (value: unknown): value is AnyLayout =>
  typeof value === 'object' && value !== null && 'offsets' in value && 'decode' in value

const isSchema = (value: unknown): value is TSchema => typeof value === 'object' && value !== null && '~kind' in value

/** A body that differs by suite is a record of layouts; each of them counts. */
const layoutsIn = (value: unknown): AnyLayout[] => {
  if (isLayout(value)) return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).filter(isLayout)
}

/** Every binary layout by its name: IdentityCert, M1Body1, … */
export const layouts: ReadonlyMap<string, AnyLayout> = new Map(
  exported.flatMap(([, value]) => layoutsIn(value)).map((layout) => [layout.name, layout]),
)

/** Every JSON schema outside the method registry by its constant: RelayHello, Request, … */
export const schemas: ReadonlyMap<string, TSchema> = new Map(
  exported.flatMap(([name, value]) => (isSchema(value) ? [[name, value] as const] : [])),
)
