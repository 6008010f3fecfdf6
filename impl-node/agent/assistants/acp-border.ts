// The border to an ACP assistant: what it sends is checked here, once, and put into our words.

import type { ContentBlock } from '@agentclientprotocol/sdk'
import { PermissionOption } from '@happy-remote/schemas/rpc/permission.ts'
import { type Static, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Attachment, AttachmentKind } from '../attachments.ts'
import type { AssistantEvents, ToolCall } from './assistant.ts'

const nullable = <T extends TSchema>(type: T) => Type.Optional(Type.Union([type, Type.Null()]))

const Block = Type.Object({ type: Type.String() })
const Chunk = Type.Object({ content: Block, messageId: nullable(Type.String()) })
const ToolUpdate = Type.Object({
  toolCallId: Type.String(),
  title: nullable(Type.String()),
  name: nullable(Type.String()),
  kind: nullable(Type.String()),
  status: nullable(Type.String()),
  content: nullable(Type.Array(Type.Object({ type: Type.String() }))),
  locations: nullable(Type.Array(Type.Object({ path: Type.String() }))),
  rawInput: Type.Optional(Type.Unknown()),
  rawOutput: Type.Optional(Type.Unknown()),
})
type ToolUpdate = Static<typeof ToolUpdate>
const Plan = Type.Object({ entries: Type.Array(Type.Object({ content: Type.String(), status: Type.String() })) })
const Notice = Type.Object({ title: Type.String(), description: nullable(Type.String()) })
const ConfigOptions = Type.Array(
  Type.Object({ id: Type.String(), category: nullable(Type.String()), currentValue: Type.Optional(Type.Unknown()) }),
)

const update = Compile(Type.Object({ sessionId: Type.String(), update: Type.Object({ sessionUpdate: Type.String() }) }))
const chunk = Compile(Chunk)
const toolUpdate = Compile(ToolUpdate)
const plan = Compile(Plan)
const notice = Compile(Notice)
const modeUpdate = Compile(Type.Object({ currentModeId: Type.String() }))
const configUpdate = Compile(Type.Object({ configOptions: ConfigOptions }))
const permission = Compile(
  Type.Object({
    sessionId: Type.String(),
    toolCall: ToolUpdate,
    options: Type.Array(Type.Object({ optionId: Type.String(), name: Type.String(), kind: Type.String() })),
  }),
)
const permissionOption = Compile(PermissionOption)
const hello = Compile(
  Type.Object({
    protocolVersion: Type.Number(),
    agentInfo: nullable(Type.Object({ name: Type.String(), title: nullable(Type.String()) })),
    agentCapabilities: nullable(
      Type.Object({
        loadSession: nullable(Type.Boolean()),
        promptCapabilities: nullable(
          Type.Object({ image: nullable(Type.Boolean()), embeddedContext: nullable(Type.Boolean()) }),
        ),
        sessionCapabilities: nullable(Type.Object({ resume: nullable(Type.Object({})) })),
      }),
    ),
  }),
)
const session = Compile(Type.Object({ sessionId: Type.String({ minLength: 1 }) }))
const sessionFacts = Compile(
  Type.Object({
    modes: nullable(Type.Object({ currentModeId: Type.String() })),
    // Said by assistants of before the models became a configuration option.
    models: nullable(Type.Object({ currentModelId: Type.String() })),
    configOptions: nullable(ConfigOptions),
  }),
)

/** Kinds that say nothing about the conversation: echoes, counters, menus and titles. */
const QUIET = new Set(['user_message_chunk', 'available_commands_update', 'session_info_update', 'usage_update'])

export interface SessionFacts {
  mode: string | null
  model: string | null
}

/** Remembered per session: what a tool call is known to be, as its updates name only what changed. */
export type ToolCalls = Map<string, ToolUpdate>

const TOOL_CALLS_KEPT = 1_000

/** Lets go of the tool calls that are over. */
export function forgetFinished(calls: ToolCalls): void {
  for (const [id, { status }] of calls) if (status === 'completed' || status === 'failed') calls.delete(id)
}

export interface Hello {
  readonly version: number
  /** Empty where the assistant has none. */
  readonly name: string
  /** How it can take up an earlier session; the better way where it has both. */
  readonly takesUp: 'resume' | 'load' | null
  /** What may go with a prompt. */
  readonly takes: readonly AttachmentKind[]
}

/** The result of `initialize`; null if it does not fit. */
export function parseHello(result: unknown): Hello | null {
  if (!hello.Check(result)) return null
  const { protocolVersion: version, agentInfo, agentCapabilities } = result
  const resumes = agentCapabilities?.sessionCapabilities?.resume
  const takesUp = resumes ? 'resume' : agentCapabilities?.loadSession ? 'load' : null
  const prompts = agentCapabilities?.promptCapabilities
  const takes: AttachmentKind[] = [
    ...(prompts?.image ? (['image'] as const) : []),
    ...(prompts?.embeddedContext ? (['text'] as const) : []),
  ]
  return { version, name: agentInfo?.title || agentInfo?.name || '', takesUp, takes }
}

/** A prompt, and what goes with it (rpc.attachment.given). */
export const promptBlocks = (text: string, attachments: readonly Attachment[]): ContentBlock[] => [
  { type: 'text', text },
  ...attachments.map(attachmentBlock),
]

function attachmentBlock({ kind, name, mediaType: mimeType, bytes }: Attachment): ContentBlock {
  if (kind === 'image') return { type: 'image', mimeType, data: bytes.toString('base64') }
  // No such place: the assistant has the text here, and need not look for it.
  const uri = `attachment:///${encodeURIComponent(name.toWellFormed())}`
  return { type: 'resource', resource: { uri, mimeType, text: bytes.toString() } }
}

/** The session of a `session/new` result; null if it names none. */
export const sessionIdOf = (result: unknown): string | null => (session.Check(result) ? result.sessionId : null)

/** The session that a `session/update` is of, and the update; null if it is neither. */
export function parseUpdate(params: unknown): { sessionId: string; update: { sessionUpdate: string } } | null {
  return update.Check(params) ? params : null
}

/** Tells `events` what an update says. A kind, or a form, that is not known here goes to `other` whole. */
export function tellUpdate(
  value: { sessionUpdate: string },
  events: AssistantEvents,
  calls: ToolCalls,
  facts: SessionFacts,
): void {
  const kind = value.sessionUpdate
  if (QUIET.has(kind)) return
  if (kind === 'agent_message_chunk' && chunk.Check(value)) {
    events.text('text', textOf(value.content), value.messageId ?? undefined)
  } else if (kind === 'agent_thought_chunk' && chunk.Check(value)) {
    events.text('thought', textOf(value.content), value.messageId ?? undefined)
  } else if ((kind === 'tool_call' || kind === 'tool_call_update') && toolUpdate.Check(value)) {
    events.tool(toolCall(remember(calls, value)))
  } else if (kind === 'plan' && plan.Check(value)) {
    const lines = value.entries.map(({ content, status }) => `[${MARKS[status] ?? ' '}] ${content}`)
    events.other(value, lines.join('\n'))
  } else if (kind === 'notice' && notice.Check(value)) {
    events.other(value, value.description ? `${value.title}: ${value.description}` : value.title)
  } else if (kind === 'current_mode_update' && modeUpdate.Check(value)) {
    facts.mode = value.currentModeId
  } else if (kind === 'config_option_update' && configUpdate.Check(value)) {
    Object.assign(facts, configured(value.configOptions))
  } else {
    events.other(value, '')
  }
}

const MARKS: Record<string, string> = { completed: 'x', in_progress: '>' }

export interface ParsedPermission {
  sessionId: string
  tool: string
  title: string
  input: unknown
  options: Static<typeof PermissionOption>[]
}

/**
 * The params of `session/request_permission`, completed by what is known of the tool call; null if they
 * do not fit. An option of an unknown kind is left out: nobody could tell whether it allows or denies.
 */
export function parsePermission(params: unknown, calls: ToolCalls): ParsedPermission | null {
  if (!permission.Check(params)) return null
  const call = remember(calls, params.toolCall)
  const { toolCallId: _, rawInput, status: __, ...described } = call
  const options = params.options
    .map(({ optionId, name, kind }) => ({ id: optionId, name, kind }))
    .filter((option) => permissionOption.Check(option))
  return {
    sessionId: params.sessionId,
    tool: call.name ?? call.kind ?? 'tool',
    title: call.title ?? call.toolCallId,
    // Without its raw input, all that the assistant said of the call is what is asked about.
    input: rawInput === undefined ? described : rawInput,
    options,
  }
}

/** Mode and model from a `session/new` (load, resume) result. */
export function factsOf(result: unknown): SessionFacts {
  if (!sessionFacts.Check(result)) return { mode: null, model: null }
  const { mode = null, model = null } = configured(result.configOptions ?? [])
  return { mode: result.modes?.currentModeId ?? mode, model: model ?? result.models?.currentModelId ?? null }
}

function configured(options: Static<typeof ConfigOptions>): Partial<SessionFacts> {
  const facts: Partial<SessionFacts> = {}
  for (const { category, currentValue } of options) {
    if ((category === 'mode' || category === 'model') && typeof currentValue === 'string')
      facts[category] = currentValue
  }
  return facts
}

function remember(calls: ToolCalls, { toolCallId, ...said }: ToolUpdate): ToolUpdate {
  const known = calls.get(toolCallId) ?? { toolCallId }
  const news = Object.entries(said).filter(([name, value]) => name in ToolUpdate.properties && value != null)
  const call = { ...known, ...Object.fromEntries(news) }
  calls.set(toolCallId, call)
  const [oldest] = calls.keys()
  if (calls.size > TOOL_CALLS_KEPT && oldest !== undefined) calls.delete(oldest)
  return call
}

function toolCall({ toolCallId, title, status, rawInput, rawOutput, content }: ToolUpdate): ToolCall {
  const parts = content?.map(contentText) ?? []
  const output = typeof rawOutput === 'string' ? rawOutput : rawOutput === undefined ? '' : JSON.stringify(rawOutput)
  return {
    callId: toolCallId,
    title: title ?? toolCallId,
    status: status ?? 'pending',
    ...(rawInput !== undefined && { input: rawInput }),
    text: parts.length > 0 ? parts.join('\n') : output,
  }
}

function contentText(value: { type: string }): string {
  const { content, path, oldText, newText } = value as Record<string, unknown>
  if (value.type === 'diff') {
    return [`--- ${path}`, ...marked('-', oldText), ...marked('+', newText)].join('\n')
  }
  return value.type === 'content' && isBlock(content) ? textOf(content) : `[${value.type}]`
}

const marked = (mark: string, text: unknown): string[] =>
  typeof text === 'string' ? text.split('\n').map((line) => mark + line) : []

const isBlock = (value: unknown): value is { type: string } =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** What a content block says, or `[its type]` where that is no text. */
function textOf(block: { type: string }): string {
  const { text, uri, resource } = block as Record<string, unknown>
  if (block.type === 'text' && typeof text === 'string') return text
  if (block.type === 'resource_link' && typeof uri === 'string') return uri
  if (typeof resource === 'object' && resource !== null && 'text' in resource) return String(resource.text)
  return `[${block.type}]`
}
