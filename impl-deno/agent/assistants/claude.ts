// Claude Code, as the user has it, spoken to by lines of JSON over its standard input and output.

import { Buffer } from 'node:buffer'
import type { QuestionAnswer } from '@happy-remote/schemas/rpc/question.ts'
import type { Attachment } from '../attachments.ts'
import { type Assistant, type AssistantKind, type AssistantListener, NotTakenUp, type ToolCall } from './assistant.ts'
import { oneLine, titleOf, toolAsk } from './claude-permission.ts'
import { claudeQuestion } from './claude-question.ts'
import { type JsonObject, jsonLines, listIn, objectOf, textIn } from './json-lines.ts'
import { AssistantProcess } from './process.ts'

export interface ClaudeOptions {
  /** Its own arguments are added. */
  readonly command?: readonly string[]
  readonly workspace: string
}

/** Characters of the longest line that is read. */
const LINE_MAX = 33_554_432
/** ms in which it has to be ready. */
const START_TIME = 60_000
/** ms for which the result of a turn is waited for that it has called completed. */
const RESULT_TIME = 2_000

const ARGUMENTS = [
  '-p',
  ...['--output-format', 'stream-json', '--input-format', 'stream-json', '--verbose'],
  ...['--include-partial-messages', '--replay-user-messages'],
  // It is in no help text, and without it nobody is ever asked.
  ...['--permission-prompt-tool', 'stdio'],
  ...['--permission-mode', 'default'],
]

/** What says to a Claude Code that it runs within another. */
const NESTING = ['CLAUDECODE', 'CLAUDE_CODE_ENTRYPOINT', 'CLAUDE_CODE_SSE_PORT', 'CLAUDE_CODE_SESSION_ID']

type End = 'completed' | 'cancelled'
interface Turn extends PromiseWithResolvers<End> {
  readonly messageId: string
  cancelled: boolean
  timer?: ReturnType<typeof setTimeout>
}

export const claudeAssistant = ({ command = ['claude'], workspace }: ClaudeOptions): AssistantKind => ({
  name: 'Claude Code',
  scripted: false,
  async start(listener, earlier) {
    const begin = (id: string, how: '--resume' | '--session-id') =>
      ClaudeAssistant.start([...command, ...ARGUMENTS, how, id], workspace, id, how === '--session-id', listener)
    if (earlier) {
      try {
        return await begin(earlier.session, '--resume')
      } catch {
        // It has forgotten the conversation, or never kept it.
        if (earlier.isRequired) throw new NotTakenUp()
      }
    }
    return begin(crypto.randomUUID(), '--session-id')
  },
})

class ClaudeAssistant implements Assistant {
  readonly #process: AssistantProcess
  readonly #listener: AssistantListener
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #ready = Promise.withResolvers<void>()
  readonly #asking = new Map<string, AbortController>()
  readonly #calls = new Map<string, ToolCall>()
  readonly #gone: Promise<void>
  readonly isNew: boolean
  readonly takes = ['image', 'text'] as const
  #session: string
  #turn: Turn | undefined
  /** Kinds and ids of messages that came in pieces. */
  readonly #inPieces = new Set<string>()
  #growing = ''
  #closing = false
  #isReady = false

  private constructor(process: AssistantProcess, session: string, isNew: boolean, listener: AssistantListener) {
    this.#process = process
    this.#session = session
    this.isNew = isNew
    this.#listener = listener
    this.#writer = process.input.getWriter()
    this.#ready.promise.catch(() => {
      // Who waits for it hears of it.
    })
    this.#gone = this.#read()
  }

  /** Rejects with Error, as AssistantKind has it. */
  static async start(
    command: readonly string[],
    workspace: string,
    session: string,
    isNew: boolean,
    listener: AssistantListener,
  ): Promise<Assistant> {
    const refusal = new Error('The assistant cannot be started')
    let process: AssistantProcess
    try {
      process = new AssistantProcess(command, workspace, NESTING)
    } catch (error) {
      listener.trouble(`${refusal.message}: ${(error as Error).message}`)
      throw refusal
    }
    const assistant = new ClaudeAssistant(process, session, isNew, listener)
    const timer = setTimeout(() => assistant.#ready.reject(new Error('it does not answer')), START_TIME)
    try {
      assistant.#request('initialize')
      await assistant.#ready.promise
      return assistant
    } catch (error) {
      await assistant.close()
      listener.trouble(`${refusal.message}: ${oneLine(process.lastError) || (error as Error).message}`)
      throw refusal
    } finally {
      clearTimeout(timer)
    }
  }

  get session(): string {
    return this.#session
  }

  prompt(text: string, messageId: string, attachments: readonly Attachment[]): Promise<End> {
    this.#turn = { ...Promise.withResolvers<End>(), messageId, cancelled: false }
    // rpc.attachment.given
    const content = attachments.length === 0 ? text : [{ type: 'text', text }, ...attachments.map(blockOf)]
    const message = { role: 'user', content }
    // Under one uuid it runs a prompt once, also where another process has taken up the conversation.
    this.#write({ type: 'user', session_id: '', parent_tool_use_id: null, uuid: messageId, message })
    return this.#turn.promise
  }

  cancel(): void {
    if (!this.#turn) return
    this.#turn.cancelled = true
    this.#request('interrupt')
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#process.end()
    await this.#gone
  }

  async #read(): Promise<void> {
    let how = ''
    try {
      for await (const line of jsonLines(this.#process.output, LINE_MAX)) this.#hear(line)
    } catch (error) {
      how = (error as Error).message
      await this.#process.end()
    }
    this.#ready.reject(new Error('it has ended'))
    const status = await this.#process.ended
    // What it started would otherwise go on.
    await this.#process.end()
    clearTimeout(this.#turn?.timer)
    how ||= status.signal ? `was ended by ${status.signal}` : `has ended with exit code ${status.code}`
    if (!this.#closing && this.#isReady) {
      if (this.#process.lastError) this.#listener.trouble(`The assistant ${how}: ${oneLine(this.#process.lastError)}`)
      this.#listener.stopped(`The assistant ${how}`)
    }
    this.#turn?.reject(new Error(`The assistant ${how}`))
  }

  #hear(line: JsonObject): void {
    switch (line.type) {
      case 'control_response':
        this.#answered(objectOf(line.response))
        break
      case 'control_request':
        this.#requested(textIn(line.request_id) ?? '', objectOf(line.request))
        break
      case 'control_cancel_request':
        this.#asking.get(textIn(line.request_id) ?? '')?.abort()
        break
      case 'system':
        this.#facts(line)
        break
      case 'result':
        this.#result(line)
        break
      case 'command_lifecycle':
        this.#lifecycle(line)
        break
      case 'stream_event':
        this.#piece(objectOf(line.event))
        break
      case 'assistant':
        this.#message(objectOf(line.message))
        break
      case 'user':
        if (line.isReplay !== true) this.#results(objectOf(line.message))
        break
      // These are about the program itself.
      case 'keep_alive':
      case 'rate_limit_event':
        break
      default:
        // rpc.claude.unknown-update
        this.#listener.other(line)
    }
  }

  /** Of all that is asked, only the answer to `initialize` is waited for. */
  #answered({ request_id, subtype, error }: JsonObject): void {
    if (this.#isReady || request_id !== 'initialize') return
    this.#isReady = subtype === 'success'
    if (this.#isReady) this.#ready.resolve()
    else this.#ready.reject(new Error(`it refuses: ${oneLine(String(error))}`))
  }

  #requested(id: string, request: JsonObject): void {
    const wanted = toolAsk(request)
    const respond = (response: object) => this.#write({ type: 'control_response', response })
    const answer = (response: object) => respond({ subtype: 'success', request_id: id, response })
    const deny = (message: string) => answer({ behavior: 'deny', message })
    if (!wanted) respond({ subtype: 'error', request_id: id, error: 'Not supported' })
    else if (!this.#turn || this.#turn.cancelled) deny('The turn is over.')
    else if (wanted.tool === 'AskUserQuestion') this.#questioned(id, objectOf(wanted.input), answer)
    else {
      const { answer: byOption, ...shown } = wanted
      void this.#asked(id, (signal) => this.#listener.ask(shown, signal), answer, byOption)
    }
  }

  #questioned(id: string, input: JsonObject, respond: (response: object) => void): void {
    const question = claudeQuestion(input)
    const deny = (message: string) => ({ behavior: 'deny', message })
    if (!question) {
      respond(deny('Nobody can answer this form. Ask in words, and wait for the next message.'))
      return
    }
    const { answer, ...shown } = question
    const responseTo = (answers: readonly QuestionAnswer[] | null | undefined) =>
      answers ? answer(answers) : deny(answers === null ? 'The user declines to answer.' : 'Nobody has answered.')
    void this.#asked(id, (signal) => this.#listener.question(shown, signal), respond, responseTo)
  }

  /** Responds with what people answer, unless it has taken back by then what it asked. */
  async #asked<T>(
    id: string,
    ask: (signal: AbortSignal) => Promise<T>,
    respond: (response: object) => void,
    responseTo: (answer: T) => object,
  ): Promise<void> {
    const turn = this.#turn
    const withdrawn = new AbortController()
    this.#asking.set(id, withdrawn)
    const answer = await ask(withdrawn.signal)
    this.#asking.delete(id)
    // What was asked before an interrupt it withdraws by itself.
    const isOver = withdrawn.signal.aborted || (turn?.cancelled && (answer === null || answer === undefined))
    if (!isOver) respond(responseTo(answer))
  }

  #facts({ session_id, model, permissionMode }: JsonObject): void {
    const before = this.#session
    this.#session = textIn(session_id) || before
    const [mode, name] = [textIn(permissionMode), textIn(model)]
    this.#listener.facts({
      ...(mode !== undefined && { mode }),
      ...(name !== undefined && { model: name }),
      ...(this.#session !== before && { session: this.#session }),
    })
  }

  #result({ subtype, is_error, result, errors }: JsonObject): void {
    if (this.#turn?.cancelled) this.#end('cancelled')
    else if (subtype === 'success' && is_error !== true) this.#end('completed')
    else {
      const said = textIn(result) || (Array.isArray(errors) ? errors.map(textIn).join('; ') : '')
      if (said) this.#listener.trouble(`The assistant has failed: ${oneLine(said, 300)}`)
      this.#end(new Error('The assistant has failed'))
    }
  }

  #lifecycle({ command_uuid, state }: JsonObject): void {
    const turn = this.#turn
    if (!turn || command_uuid !== turn.messageId) return
    if (state === 'cancelled') this.#end('cancelled')
    // A prompt that it knows from before has no result.
    if (state === 'completed') turn.timer = setTimeout(() => this.#end('completed'), RESULT_TIME)
  }

  #end(end: End | Error): void {
    const turn = this.#turn
    this.#turn = undefined
    this.#inPieces.clear()
    clearTimeout(turn?.timer)
    if (end instanceof Error) turn?.reject(end)
    else turn?.resolve(end)
  }

  #piece({ type, message, delta }: JsonObject): void {
    if (type === 'message_start') this.#growing = textIn(objectOf(message).id) ?? ''
    if (type !== 'content_block_delta') return
    const { text, thinking } = objectOf(delta)
    this.#say('text', text, this.#growing)
    this.#say('thought', thinking, this.#growing)
  }

  #say(kind: 'text' | 'thought', text: unknown, id: string): void {
    if (typeof text !== 'string') return
    this.#inPieces.add(`${kind} ${id}`)
    this.#listener.piece(kind, text)
  }

  /** The whole of a message; what of it came in pieces is known. */
  #message({ id, content }: JsonObject): void {
    for (const block of listIn(content)) {
      const kind = block.type === 'text' ? 'text' : 'thought'
      if (block.type === 'tool_use') this.#began(block)
      else if (block.type !== 'text' && block.type !== 'thinking') this.#listener.other(block)
      else if (!this.#inPieces.has(`${kind} ${id}`))
        this.#listener.piece(kind, textIn(block.text ?? block.thinking) ?? '')
    }
  }

  #began({ id, name, input }: JsonObject): void {
    const callId = textIn(id) ?? ''
    this.#tool({ callId, title: titleOf(textIn(name) ?? 'tool', input), status: 'in_progress', input, output: '' })
  }

  #results({ content }: JsonObject): void {
    for (const { type, tool_use_id, is_error, content: output } of listIn(content)) {
      if (type !== 'tool_result' || typeof tool_use_id !== 'string') continue
      const call = this.#calls.get(tool_use_id) ?? { callId: tool_use_id, title: tool_use_id, status: '', output: '' }
      const text = textIn(output) ?? listIn(output).map(blockText).join('\n')
      this.#tool({ ...call, status: is_error === true ? 'failed' : 'completed', output: text })
      this.#calls.delete(tool_use_id)
    }
  }

  #tool(call: ToolCall): void {
    this.#calls.set(call.callId, call)
    this.#listener.tool(call)
  }

  #request(subtype: 'initialize' | 'interrupt'): void {
    const request_id = subtype === 'initialize' ? subtype : crypto.randomUUID()
    this.#write({ type: 'control_request', request_id, request: { subtype } })
  }

  #write(message: object): void {
    this.#writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`)).catch(() => {
      // It is gone, which its end tells.
    })
  }
}

function blockOf({ kind, name, mediaType: media_type, bytes, text }: Attachment): JsonObject {
  if (kind === 'text') return { type: 'text', text: `Attached file ${JSON.stringify(name)}:\n\n${text}` }
  return { type: 'image', source: { type: 'base64', media_type, data: Buffer.from(bytes).toString('base64') } }
}

const blockText = ({ type, text }: JsonObject): string => textIn(text) ?? `[${textIn(type) ?? 'content'}]`
