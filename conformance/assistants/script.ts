// What a script file of the scripted assistants says (application.md 6.3): which steps answer which prompt.

import { readFileSync } from 'node:fs'
import { PermissionOption } from '@happy-remote/schemas/rpc/permission.ts'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'

const pause = Type.Integer({ minimum: 0, maximum: 60_000, description: 'ms between two pieces' })
const toolKind = Type.Union([
  Type.Literal('read'),
  Type.Literal('edit'),
  Type.Literal('search'),
  Type.Literal('execute'),
  Type.Literal('other'),
])
const toolStatus = Type.Union([
  Type.Literal('pending'),
  Type.Literal('in_progress'),
  Type.Literal('completed'),
  Type.Literal('failed'),
])

/**
 * In any text of a script `{prompt}` stands for the prompt that is answered, `{beginning}` for its first 200 characters,
 * `{session}` for the session that it is in, `{attachments}` for what went with the prompt, `{values}` for the last answer, as JSON.
 * A text of a tool call, a permission or a question that is `{x*1000}` stands for that character so often: a script has to
 * fit into a line of the shim protocol.
 */
export const Step = Type.Cyclic(
  {
    Step: Type.Union([
      Type.Object({
        do: Type.Union([Type.Literal('text'), Type.Literal('thought')]),
        text: Type.String(),
        repeat: Type.Optional(Type.Integer({ minimum: 1, description: 'how often the text is said' })),
        size: Type.Optional(
          Type.Integer({ minimum: 1, description: 'characters per piece; all at once where absent' }),
        ),
        pause: Type.Optional(pause),
      }),
      Type.Object({
        do: Type.Literal('tool'),
        call: Type.String({ description: 'the first step with this id starts the call, later ones update it' }),
        title: Type.Optional(Type.String()),
        kind: Type.Optional(toolKind),
        status: Type.Optional(toolStatus),
        input: Type.Optional(Type.Unknown()),
        output: Type.Optional(Type.String()),
      }),
      Type.Object({
        do: Type.Literal('permission'),
        call: Type.String(),
        title: Type.String(),
        tool: Type.Optional(Type.String()),
        kind: Type.Optional(toolKind),
        input: Type.Optional(Type.Unknown({ description: 'absent: the input of the tool call' })),
        options: Type.Array(PermissionOption),
        await: Type.Optional(Type.Boolean({ description: 'false: go on without the answer' })),
        on: Type.Optional(
          Type.Record(Type.String(), Type.Array(Type.Ref('Step')), {
            description: 'steps by option id, or `cancelled`; on the wire of claude also `changed` and `widened`',
          }),
        ),
        claude: Type.Optional(Type.Object({}, { description: 'further members of the request on the wire of claude' })),
      }),
      Type.Object({
        do: Type.Literal('withdraw'),
        call: Type.String({ description: 'of a permission or question not awaited' }),
      }),
      Type.Object({
        do: Type.Literal('question'),
        message: Type.String(),
        call: Type.Optional(Type.String({ description: 'for `withdraw`' })),
        schema: Type.Optional(Type.Object({}, { description: 'of the answer, as in ACP' })),
        url: Type.Optional(Type.String({ description: 'on the wire of ACP: asks to visit it, and for no values' })),
        claude: Type.Optional(Type.Object({}, { description: 'the input of the tool on the wire of claude' })),
        await: Type.Optional(Type.Boolean({ description: 'false: go on without the answer' })),
        on: Type.Optional(
          Type.Record(Type.String(), Type.Array(Type.Ref('Step')), {
            description:
              'steps by accept, decline, cancel, or `error` where the client cannot ask; on the wire of claude also `changed`',
          }),
        ),
      }),
      Type.Object({
        do: Type.Literal('wait'),
        ms: Type.Optional(Type.Integer({ minimum: 0, description: 'absent: until the turn is cancelled' })),
      }),
      Type.Object({ do: Type.Literal('crash'), code: Type.Integer({ minimum: 0, maximum: 255 }) }),
      Type.Object({ do: Type.Literal('ignoreCancel') }),
      Type.Object({ do: Type.Literal('unknown'), kind: Type.String(), fields: Type.Optional(Type.Object({})) }),
      Type.Object({ do: Type.Literal('huge'), bytes: Type.Integer({ minimum: 1, maximum: 268_435_456 }) }),
      Type.Object({ do: Type.Literal('garbage'), text: Type.String({ description: 'a raw line on the wire' }) }),
      Type.Object({ do: Type.Literal('stderr'), text: Type.String() }),
      Type.Object({ do: Type.Literal('mode'), mode: Type.String() }),
      Type.Object({ do: Type.Literal('fail'), message: Type.String({ description: 'the prompt ends in an error' }) }),
      Type.Object({ do: Type.Literal('child') }, { description: 'leaves a process behind and says its id' }),
    ]),
  },
  'Step',
)
export type Step = Static<typeof Step>

export const Script = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    mode: Type.Optional(Type.String()),
    modes: Type.Optional(Type.Array(Type.String())),
    model: Type.Optional(Type.String()),
    sessions: Type.Optional(
      Type.Union([Type.Literal('forget'), Type.Literal('resume'), Type.Literal('load')], {
        description: 'what the assistant knows of sessions of an earlier process; load tells them again',
      }),
    ),
    takes: Type.Optional(
      Type.Array(Type.Union([Type.Literal('image'), Type.Literal('text')]), {
        description: 'what may go with a prompt on the wire of ACP; that of claude takes both',
      }),
    ),
    start: Type.Optional(
      Type.Union(
        [
          Type.Object({ exit: Type.Integer({ minimum: 0, maximum: 255 }) }),
          Type.Object({ awaits: Type.String({ minLength: 1 }) }),
        ],
        { description: 'ends at once with that exit code, or says nothing before that file is there' },
      ),
    ),
    log: Type.Optional(
      Type.String({ minLength: 1, description: 'file to which each prompt is added, one JSON text a line' }),
    ),
    memory: Type.Optional(
      Type.String({ minLength: 1, description: 'file in which the scripted claude keeps the uuids of its prompts' }),
    ),
    stubborn: Type.Optional(Type.Boolean({ description: 'outlives the end of its input and SIGTERM' })),
    replies: Type.Array(
      Type.Object({
        when: Type.String({ format: 'regex', description: 'regular expression' }),
        steps: Type.Array(Step),
      }),
    ),
    otherwise: Type.Array(Step),
  },
  { additionalProperties: false },
)
export type Script = Static<typeof Script>

const script = Compile(Script)

const LONG = /^\{(.)\*(\d+)\}$/u

/** What stands for a long text, however deep it is in what a step says. */
export const long = (character: string, times: number): string => `{${character}*${times}}`

/** `value` with its long texts in full. */
export function inFull<T>(value: T): T {
  if (typeof value === 'string') {
    const [, character, times] = LONG.exec(value) ?? []
    return (character === undefined ? value : character.repeat(Number(times))) as T
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inFull) as T
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inFull(each)])) as T
}

/** Checks a parsed script. Throws Error naming the first member that does not fit. */
export function parseScript(value: unknown): Script {
  if (script.Check(value)) return value
  const [first] = script.Errors(value)
  throw new Error(`${first?.instancePath || 'the script'} ${first?.message ?? 'does not fit'}`)
}

/** Reads and checks a script file. Throws Error with one sentence. */
export function loadScript(path: string): Script {
  try {
    return parseScript(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    throw new Error(`Cannot use the script ${path}: ${error instanceof Error ? error.message : error}`)
  }
}

/** The steps that answer `prompt`: the first reply whose expression matches it, ignoring case. */
export function stepsFor(script: Script, prompt: string): readonly Step[] {
  return script.replies.find(({ when }) => new RegExp(when, 'iu').test(prompt))?.steps ?? script.otherwise
}
