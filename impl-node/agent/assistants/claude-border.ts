// The border to Claude Code: what it sends is checked here, once, and put into our words.

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Attachment } from '../attachments.ts'
import type { AssistantEvents, ToolCall } from './assistant.ts'
import { type ClaudeQuestion, parseQuestions } from './claude-question.ts'
import type { Line } from './claude-wire.ts'
import { forPeople } from './process.ts'

const TITLE_MAX = 160
const TOOL_CALLS_KEPT = 1_000

/** Kinds that say nothing about the conversation. */
const QUIET = new Set(['system', 'keep_alive', 'command_lifecycle', 'control_response', 'rate_limit_event'])

const Block = Type.Object({ type: Type.String() })
const StreamEvent = Type.Object({
  type: Type.String(),
  message: Type.Optional(Type.Object({ id: Type.String() })),
  delta: Type.Optional(Type.Object({ text: Type.Optional(Type.String()), thinking: Type.Optional(Type.String()) })),
})
const streamEvent = Compile(Type.Object({ event: StreamEvent }))
const message = Compile(
  Type.Object({ message: Type.Object({ id: Type.Optional(Type.String()), content: Type.Array(Block) }) }),
)
const textBlock = Compile(Type.Object({ type: Type.Literal('text'), text: Type.String() }))
const thinkingBlock = Compile(Type.Object({ type: Type.Literal('thinking'), thinking: Type.String() }))
const toolUse = Compile(
  Type.Object({ type: Type.Literal('tool_use'), id: Type.String(), name: Type.String(), input: Type.Unknown() }),
)
const toolResult = Compile(
  Type.Object({
    type: Type.Literal('tool_result'),
    tool_use_id: Type.String(),
    is_error: Type.Optional(Type.Unknown()),
    content: Type.Optional(Type.Unknown()),
  }),
)
const system = Compile(
  Type.Object({
    session_id: Type.Optional(Type.String({ minLength: 1 })),
    model: Type.Optional(Type.String()),
    permissionMode: Type.Optional(Type.String()),
  }),
)
const Suggestion = Type.Object({
  type: Type.Literal('addRules'),
  behavior: Type.Literal('allow'),
  rules: Type.Array(
    Type.Object({ toolName: Type.String(), ruleContent: Type.Optional(Type.Union([Type.String(), Type.Null()])) }),
    { minItems: 1 },
  ),
})
type Suggestion = Static<typeof Suggestion>
const suggestion = Compile(Suggestion)
const canUseTool = Compile(
  Type.Object({
    request_id: Type.String(),
    request: Type.Object({
      subtype: Type.Literal('can_use_tool'),
      tool_name: Type.String(),
      input: Type.Object({}),
      permission_suggestions: Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()])),
      requires_user_interaction: Type.Optional(Type.Unknown()),
      suppress_always_allow_rule: Type.Optional(Type.Unknown()),
      default_to_no: Type.Optional(Type.Unknown()),
      decision_reason: Type.Optional(Type.Unknown()),
    }),
  }),
)
const result = Compile(
  Type.Object({
    subtype: Type.String(),
    is_error: Type.Optional(Type.Unknown()),
    result: Type.Optional(Type.Unknown()),
    errors: Type.Optional(Type.Unknown()),
  }),
)
const lifecycle = Compile(Type.Object({ command_uuid: Type.String(), state: Type.String() }))

/** What a run has told so far. */
export class Told {
  /** Of the message whose pieces come now. */
  streaming = ''
  /** Messages of which pieces came, so that the whole is not told again; by kind and id. */
  readonly pieces = new Set<string>()
  /** By id: results name only that. */
  readonly calls = new Map<string, ToolCall>()

  endTurn(): void {
    this.pieces.clear()
    for (const [id, { status }] of this.calls) if (status !== 'in_progress') this.calls.delete(id)
  }
}

/** Tells `events` what a line says of the conversation. A kind, or a form, that is not known here goes to `other` whole. */
export function tellLine(line: Line, events: AssistantEvents, told: Told): void {
  if (QUIET.has(line.type)) return
  if (line.type === 'stream_event' && streamEvent.Check(line)) tellPiece(line.event, events, told)
  // An echo, or what the program says to itself: a result is all that it tells us in the name of the user.
  else if (line.type === 'user') tellResults(line, events, told)
  else if (line.type === 'assistant' && message.Check(line)) {
    const { id = '', content } = line.message
    for (const block of content) tellBlock(block, id, events, told)
  } else events.other(line, '')
}

function tellPiece(event: Static<typeof StreamEvent>, events: AssistantEvents, told: Told): void {
  if (event.type === 'message_start') told.streaming = event.message?.id ?? ''
  if (event.type !== 'content_block_delta' || !event.delta) return
  const { text, thinking } = event.delta
  if (text !== undefined) tell('text', text, told.streaming)
  if (thinking !== undefined) tell('thought', thinking, told.streaming)

  function tell(kind: 'text' | 'thought', piece: string, id: string): void {
    told.pieces.add(`${kind} ${id}`)
    events.text(kind, piece, id || undefined)
  }
}

function tellBlock(block: { type: string }, id: string, events: AssistantEvents, told: Told): void {
  if (textBlock.Check(block)) {
    if (!told.pieces.has(`text ${id}`)) events.text('text', block.text, id || undefined)
  } else if (thinkingBlock.Check(block)) {
    if (!told.pieces.has(`thought ${id}`)) events.text('thought', block.thinking, id || undefined)
  } else if (toolUse.Check(block)) {
    const { name, input } = block
    tellCall({ callId: block.id, title: titleOf(name, input), status: 'in_progress', input, text: '' }, events, told)
  } else events.other(block, '')
}

function tellResults(line: Line, events: AssistantEvents, told: Told): void {
  if (line.isReplay === true || !message.Check(line)) return
  for (const block of line.message.content) {
    if (!toolResult.Check(block)) continue
    const callId = block.tool_use_id
    const status = block.is_error === true ? 'failed' : 'completed'
    const known = told.calls.get(callId) ?? { callId, title: callId, text: '' }
    tellCall({ ...known, status, text: outputOf(block.content) }, events, told)
  }
}

function tellCall(call: ToolCall, events: AssistantEvents, told: Told): void {
  told.calls.set(call.callId, call)
  const [oldest] = told.calls.keys()
  if (told.calls.size > TOOL_CALLS_KEPT && oldest !== undefined) told.calls.delete(oldest)
  events.tool(call)
}

function outputOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((block) => (textBlock.Check(block) ? block.text : `[${block?.type ?? 'content'}]`)).join('\n')
}

/** What a tool call is about, for people: the tool, and the member of its input that says most. */
function titleOf(tool: string, input: unknown): string {
  const members = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {}
  const names = ['command', 'file_path', 'notebook_path', 'path', 'pattern', 'url', 'query', 'description']
  const most = names.map((name) => members[name]).find((value) => typeof value === 'string')
  return forPeople(most === undefined ? tool : `${tool} ${most}`, TITLE_MAX)
}

export interface ClaudeAsk extends Pick<PermissionRequest, 'tool' | 'title' | 'options' | 'defaultToNo'> {
  /** Of Claude Code. */
  readonly id: string
  /** As it was sent; goes back unchanged. */
  readonly input: object
  /** Goes back with the option `always`. */
  readonly rules: readonly object[]
  readonly needsInteraction?: true
  /** Where it wants values, and no rule to allow; null where it wants them in a form that is not known. */
  readonly question?: ClaudeQuestion | null
}

/** A `can_use_tool` request; null where the line is none, or does not fit. */
export function parseAsk(line: Line): ClaudeAsk | null {
  if (!canUseTool.Check(line)) return null
  const { tool_name: tool, input, ...request } = line.request
  const rules = request.suppress_always_allow_rule === true ? [] : rulesOf(request.permission_suggestions ?? [])
  const reason = typeof request.decision_reason === 'string' ? forPeople(request.decision_reason, TITLE_MAX) : ''
  const scope = rules.flatMap((rule) => rule.rules.map(ruleName)).join(', ')
  const always = { id: 'always', name: `Allow ${scope} in this conversation`, kind: 'allow_always' as const }
  return {
    id: line.request_id,
    tool,
    input,
    title: titleOf(tool, input) + (reason && ` (${reason})`),
    options: [
      { id: 'allow', name: 'Allow once', kind: 'allow_once' },
      ...(rules.length > 0 ? [always] : []),
      { id: 'deny', name: 'Deny', kind: 'reject_once' },
    ],
    rules,
    ...(request.default_to_no === true && { defaultToNo: true }),
    ...(request.requires_user_interaction === true && { needsInteraction: true }),
    ...(tool === 'AskUserQuestion' && { question: parseQuestions(input) }),
  }
}

/** Rules that allow, and that end with the conversation, whatever place Claude Code suggests to keep them. */
function rulesOf(suggestions: readonly unknown[]): (Suggestion & { destination: 'session' })[] {
  return suggestions.filter((one) => suggestion.Check(one)).map((one) => ({ ...one, destination: 'session' }))
}

const ruleName = ({ toolName, ruleContent }: Suggestion['rules'][number]): string =>
  forPeople(ruleContent ? `${toolName}(${ruleContent})` : toolName, TITLE_MAX)

export interface ClaudeFacts {
  session: string | null
  mode: string | null
  model: string | null
}

/** Takes up what a `system` line says of the conversation. */
export function noteFacts(line: Line, facts: ClaudeFacts): void {
  if (line.type !== 'system' || !system.Check(line)) return
  facts.session = line.session_id ?? facts.session
  facts.model = line.model ?? facts.model
  facts.mode = line.permissionMode ?? facts.mode
}

/** A prompt, and what goes with it (rpc.attachment.given). */
export function promptContent(text: string, attachments: readonly Attachment[]): string | object[] {
  if (attachments.length === 0) return text
  return [{ type: 'text', text }, ...attachments.map(attachmentBlock)]
}

function attachmentBlock({ kind, name, mediaType: media_type, bytes }: Attachment): object {
  if (kind === 'text') return { type: 'text', text: `Attached file ${JSON.stringify(name)}:\n\n${bytes.toString()}` }
  return { type: 'image', source: { type: 'base64', media_type, data: bytes.toString('base64') } }
}

/** How a turn ended; null where the line does not tell. `reason` is for people. */
export function parseResult(line: Line): { failed: boolean; reason?: string } | null {
  if (line.type !== 'result' || !result.Check(line)) return null
  if (line.subtype === 'success' && line.is_error !== true) return { failed: false }
  const text = typeof line.result === 'string' && line.result !== '' ? line.result : errorsOf(line.errors)
  return { failed: true, reason: forPeople(text || line.subtype.replaceAll('_', ' ')) }
}

const errorsOf = (errors: unknown): string =>
  Array.isArray(errors) ? errors.filter((one) => typeof one === 'string').join('; ') : ''

/** Where a prompt stands; null where the line does not tell. */
export const parseLifecycle = (line: Line): { uuid: string; state: string } | null =>
  line.type === 'command_lifecycle' && lifecycle.Check(line) ? { uuid: line.command_uuid, state: line.state } : null
