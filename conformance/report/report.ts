// report.json: the one truth of a run, from which every other form is made.

import { type Static, Type } from 'typebox'
import { NOT_SCORED } from '../requirements/set.ts'
import { VERDICTS } from '../runner/verdict.ts'
import { ROLES } from '../shim/lines.ts'
import { Identity, Matrix } from './matrix.ts'

const closed = { additionalProperties: false }
const VerdictName = Type.Enum(VERDICTS)
const Levels = Type.Enum(['MUST', 'MUST NOT', 'SHOULD', 'SHOULD NOT', 'MAY'])
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })

const ScenarioReport = Type.Object(
  {
    id: Type.String({
      description: '`relay/bind/…`, `vectors/agent/cert-017`, `matrix/<relay>+<agent>+<controller>/R`',
    }),
    role: Type.Enum([...ROLES, 'interop']),
    feature: Type.String({ description: 'of a vector: its construction' }),
    rule: Type.String({ description: 'of a vector: its group' }),
    name: Type.String(),
    text: Type.Array(Type.String(), { description: 'the steps; of a vector what its flags mean, and the mutation' }),
    requirements: Type.Array(Type.String(), { description: 'none of an interop scenario' }),
    levels: Type.Array(Levels, { description: 'of the requirements, in their order' }),
    verdict: VerdictName,
    message: Type.Optional(Type.String({ description: 'why, or what was seen' })),
    unsteady: Type.Optional(
      Type.Boolean({ description: 'failed at first, and passed when it was judged once more, alone' }),
    ),
    knownFailure: Type.Optional(Type.String({ description: 'the reason that the implementation gives' })),
    milliseconds: Type.Integer({ minimum: 0 }),
    transcript: Type.Union([Type.String(), Type.Null()], { description: 'file beside the report' }),
  },
  closed,
)
export type ScenarioReport = Static<typeof ScenarioReport>

const RequirementReport = Type.Object(
  {
    id: Type.String(),
    level: Levels,
    text: Type.Optional(Type.String({ description: 'the sentence of the spec, in Markdown' })),
    notScored: Type.Optional(Type.Enum(NOT_SCORED, { description: 'why it does not decide: requirements/v1.yaml' })),
    verdict: Type.Union([VerdictName, Type.Literal('not-tested')], {
      description: 'the worst of its scenarios; `not-tested` where no scenario of this run cites it',
    }),
    scenarios: Type.Array(Type.String()),
  },
  closed,
)

export const Report = Type.Object(
  {
    schemaVersion: Type.Literal(1),
    command: Type.Enum(['run', 'vectors', 'matrix']),
    suite: Type.Object({ name: Type.String(), version: Type.String() }, closed),
    spec: Type.Object(
      {
        protocol: Type.Literal(1),
        requirements: Sha256,
        vectors: Type.Union([Sha256, Type.Null()]),
        url: Type.Optional(Type.String({ description: 'where its chapters are; from the report, or absolute' })),
      },
      { ...closed, description: 'digests of requirements.lock.json and of vectors/SHA256SUMS' },
    ),
    startedAt: Type.String({ description: 'RFC 3339' }),
    milliseconds: Type.Integer({ minimum: 0 }),
    options: Type.Object(
      { strict: Type.Boolean(), looseErrors: Type.Boolean(), filter: Type.Union([Type.String(), Type.Null()]) },
      closed,
    ),
    implementation: Type.Object(
      {
        name: Type.String({ description: 'of a matrix: all names' }),
        homepage: Type.Optional(Type.String()),
        url: Type.Optional(Type.String({ description: 'of a relay that was tested by its address' })),
        roles: Type.Array(Identity, { description: 'what each `hello` said' }),
      },
      closed,
    ),
    outcome: Type.Object(
      {
        exitCode: Type.Integer({ minimum: 0, maximum: 4 }),
        requiredSet: Type.Enum(['passed', 'failed', 'not-run']),
        counts: Type.Record(VerdictName, Type.Integer({ minimum: 0 })),
        staleKnownFailures: Type.Array(Type.String(), { description: 'listed, and passed or not there' }),
        trouble: Type.Optional(Type.String({ description: 'why the run could not be made' })),
      },
      closed,
    ),
    scenarios: Type.Array(ScenarioReport),
    requirements: Type.Array(RequirementReport, { description: 'all that bind the roles of the run' }),
    notYetInSuite: Type.Array(Type.String(), { description: 'roles that were declared and have no scenarios yet' }),
    matrix: Type.Optional(Matrix),
  },
  { ...closed, title: 'Report of happy-remote-conformance' },
)
export type Report = Static<typeof Report>
