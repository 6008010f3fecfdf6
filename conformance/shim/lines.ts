// The lines of the shim protocol, version 1: shim/README.md. One JSON object a line, in both directions.

import { CAPABILITIES } from '@happy-remote/schemas/constants.ts'
import { type ErrorCode, errors } from '@happy-remote/schemas/errors.ts'
import { DeviceId } from '@happy-remote/schemas/rpc/method.ts'
import { type Static, type TSchema, Type } from 'typebox'

export const SHIM_VERSION = 1
/** Bytes of the longest line of a program, without its end. */
export const LINE_MAX = 1_048_576
/** The same of the suite, which has to ask for what is too large for a message. */
export const REQUEST_MAX = 2_097_152
/** The exit code of a program that cannot be started as `start` asks. */
export const IMPOSSIBLE_CONFIGURATION = 89

export const ROLES = ['relay', 'agent', 'controller'] as const
export type Role = (typeof ROLES)[number]

export const RequestLine = Type.Object(
  {
    id: Type.Integer({ minimum: 0 }),
    do: Type.String({ minLength: 1 }),
    with: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
)
export type RequestLine = Static<typeof RequestLine>

const Id = Type.Integer({ minimum: 0 })
const closed = { additionalProperties: false }
const Code = Type.Enum(Object.keys(errors) as ErrorCode[])

export const OkLine = Type.Object({ id: Id, ok: Type.Record(Type.String(), Type.Unknown()) }, closed)
export const ErrorLine = Type.Object(
  {
    id: Id,
    error: Type.Object({ code: Code, message: Type.String() }, closed),
  },
  closed,
)
export const UnimplementedLine = Type.Object({ id: Id, unimplemented: Type.String() }, closed)
export const EventLine = Type.Object(
  { event: Type.String({ minLength: 1 }), data: Type.Record(Type.String(), Type.Unknown()) },
  closed,
)
export const AnswerLine = Type.Union([OkLine, ErrorLine, UnimplementedLine])
export type AnswerLine = Static<typeof AnswerLine>
/** Whatever a program may write. */
export const ProgramLine = Type.Union([OkLine, ErrorLine, UnimplementedLine, EventLine])
export type ProgramLine = Static<typeof ProgramLine>

/**
 * What the suite may ask of a relay's limits: names and units of the spec's table, and five that the
 * spec leaves to the operator.
 */
export const StartLimits = Type.Object(
  {
    openMemory: Type.Optional(Type.Integer({ minimum: 1, description: 'ms' })),
    connectionsPerSecond: Type.Optional(
      Type.Integer({ minimum: 1, description: 'New connections of one address in a second.' }),
    ),
    bindsPerSecond: Type.Optional(Type.Integer({ minimum: 1, description: 'Binds of one address in a second.' })),
    messagesPerSecond: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Control messages of one connection in a second.' }),
    ),
    totalBuffer: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Bytes that are unsent on all connections together.' }),
    ),
    drainTime: Type.Optional(
      Type.Integer({ minimum: 1, description: 'ms between `draining` and the close, while a client stays.' }),
    ),
  },
  closed,
)
export type StartLimits = Static<typeof StartLimits>

const Nothing = Type.Object({})
const Hex = Type.String({ pattern: '^([0-9a-f]{2})*$' })
const Port = Type.Integer({ minimum: 0, maximum: 65_535 })
const RelayUrl = Type.String({ pattern: '^wss?://', description: 'As a client dials it, with `/v1` at its end.' })
const Digits = Type.String({ pattern: '^[0-9]{6}$' })

interface Verb {
  readonly roles: readonly Role[]
  readonly with: TSchema
  readonly ok: TSchema
  readonly meaning: string
}

/** What `hello` answers. */
export const HelloAnswer = Type.Object({
  role: Type.Enum(ROLES),
  name: Type.String({ minLength: 1 }),
  version: Type.String(),
  language: Type.String(),
  protocol: Type.Array(Type.Integer(), { description: 'Wire versions; 1 among them.' }),
  capabilities: Type.Array(Type.String(), { description: 'Optional abilities of the shim; see the page.' }),
  deterministic: Type.Boolean({ description: '`now` and `random` of `start` are honoured.' }),
})
export type HelloAnswer = Static<typeof HelloAnswer>

export const StartRelay = Type.Object(
  {
    host: Type.String(),
    port: Port,
    limits: Type.Optional(StartLimits),
    redis: Type.Optional(Type.String({ pattern: '^rediss?://', description: 'Where the nodes of the cluster meet.' })),
    origins: Type.Optional(Type.Array(Type.String(), { description: 'Replace the default list of origins.' })),
    secret: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._~-]{22,62}$',
        description: 'Admits as the last segment of the path before `/v1`; only with `secret`.',
      }),
    ),
    web: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Folder with the page of a controller, to be served; only with `web`.',
      }),
    ),
  },
  closed,
)
export const StartEndpoint = Type.Object(
  {
    relay: RelayUrl,
    state: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Folder for what the program stores, made by the suite; only with `state`. Absent: a temporary one.',
      }),
    ),
    permissionTime: Type.Optional(
      Type.Integer({ minimum: 1, description: 'ms that a permission request of an agent waits; only with `expiry`' }),
    ),
    journalEntries: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Entries that the journal of an agent keeps; only with `journal`' }),
    ),
    witness: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Folder of the witness of profile P: what tells which state of a session is the newest; only with `persist`. With it the program stores its sessions.',
      }),
    ),
    name: Type.Optional(Type.String({ description: 'Name of the device, which the owner may have typed.' })),
    now: Type.Optional(Type.Integer({ description: 'ms since 1970; only with `deterministic`' })),
    random: Type.Optional(Type.String({ pattern: '^([0-9a-f]{2})*$', description: 'only with `deterministic`' })),
  },
  closed,
)

/** What `state` of an agent answers. */
export const AgentState = Type.Object({
  devices: Type.Array(
    Type.Object({
      deviceId: DeviceId,
      name: Type.String({ description: 'Empty until the device has told it.' }),
      capabilities: Type.Array(Type.String()),
      online: Type.Boolean({ description: 'An authentic frame came in the last 60 s.' }),
    }),
    { description: 'As `device.list` tells them.' },
  ),
})
export type AgentState = Static<typeof AgentState>

/** What `state` of a controller answers. */
export const ControllerState = Type.Object({
  agents: Type.Array(
    Type.Object({
      deviceId: DeviceId,
      name: Type.String({ description: 'As `pair.complete` told it; of an unconfirmed one, anything.' }),
      capabilities: Type.Array(Type.String()),
      confirmed: Type.Boolean({ description: 'False: the record is stored as unconfirmed.' }),
      online: Type.Boolean({ description: 'An authentic frame came in the last 60 s.' }),
    }),
    { description: 'One for each pairing record that is stored.' },
  ),
})
export type ControllerState = Static<typeof ControllerState>

export const verbs = {
  hello: {
    roles: ROLES,
    with: Type.Object({ suite: Type.String(), shim: Type.Literal(SHIM_VERSION), protocol: Type.Array(Type.Integer()) }),
    ok: HelloAnswer,
    meaning: 'says who asks, and asks who answers; always first',
  },
  start: {
    roles: ROLES,
    with: Type.Union([StartRelay, StartEndpoint]),
    ok: Type.Object({ url: Type.Optional(RelayUrl) }),
    meaning: 'starts the program; a relay answers where it listens',
  },
  offer: {
    roles: ['agent'],
    with: Type.Object({ capabilities: Type.Optional(Type.Array(Type.Enum(CAPABILITIES))) }, closed),
    ok: Type.Object({ uri: Type.String() }),
    meaning: 'shows a pairing code',
  },
  backend: {
    roles: ['agent'],
    with: Type.Object({ script: Type.Unknown({ description: 'conformance/assistants/script.ts' }) }, closed),
    ok: Nothing,
    meaning: 'installs a scripted assistant; before `start`',
  },
  pair: {
    roles: ['controller'],
    with: Type.Object({ uri: Type.String() }, closed),
    ok: Type.Object({ digits: Digits }),
    meaning: 'scans a pairing code, and answers with the digits that it shows',
  },
  confirm: {
    roles: ['agent'],
    with: Type.Union([Type.Object({ digits: Digits }, closed), Type.Object({ cancel: Type.Literal(true) }, closed)]),
    ok: Nothing,
    meaning: 'the person types the digits as soon as the agent asks for them, or gives up',
  },
  call: {
    roles: ['controller'],
    with: Type.Object({ method: Type.String(), params: Type.Unknown() }, closed),
    ok: Type.Object({ result: Type.Unknown() }),
    meaning: 'one RPC request; its error is the answer',
  },
  enqueue: {
    roles: ['controller'],
    with: Type.Object({ method: Type.String(), params: Type.Unknown() }, closed),
    ok: Type.Object({ id: Type.String() }),
    meaning: 'the person gives a command for the queue of the newest agent, which may be away; only with `queue`',
  },
  arrange: {
    roles: ['controller'],
    with: Type.Object(
      {
        id: Type.String({ description: 'as `enqueue` answered' }),
        params: Type.Optional(Type.Unknown({ description: 'edits it' })),
        position: Type.Optional(Type.Integer({ minimum: 1, description: 'moves it there, among those that wait' })),
        cancel: Type.Optional(Type.Literal(true)),
      },
      closed,
    ),
    ok: Nothing,
    meaning: 'the person changes a queued command; `conflict` where that comes too late',
  },
  queue: {
    roles: ['controller'],
    with: Nothing,
    ok: Type.Object({
      commands: Type.Array(
        Type.Object({
          id: Type.String(),
          method: Type.String(),
          state: Type.Enum(['pending', 'processing', 'completed', 'failed', 'expired', 'cancelled', 'uncertain']),
        }),
        { description: 'In order, those that have ended among them.' },
      ),
    }),
    meaning: 'what is queued for the newest agent',
  },
  state: {
    roles: ROLES,
    with: Nothing,
    ok: Type.Record(Type.String(), Type.Unknown()),
    meaning: 'what may be observed: see the page',
  },
  drop: { roles: ['agent', 'controller'], with: Nothing, ok: Nothing, meaning: 'cuts the socket without a close' },
  clock: {
    roles: ['agent', 'controller'],
    with: Type.Object(
      {
        wall: Type.Optional(Type.Integer({ description: 'ms; back where negative' })),
        monotonic: Type.Optional(Type.Integer({ minimum: 0, description: 'ms; timers follow' })),
      },
      closed,
    ),
    ok: Nothing,
    meaning: 'moves the clocks of the program: both as if time had passed, one as if it slept or was set',
  },
  revoke: {
    roles: ['agent', 'controller'],
    with: Type.Object({ deviceId: Type.Optional(Type.String()) }, closed),
    ok: Nothing,
    meaning: 'ends the pairing: an agent that of `deviceId` or of its only device',
  },
  vector: {
    roles: ROLES,
    with: Type.Object(
      {
        file: Type.String({ description: 'of `vectors/`, without `.json`' }),
        group: Type.String({ description: 'label of the group: which operation' }),
        case: Type.String({ description: 'id of the case' }),
        input: Type.Record(Type.String(), Type.Unknown(), { description: '`input` of the case' }),
        given: Type.Optional(
          Type.Record(Type.String(), Type.Unknown(), {
            description: 'of a run with two sides: what the other side makes',
          }),
        ),
      },
      closed,
    ),
    ok: Type.Object({
      outputs: Type.Record(Type.String(), Type.Unknown(), {
        description: 'at least those that shim/vectors.md names; bytes as lower-case hex; or `ignored`: true',
      }),
    }),
    meaning: 'computes the outputs of one case of `vectors/`',
  },
  stop: {
    roles: ROLES,
    with: Nothing,
    ok: Nothing,
    meaning: 'stops cleanly, answers, and exits with 0; the end of standard input means the same',
  },
} as const satisfies Record<string, Verb>

export type VerbName = keyof typeof verbs
export type VerbWith<V extends VerbName> = Static<(typeof verbs)[V]['with']>
export type VerbOk<V extends VerbName> = Static<(typeof verbs)[V]['ok']>

export interface EventKind {
  readonly roles: readonly Role[]
  readonly data: TSchema
  readonly meaning: string
}

const Offset = Type.Integer({ minimum: 0 })
const Live = Type.Boolean({ description: 'By `session.fresh.live`: may be shown without an age.' })

/** What a program tells unasked. */
export const events = {
  scanned: { roles: ['agent'], data: Nothing, meaning: 'an M1 was accepted, and M2 is sent' },
  digits: {
    roles: ['agent'],
    data: Type.Object({ triesLeft: Type.Integer({ minimum: 0 }) }),
    meaning: 'asks for the digits',
  },
  'other-device': { roles: ['agent'], data: Nothing, meaning: 'shows that another device used the code' },
  paired: {
    roles: ['agent', 'controller'],
    data: Type.Object({ deviceId: DeviceId }),
    meaning: 'an agent: the record is stored; a controller: it is confirmed',
  },
  'pairing-failed': {
    roles: ['agent', 'controller'],
    data: Type.Object({ code: Code }),
    meaning: "the attempt has ended, a controller's after it had shown digits",
  },
  revoked: {
    roles: ['controller'],
    data: Type.Object({ deviceId: DeviceId }),
    meaning: 'the agent has ended the pairing',
  },
  output: {
    roles: ['controller'],
    data: Type.Object({ terminalId: Type.String(), offset: Offset, bytes: Hex, live: Live }),
    meaning: 'output of a terminal, in order and each byte once',
  },
  entry: {
    roles: ['controller'],
    data: Type.Object({
      epoch: Type.String(),
      seq: Offset,
      kind: Type.String(),
      at: Type.Optional(Type.Integer({ description: 'ms since 1970; absent where the entry is withheld' })),
      body: Type.Optional(Type.Unknown({ description: 'as the agent told it; absent where the entry is withheld' })),
    }),
    meaning: 'an entry of the journal, live or from a page, each once and in order; only with `journal`',
  },
  missed: {
    roles: ['controller'],
    data: Type.Object({
      why: Type.Enum(['lost', 'pruned', 'restarted']),
      from: Type.Optional(Offset),
      to: Type.Optional(Offset),
    }),
    meaning: 'the person is told that entries did not come as they happened; only with `journal`',
  },
  gap: {
    roles: ['controller'],
    data: Type.Object({ terminalId: Type.String(), from: Offset, to: Offset }),
    meaning: 'output from `from` up to `to` is no longer kept at the agent',
  },
} as const satisfies Record<string, EventKind>
export type EventName = keyof typeof events
export type EventData<E extends EventName> = Static<(typeof events)[E]['data']>

/** The data of any other event: one of the agent, under its own name, known or not. */
export const RpcEventData = Type.Object({ params: Type.Unknown(), live: Live })
