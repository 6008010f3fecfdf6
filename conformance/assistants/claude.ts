#!/usr/bin/env node
// The scripted assistant on the wire of Claude Code, over stdio: node claude.ts --script FILE, and the arguments of
// `claude` (application.md 6.1). It is as strict as the program that it stands for, and stricter in one place: an
// input that comes back changed is told, where `claude` would run it.

import { randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { type Attached, play, type Stage, written } from './player.ts'
import { begin, end, run } from './process.ts'
import { loadScript, type Script, stepsFor } from './script.ts'

interface Ask {
  readonly call: string
  readonly settle: (answer: unknown) => void
}

interface Message {
  readonly id: string
  readonly kind: 'text' | 'thought'
  text: string
}

type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
const member = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined)

const TOOL = { execute: 'Bash', read: 'Read', edit: 'Edit', search: 'Grep', other: 'Task' } as const

export interface ClaudeArgs {
  readonly sessionId: string
  readonly mode: string
  readonly model: string
  /** `--include-partial-messages` */
  readonly partial: boolean
  /** `--replay-user-messages` */
  readonly replay: boolean
  /** `--permission-prompt-tool stdio` */
  readonly asks: boolean
}

class Claude {
  readonly #script: Script
  readonly #args: ClaudeArgs
  readonly #asks = new Map<string, Ask>()
  readonly #inputs = new Map<string, unknown>()
  /** Of prompts, by `uuid`; kept in the script's `memory` beyond the process. */
  readonly #seen: Set<string>
  readonly #queue: Json[] = []
  #cancel: AbortController | undefined
  #open: Message | undefined
  #mode: string

  constructor(script: Script, args: ClaudeArgs) {
    this.#script = script
    this.#args = args
    this.#mode = args.mode
    const { memory } = script
    const lines = memory !== undefined && existsSync(memory) ? readFileSync(memory, 'utf8').trim().split('\n') : []
    this.#seen = new Set(lines)
  }

  async hear(line: string): Promise<void> {
    const message: unknown = JSON.parse(line)
    const type = member(message, 'type')
    if (type === 'user' && isObject(message)) return this.#prompt(message)
    if (type === 'control_request') return this.#control(message)
    if (type === 'control_response') {
      const response = member(message, 'response')
      const id = String(member(response, 'request_id'))
      const ask = this.#asks.get(id)
      this.#asks.delete(id)
      ask?.settle(member(response, 'response'))
    }
  }

  async #control(message: unknown): Promise<void> {
    const request_id = member(message, 'request_id')
    const subtype = member(member(message, 'request'), 'subtype')
    const answer = (response: object) =>
      this.#write({ type: 'control_response', response: { request_id, ...response } })
    if (subtype === 'initialize') {
      const facts = { commands: [], models: [], session_state: 'idle' }
      return answer({ subtype: 'success', pending_permission_requests: [], response: facts })
    }
    if (subtype !== 'interrupt') return answer({ subtype: 'error', error: `Unsupported control request: ${subtype}` })
    await answer({ subtype: 'success', response: {} })
    this.#cancel?.abort()
    for (const { call } of [...this.#asks.values()]) await this.#withdraw(call)
  }

  async #prompt(message: Json): Promise<void> {
    const uuid = String(message.uuid)
    const lifecycle = (state: string) => this.#write({ type: 'command_lifecycle', command_uuid: uuid, state })
    if (this.#args.replay) await this.#write({ ...message, session_id: this.#args.sessionId, isReplay: true })
    if (this.#seen.has(uuid)) return lifecycle('completed')
    this.#seen.add(uuid)
    if (this.#script.memory) appendFileSync(this.#script.memory, `${uuid}\n`)
    this.#queue.push(message)
    await lifecycle('queued')
    if (this.#queue.length === 1) void this.#turns()
  }

  async #turns(): Promise<void> {
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      await this.#turn(String(next.uuid), member(next.message, 'content'))
      this.#queue.shift()
    }
  }

  async #turn(uuid: string, content: unknown): Promise<void> {
    const blocks: unknown[] = typeof content === 'string' ? [{ type: 'text', text: content }] : [content].flat()
    const prompt = String(member(blocks[0], 'text'))
    if (this.#script.log) appendFileSync(this.#script.log, `${JSON.stringify(prompt)}\n`)
    const lifecycle = (state: string) => this.#write({ type: 'command_lifecycle', command_uuid: uuid, state })
    await lifecycle('started')
    const { sessionId: session_id, model } = this.#args
    await this.#write({
      ...{ type: 'system', subtype: 'init', session_id, cwd: process.cwd(), model },
      permissionMode: this.#mode,
    })
    await this.#write({ type: 'keep_alive' })
    this.#cancel = new AbortController()
    const result = (subtype: string, is_error: boolean, text: string) =>
      this.#write({ type: 'result', subtype, is_error, result: text, session_id })
    let end: string
    try {
      const attachments = blocks.slice(1).map(attached)
      const turn = { prompt, session: session_id, attachments, cancel: this.#cancel.signal }
      end = await play(stepsFor(this.#script, prompt), this.#stage(), turn)
      await this.#endMessage()
      if (end === 'cancelled') await result('error_during_execution', true, '')
      else await result('success', false, 'done')
    } catch (error) {
      end = 'failed'
      await this.#endMessage()
      await result('success', true, (error as Error).message)
    }
    await lifecycle(end === 'cancelled' ? 'cancelled' : 'completed')
  }

  #stage(): Stage {
    return {
      say: (kind, text) => this.#say(kind, text),
      tool: async ({ call, title, kind = 'other', status, input, output }) => {
        await this.#endMessage()
        if (!this.#inputs.has(call)) {
          this.#inputs.set(call, input)
          const name = title === undefined || kind !== 'other' ? TOOL[kind] : title
          await this.#assistant({ type: 'tool_use', id: call, name, input: input ?? {} })
        }
        if (status !== 'completed' && status !== 'failed') return
        const content = [{ type: 'text', text: output ?? '' }]
        const result = { type: 'tool_result', tool_use_id: call, is_error: status === 'failed', content }
        await this.#write({ type: 'user', message: { role: 'user', content: [result] } })
      },
      permission: async ({ call, tool = 'Bash', input = this.#inputs.get(call) ?? {}, options, claude }) => {
        if (!this.#args.asks) return options.find(({ kind }) => kind.startsWith('reject_'))?.id ?? 'cancelled'
        await this.#endMessage()
        const rules = [{ toolName: tool, ruleContent: 'as asked' }]
        const rule = { type: 'addRules', rules, behavior: 'allow', destination: 'localSettings' }
        const always = options.find(({ kind }) => kind === 'allow_always')
        const more = { permission_suggestions: always ? [rule] : [], ...claude }
        const answer = await this.#ask(call, { tool_name: tool, input, tool_use_id: call, ...more })
        if (answer === 'cancelled') return answer
        const once = options.find(({ kind }) => kind === 'allow_once')
        if (member(answer, 'behavior') !== 'allow')
          return options.find(({ kind }) => kind.startsWith('reject'))?.id ?? ''
        if (!isDeepStrictEqual(member(answer, 'updatedInput'), input)) return 'changed'
        const given = member(answer, 'updatedPermissions')
        if (given === undefined) return once?.id ?? ''
        // Nothing that outlives the conversation.
        return isDeepStrictEqual(given, [{ ...rule, destination: 'session' }]) ? (always?.id ?? '') : 'widened'
      },
      withdraw: (call) => void this.#withdraw(call),
      question: async ({ message, call = 'question', claude }) => {
        await this.#endMessage()
        const options = ['Yes', 'No'].map((label) => ({ label, description: label }))
        const question = { question: message, header: 'Question', options, multiSelect: false }
        const input = claude ?? { questions: [question] }
        const request = { tool_name: 'AskUserQuestion', input, requires_user_interaction: true }
        const answer = await this.#ask(call, { ...request, tool_use_id: call })
        if (answer === 'cancelled') return { action: 'cancel' }
        if (member(answer, 'behavior') !== 'allow') return { action: 'decline', values: member(answer, 'message') }
        const { answers, ...rest } = Object(member(answer, 'updatedInput'))
        return isDeepStrictEqual(rest, input) ? { action: 'accept', values: answers } : { action: 'changed' }
      },
      unknown: ({ kind, fields }) => this.#write({ type: kind, ...fields }),
      mode: (mode) => {
        this.#mode = mode
        return this.#write({ type: 'system', subtype: 'status', status: null, permissionMode: mode })
      },
      garbage: (text) => written(process.stdout, `${text}\n`),
    }
  }

  async #ask(call: string, request: object): Promise<unknown> {
    const request_id = randomUUID()
    const answer = new Promise((settle) => this.#asks.set(request_id, { call, settle }))
    await this.#write({ type: 'control_request', request_id, request: { subtype: 'can_use_tool', ...request } })
    return answer
  }

  async #withdraw(wanted: string): Promise<void> {
    for (const [request_id, { call, settle }] of this.#asks) {
      if (call !== wanted) continue
      this.#asks.delete(request_id)
      await this.#write({ type: 'control_cancel_request', request_id })
      settle('cancelled')
    }
  }

  async #say(kind: 'text' | 'thought', text: string): Promise<void> {
    if (this.#open?.kind !== kind) await this.#endMessage()
    if (!this.#open) {
      this.#open = { id: `msg_${randomUUID()}`, kind, text: '' }
      await this.#stream({ type: 'message_start', message: { id: this.#open.id, role: 'assistant' } })
      await this.#stream({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
    }
    this.#open.text += text
    const delta = kind === 'text' ? { type: 'text_delta', text } : { type: 'thinking_delta', thinking: text }
    await this.#stream({ type: 'content_block_delta', index: 0, delta })
  }

  async #endMessage(): Promise<void> {
    const open = this.#open
    if (!open) return
    this.#open = undefined
    await this.#stream({ type: 'content_block_stop', index: 0 })
    const { id, kind, text } = open
    await this.#assistant(kind === 'text' ? { type: 'text', text } : { type: 'thinking', thinking: text }, id)
    await this.#stream({ type: 'message_stop' })
  }

  #assistant(block: object, id = `msg_${randomUUID()}`): Promise<void> {
    const message = { id, role: 'assistant', content: [block] }
    return this.#write({ type: 'assistant', message, parent_tool_use_id: null, session_id: this.#args.sessionId })
  }

  async #stream(event: object): Promise<void> {
    if (this.#args.partial) await this.#write({ type: 'stream_event', event, parent_tool_use_id: null })
  }

  #write(message: object): Promise<void> {
    return written(process.stdout, `${JSON.stringify(message)}\n`)
  }
}

function attached(block: unknown): Attached {
  if (member(block, 'type') !== 'image') {
    return { kind: 'text', mediaType: 'text/plain', bytes: Buffer.from(String(member(block, 'text'))) }
  }
  const source = member(block, 'source')
  const bytes = Buffer.from(String(member(source, 'data')), 'base64')
  return { kind: 'image', mediaType: String(member(source, 'media_type')), bytes }
}

/** Throws Error with one sentence where `claude` would refuse the arguments. */
export function readArgs(args: string[]): ClaudeArgs & { readonly script: string; readonly resumes: boolean } {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const { values } = parseArgs({
    args,
    options: {
      ...{ script: text, print: { ...flag, short: 'p' }, verbose: flag, 'include-partial-messages': flag },
      ...{ 'output-format': text, 'input-format': text, 'replay-user-messages': flag, model: text },
      ...{ 'permission-prompt-tool': text, 'permission-mode': text, 'session-id': text, resume: text },
    },
  })
  if (!values.script) throw new Error('usage: claude.ts --script FILE [the arguments of claude]')
  if (!values.print || values['output-format'] !== 'stream-json' || values['input-format'] !== 'stream-json') {
    throw new Error('Only -p with --output-format and --input-format stream-json is played')
  }
  if (!values.verbose) throw new Error('When using --print, --output-format=stream-json requires --verbose')
  return {
    script: values.script,
    resumes: values.resume !== undefined,
    sessionId: values.resume ?? values['session-id'] ?? randomUUID(),
    mode: values['permission-mode'] ?? 'default',
    model: values.model ?? 'script',
    partial: values['include-partial-messages'] === true,
    replay: values['replay-user-messages'] === true,
    asks: values['permission-prompt-tool'] === 'stdio',
  }
}

async function main(): Promise<void> {
  const args = readArgs(process.argv.slice(2))
  const script = loadScript(args.script)
  await begin(script)
  if (args.resumes && (script.sessions ?? 'forget') === 'forget') {
    throw new Error(`No conversation found with session ID: ${args.sessionId}`)
  }
  const claude = new Claude(script, { ...args, ...(script.model && { model: script.model }) })
  for await (const line of createInterface({ input: process.stdin })) await claude.hear(line)
  end(script)
}

if (import.meta.main) run(main)
