// What Claude Code asks before it uses a tool, as a permission request to people, and how their choice is put to it.

import type { PermissionAsk } from '../permissions.ts'
import { type JsonObject, listIn, objectOf, textIn } from './json-lines.ts'

/** Characters of a title. */
const TITLE_MAX = 160
/** Members of an input that tell what a call is about. */
const TELLING = ['command', 'file_path', 'notebook_path', 'path', 'pattern', 'url', 'query', 'description']

export interface ToolAsk extends PermissionAsk {
  /** The answer to it, for an option's id; null where nobody answers. */
  answer(option: string | null): object
}

/** One line without escape sequences and other control characters. */
export function oneLine(text: string, max = TITLE_MAX): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  const plain = text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g, '')
  const line = plain.replace(/\p{Cc}+/gu, ' ').trim()
  return line.length > max ? `${line.slice(0, max).toWellFormed()}…` : line
}

export function titleOf(tool: string, input: unknown): string {
  const about = TELLING.map((name) => textIn(objectOf(input)[name])).find((text) => text !== undefined)
  return oneLine(about === undefined ? tool : `${tool} ${about}`)
}

/** Of a `can_use_tool` request; undefined where it names no tool or has no input. */
export function toolAsk(request: JsonObject): ToolAsk | undefined {
  const tool = textIn(request.tool_name)
  const { input } = request
  if (request.subtype !== 'can_use_tool' || tool === undefined || objectOf(input) !== input) return undefined
  const rules = request.suppress_always_allow_rule === true ? [] : sessionRules(request.permission_suggestions)
  const names = rules.flatMap((rule) => listIn(rule.rules).map(ruleName))
  const why = oneLine(textIn(request.decision_reason) ?? '')
  return {
    tool,
    title: titleOf(tool, input) + (why && ` (${why})`),
    input,
    options: [
      { id: 'allow', name: 'Allow once', kind: 'allow_once' },
      ...(rules.length === 0
        ? []
        : [{ id: 'always', name: `Allow ${names.join(', ')} in this conversation`, kind: 'allow_always' as const }]),
      { id: 'deny', name: 'Deny', kind: 'reject_once' },
    ],
    ...(request.default_to_no === true && { defaultToNo: true }),
    ...(request.requires_user_interaction === true && { needsInteraction: true }),
    answer(option) {
      if (option === 'allow' || option === 'always') {
        // rpc.permission.unchanged: it would run a changed input without a word
        const allowed = { behavior: 'allow', updatedInput: input }
        return option === 'allow' ? allowed : { ...allowed, updatedPermissions: rules }
      }
      return { behavior: 'deny', message: option === null ? 'Nobody has answered.' : 'The user has said no.' }
    },
  }
}

/** Those suggestions that do no more than allow, and for the conversation alone, wherever they were to be kept. */
function sessionRules(suggestions: unknown): JsonObject[] {
  const isRule = (rule: JsonObject) => typeof rule.toolName === 'string'
  return listIn(suggestions).flatMap((one) => {
    const rules = listIn(one.rules)
    const allows = one.type === 'addRules' && one.behavior === 'allow' && rules.length > 0 && rules.every(isRule)
    return allows ? [{ ...one, destination: 'session' }] : []
  })
}

function ruleName({ toolName, ruleContent }: JsonObject): string {
  const content = textIn(ruleContent)
  return oneLine(content ? `${toolName}(${content})` : `${toolName}`)
}
