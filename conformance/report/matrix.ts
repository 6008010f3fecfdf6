// What report.json says of an interop matrix: which programs met, in which cells, by which scenarios.

import { type Static, Type } from 'typebox'
import { ROLES } from '../shim/lines.ts'

const closed = { additionalProperties: false }

/** What a program says of itself in `hello`. */
export const Identity = Type.Object(
  {
    role: Type.Enum(ROLES),
    name: Type.String(),
    version: Type.String(),
    language: Type.String(),
    capabilities: Type.Array(Type.String()),
  },
  closed,
)
export type Identity = Static<typeof Identity>

const Name = Type.String({ description: 'name of an implementation of this matrix' })
const Letter = Type.String({ pattern: '^[A-Z]{1,3}$' })

export const Matrix = Type.Object(
  {
    implementations: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          homepage: Type.Optional(Type.String()),
          roles: Type.Array(Identity, { description: 'what each `hello` said' }),
        },
        closed,
      ),
      { description: 'each name once, in the order in which they were given' },
    ),
    letters: Type.Array(
      Type.Object(
        {
          letter: Letter,
          feature: Type.String(),
          name: Type.String({ description: 'of the scenario' }),
        },
        closed,
      ),
      { description: 'in the order in which a cell shows them' },
    ),
    cells: Type.Array(
      Type.Object(
        {
          ...{ relay: Name, agent: Name, controller: Name },
          scenarios: Type.Array(Type.Object({ letter: Letter, id: Type.String() }, closed), {
            description: 'each is one of `scenarios` of the report, with its verdict and transcript',
          }),
        },
        closed,
      ),
      { description: 'a cube of up to two implementations of each role, a star of more' },
    ),
    findings: Type.Array(Type.String(), {
      description: 'sentences: where two relays, which have to be opaque, give different results',
    }),
  },
  closed,
)
export type Matrix = Static<typeof Matrix>
export type Cell = Matrix['cells'][number]
