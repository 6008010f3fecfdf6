// A conversation with the scripted assistant, which runs as a process, and what it has told.

import { ok } from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import type { Pause } from '@happy-remote/schemas/rpc/pause.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import { acpAssistant } from '../agent/assistants/acp.ts'
import type { AssistantKind } from '../agent/assistants/assistant.ts'
import { claudeAssistant } from '../agent/assistants/claude.ts'
import { Conversation, type ConversationEvents } from '../agent/conversation.ts'
import { Conversations } from '../agent/conversations.ts'
import { systemTimers } from '../link/timers.ts'
import { until } from './manual-timers.ts'

const program = (wire: string) => fileURLToPath(import.meta.resolve(`../../conformance/assistants/${wire}.ts`))
const DEVICE = 'a'.repeat(26)

export interface Told {
  readonly method: string
  readonly [member: string]: unknown
}

/** `kind`: one that is not scripted, or none; else it speaks `wire`. */
export async function scene(script: object, kind?: AssistantKind | null, wire: 'acp' | 'claude' = 'acp') {
  const folder = await Deno.makeTempDir()
  const file = `${folder}/test.script.json`
  await Deno.writeTextFile(file, JSON.stringify({ name: 'Test', replies: [], otherwise: [], ...script }))
  const told: Told[] = []
  const troubles: string[] = []
  const hear = (method: string) => (params: object) => void told.push({ method, ...params })
  const command = ['node', '--disable-warning=ExperimentalWarning', program(wire), '--script', file]
  const options = { name: 'Test', scripted: true, command, workspace: folder }
  const assistant = wire === 'acp' ? acpAssistant(options) : claudeAssistant(options)
  const pause: { lasting: Pause | null } = { lasting: null }
  const events: ConversationEvents = {
    delta: hear('delta'),
    message: hear('message'),
    state: hear('state'),
    messageState: hear('messageState'),
    requested: hear('requested'),
    resolved: hear('resolved'),
    question: { requested: hear('question'), resolved: hear('questionResolved') },
    trouble: (line) => void troubles.push(line),
  }
  const conversations = new Conversations(':memory:', 'Test', folder)
  const present = kind === undefined ? assistant : kind
  const conversation = new Conversation(present, systemTimers, events, pause, conversations)
  const send = (prompt: string, conversationId?: string) =>
    conversation.send({ prompt, ...(conversationId && { conversationId }) })
  const states = (messageId: string) =>
    told.filter((each) => each.method === 'messageState' && each.messageId === messageId).map(({ state }) => state)
  const all = (method: string) => told.filter((each) => each.method === method)
  const messages = (role: string) => all('message').filter((each) => each.role === role)
  const waitFor = (method: string, what: (each: Told) => boolean = () => true) =>
    until(() => told.some((each) => each.method === method && what(each)), method)
  const ended = (messageId: string) =>
    until(() => ['completed', 'cancelled', 'failed'].includes(String(states(messageId).at(-1))), 'the prompt has ended')
  const answer = (option: string) => {
    const [request] = conversation.permissions.pending
    ok(request)
    const { requestId, inputHash } = request
    return conversation.permissions.answer({ requestId, inputHash, option }, DEVICE)
  }
  const reply = (answers: Params<'question.answer'>['answers']) => {
    const [question] = conversation.questions.pending
    ok(question)
    return conversation.questions.answer({ requestId: question.requestId, answers }, DEVICE)
  }
  const close = async () => {
    await conversation.close()
    conversations.close()
    await Deno.remove(folder, { recursive: true })
  }
  return { conversation, pause, told, troubles, send, states, all, messages, waitFor, ended, answer, reply, close }
}
