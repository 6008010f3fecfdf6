// The files of schemas/dist: one draft-07 JSON Schema per declaration, and the registries as data.

import { type TSchema, Type } from 'typebox'
import { errors } from '../src/errors.ts'
import { limitTable } from '../src/limits.ts'
import { StreamReference } from '../src/rpc/envelope.ts'
import { JournalPlace } from '../src/rpc/journal.ts'
import { type EventType, type Method, Uuid } from '../src/rpc/method.ts'
import { events, methods } from '../src/rpc/registry.ts'
import { layouts, schemas } from './declarations.ts'
import type { Files } from './emit.ts'

const DRAFT = 'http://json-schema.org/draft-07/schema#'
/** `$id` is this and the path below dist/. It names a schema and need not answer. */
export const SCHEMA_BASE = 'https://happy-remote.dev/schemas/'

/** RelayHello → relay-hello, M1Body2 → m1-body-2. */
export const kebab = (name: string): string =>
  name.replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])/g, '-').toLowerCase()

/** Path below dist/ of a declaration's schema. */
export const schemaFile = (name: string): string => `${kebab(name)}.json`
/** Path below dist/ of a schema of a method or event. */
export const rpcFile = (name: string, part: 'params' | 'result' | 'request' | 'success' | 'event'): string =>
  `rpc/${name}.${part}.json`

const toText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

const schemaText = (file: string, title: string, schema: TSchema): string =>
  toText({ $schema: DRAFT, $id: SCHEMA_BASE + file, title, ...schema })

/** rpc.md: a member that is too large for one message is replaced by a stream reference. */
const orStream = (schema: TSchema) => Type.Union([schema, StreamReference])

const methodSchemas = ({ name, params, result, doc }: Method): [string, string, TSchema][] => [
  [rpcFile(name, 'params'), `${name} params`, params],
  [rpcFile(name, 'result'), `${name} result`, result],
  [
    rpcFile(name, 'request'),
    `${name} request`,
    Type.Object(
      { id: Uuid, type: Type.Literal('request'), method: Type.Literal(name), params: orStream(params) },
      { description: doc },
    ),
  ],
  [
    rpcFile(name, 'success'),
    `${name} success`,
    Type.Object({ id: Uuid, type: Type.Literal('response'), result: orStream(result) }),
  ],
]

const eventSchema = ({ name, params, doc, journaled }: EventType): [string, string, TSchema] => [
  rpcFile(name, 'event'),
  `${name} event`,
  Type.Object(
    {
      ...{ id: Uuid, type: Type.Literal('event'), method: Type.Literal(name), params: orStream(params) },
      ...(journaled && { journal: Type.Optional(JournalPlace) }),
    },
    { description: doc },
  ),
]

const allMethods: readonly Method[] = Object.values(methods)
const allEvents: readonly EventType[] = Object.values(events)

const data = {
  errors,
  limits: Object.fromEntries(limitTable.map(({ name, ...entry }) => [name, entry])),
  layouts: Object.fromEntries([...layouts].map(([name, { size, offsets }]) => [name, { size, fields: offsets }])),
  methods: Object.fromEntries(allMethods.map(({ name, params: _, result: __, ...entry }) => [name, entry])),
  events: Object.fromEntries(allEvents.map(({ name, params: _, ...entry }) => [name, entry])),
}

/** Everything below schemas/dist. */
export function distFiles(): Files {
  const found: [string, string, TSchema][] = [
    ...[...layouts].map(([name, layout]): [string, string, TSchema] => [schemaFile(name), name, layout.schema]),
    ...[...schemas].map(([name, schema]): [string, string, TSchema] => [schemaFile(name), name, schema]),
    ...allMethods.flatMap(methodSchemas),
    ...allEvents.map(eventSchema),
  ]
  return new Map([
    ...found.map(([file, title, schema]) => [file, schemaText(file, title, schema)] as const),
    ...Object.entries(data).map(([name, value]) => [`data/${name}.json`, toText(value)] as const),
  ])
}
