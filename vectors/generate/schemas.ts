// The draft-07 schema of each vector file, from the shapes of its operations.

import { errors } from '@happy-remote/schemas/errors.ts'
import { type TSchema, Type } from 'typebox'
import type { Operation } from '../operations/operation.ts'
import type { Construction } from './file.ts'
import { STAGES } from './stages.ts'

const closed = { additionalProperties: false }

const Flag = Type.Object(
  {
    kind: Type.Enum(['functional', 'encoding', 'structure', 'order', 'key-agreement', 'auth-bypass', 'payload']),
    description: Type.String(),
    requirement: Type.String({ pattern: '^(relay|pairing|session|security)(\\.[a-z0-9-]+){2}$' }),
  },
  closed,
)

const Reject = Type.Object(
  {
    stage: Type.Enum([...STAGES]),
    code: Type.Enum(['ignored', ...Object.keys(errors)]),
    close: Type.Optional(Type.Integer({ minimum: 1000, maximum: 4999 })),
  },
  closed,
)

function test(construction: string, operation: Operation): TSchema {
  const id = Type.String({ pattern: `^${construction}-[0-9]{3}$` })
  const common = { id, comment: Type.String(), flags: Type.Array(Type.String(), { minItems: 1 }) }
  const inner = Object.keys(operation.intermediate.properties).length > 0
  const valid = Type.Object(
    {
      ...common,
      input: operation.input,
      ...(inner && { intermediate: operation.intermediate }),
      output: operation.output,
      result: Type.Literal('valid'),
    },
    closed,
  )
  const invalid = Type.Object(
    {
      ...common,
      from: id,
      mutation: Type.String({ description: 'the one thing that differs from the case `from`' }),
      input: operation.input,
      result: Type.Literal('invalid'),
      reject: Reject,
    },
    closed,
  )
  return Type.Union([valid, invalid])
}

export function schemaOf({ construction, operations }: Construction): object {
  const groups = Object.entries(operations).map(([label, operation]) =>
    Type.Object({ label: Type.Literal(label), tests: Type.Array(test(construction, operation)) }, closed),
  )
  const file = Type.Object(
    {
      schema: Type.Literal(`schema/${construction}.schema.json`),
      schemaVersion: Type.Literal(1),
      protocol: Type.Literal(1),
      construction: Type.Literal(construction),
      header: Type.Array(Type.String()),
      flags: Type.Record(Type.String({ pattern: '^[A-Z][A-Za-z0-9]*$' }), Flag),
      groups: Type.Array(groups.length === 1 ? (groups[0] as TSchema) : Type.Union(groups)),
    },
    closed,
  )
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: `Vectors: ${construction}`, ...file }
}
