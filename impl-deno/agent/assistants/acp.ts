// Any assistant that speaks the Agent Client Protocol over its standard input and output; the agent is its client.

import { Buffer } from 'node:buffer'
import {
  type AnyMessage,
  type ClientConnection,
  client,
  type InitializeResponse,
  type LoadSessionRequest,
  methods,
  type NewSessionRequest,
  type NewSessionResponse,
  ndJsonStream,
  PROTOCOL_VERSION,
  type PromptRequest,
  RequestError,
  type RequestPermissionRequest,
  type SessionUpdate,
  type ToolCallContent,
} from '@agentclientprotocol/sdk'
import type { Attachment, AttachmentKind } from '../attachments.ts'
import type { PermissionAsk } from '../permissions.ts'
import { acpAnswer, acpQuestion } from './acp-question.ts'
import {
  type Assistant,
  type AssistantKind,
  type AssistantListener,
  type Earlier,
  NotTakenUp,
  type ToolCall,
} from './assistant.ts'
import { AssistantProcess } from './process.ts'

export interface AcpOptions {
  readonly command: readonly string[]
  readonly workspace: string
  readonly name: string
  readonly scripted?: boolean
}

/** Bytes of the longest line that is read of an assistant. */
const LINE_MAX = 67_108_864
/** In which it has to be ready. */
const START_TIME = 60_000

export const acpAssistant = ({ name, scripted = false, ...options }: AcpOptions): AssistantKind => ({
  name,
  scripted,
  start: (listener, earlier) => AcpAssistant.start(options, listener, earlier),
})

class AcpAssistant implements Assistant {
  readonly #process: AssistantProcess
  readonly #listener: AssistantListener
  readonly #connection: ClientConnection
  readonly #calls = new Map<string, ToolCall>()
  readonly #gone: Promise<void>
  #session = ''
  #isNew = true
  #takes: readonly AttachmentKind[] = []
  /** Updates of a conversation that is told again are known already. */
  #deaf = true
  #closing = false

  private constructor(process: AssistantProcess, listener: AssistantListener) {
    this.#process = process
    this.#listener = listener
    const { readable, writable } = ndJsonStream(process.input, process.output, { maxMessageBytes: LINE_MAX })
    // The SDK drops updates of kinds that it does not know, so they are taken before it.
    const others = readable.pipeThrough(new TransformStream({ transform: this.#take }))
    this.#connection = client({ name: 'happy-remote' })
      .onRequest(methods.client.session.requestPermission, async ({ params, signal }) => {
        const optionId = await listener.ask(this.#wanted(params), this.#withdrawn(signal))
        return { outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } }
      })
      .onRequest(methods.client.elicitation.create, async ({ params, signal }) => {
        const question = acpQuestion(params, this.#session)
        if (!question) throw RequestError.invalidParams()
        return acpAnswer(await listener.question(question, this.#withdrawn(signal)))
      })
      .connect({ writable, readable: others })
    this.#gone = this.#connection.closed.then(() => this.#stopped())
  }

  static async start(
    options: Omit<AcpOptions, 'name'>,
    listener: AssistantListener,
    earlier?: Earlier,
  ): Promise<Assistant> {
    const { command, workspace } = options
    let process: AssistantProcess
    try {
      process = new AssistantProcess(command, workspace)
    } catch (error) {
      listener.trouble(`The assistant cannot be started: ${(error as Error).message}`)
      throw new Error('The assistant cannot be started')
    }
    const assistant = new AcpAssistant(process, listener)
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('it does not answer')), START_TIME)
      })
      await Promise.race([assistant.#begin(workspace, earlier), late])
      return assistant
    } catch (error) {
      await assistant.close()
      if (error instanceof NotTakenUp) throw error
      listener.trouble(`The assistant cannot be started: ${process.lastError || (error as Error).message}`)
      throw new Error('The assistant cannot be started')
    } finally {
      clearTimeout(timer)
    }
  }

  get session(): string {
    return this.#session
  }

  get takes(): readonly AttachmentKind[] {
    return this.#takes
  }

  get isNew(): boolean {
    return this.#isNew
  }

  async prompt(text: string, _: string, attachments: readonly Attachment[]): Promise<'completed' | 'cancelled'> {
    // rpc.attachment.given
    const prompt: PromptRequest['prompt'] = [{ type: 'text', text }, ...attachments.map(blockOf)]
    const params: PromptRequest = { sessionId: this.#session, prompt }
    try {
      const { stopReason } = await this.#connection.agent.request(methods.agent.session.prompt, params)
      return stopReason === 'cancelled' ? 'cancelled' : 'completed'
    } catch (error) {
      // That it has stopped is told first.
      if (this.#connection.signal.aborted) await this.#gone
      throw error
    }
  }

  cancel(): void {
    void this.#connection.agent.notify(methods.agent.session.cancel, { sessionId: this.#session }).catch(() => {
      // It is gone, which `stopped` tells.
    })
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#connection.close()
    await this.#process.end()
  }

  async #begin(cwd: string, earlier?: Earlier): Promise<void> {
    const { agent } = this.#connection
    const hello = await agent.request(methods.agent.initialize, {
      protocolVersion: PROTOCOL_VERSION,
      clientInfo: { name: 'happy-remote', version: '0.1.0' },
      clientCapabilities: { elicitation: { form: {} } },
    })
    if (hello.protocolVersion !== PROTOCOL_VERSION) {
      throw new Error(`it speaks version ${hello.protocolVersion} of its protocol`)
    }
    const { image, embeddedContext } = hello.agentCapabilities?.promptCapabilities ?? {}
    this.#takes = [...(image ? (['image'] as const) : []), ...(embeddedContext ? (['text'] as const) : [])]
    const session: NewSessionRequest = { cwd, mcpServers: [] }
    this.#isNew = !earlier || !(await this.#resume(hello, { ...session, sessionId: earlier.session }))
    if (this.#isNew) {
      if (earlier?.isRequired) throw new NotTakenUp()
      const opened = await agent.request(methods.agent.session.new, session)
      this.#session = opened.sessionId
      this.#facts(opened)
    }
    this.#deaf = false
  }

  /** False where the assistant does not know the conversation any more. */
  async #resume(hello: InitializeResponse, session: LoadSessionRequest): Promise<boolean> {
    const { agent } = this.#connection
    const { loadSession, sessionCapabilities } = hello.agentCapabilities ?? {}
    try {
      if (sessionCapabilities?.resume) this.#facts(await agent.request(methods.agent.session.resume, session))
      else if (loadSession) this.#facts(await agent.request(methods.agent.session.load, session))
      else return false
    } catch {
      return false
    }
    this.#session = session.sessionId
    return true
  }

  #facts({ modes, configOptions }: Pick<NewSessionResponse, 'modes' | 'configOptions'>): void {
    const model = configOptions?.find(({ category, type }) => category === 'model' && type === 'select')?.currentValue
    this.#listener.facts({
      ...(modes && { mode: modes.currentModeId }),
      ...(typeof model === 'string' && { model }),
    })
  }

  #take = (message: AnyMessage, onward: TransformStreamDefaultController<AnyMessage>): void => {
    if (!('method' in message) || message.method !== methods.client.session.update) {
      onward.enqueue(message)
      return
    }
    const { update } = (message.params ?? {}) as { update?: SessionUpdate }
    if (!this.#deaf && typeof update?.sessionUpdate === 'string') this.#update(update)
  }

  /** Aborts where the assistant takes back what it asked, and not where it is gone. */
  #withdrawn(signal: AbortSignal): AbortSignal {
    const withdrawn = new AbortController()
    const abort = () => {
      if (!this.#connection.signal.aborted) withdrawn.abort()
    }
    signal.addEventListener('abort', () => queueMicrotask(abort))
    return withdrawn.signal
  }

  #update(update: SessionUpdate): void {
    switch (update.sessionUpdate) {
      case 'agent_message_chunk':
      case 'agent_thought_chunk':
        this.#listener.piece(
          update.sessionUpdate === 'agent_message_chunk' ? 'text' : 'thought',
          textOf(update.content),
        )
        break
      case 'tool_call':
      case 'tool_call_update':
        this.#listener.tool(this.#tool(update))
        break
      case 'current_mode_update':
        this.#listener.facts({ mode: update.currentModeId })
        break
      case 'config_option_update':
        this.#facts(update)
        break
      // The prompt was told when it was accepted, and these are about the assistant's own interface.
      case 'user_message_chunk':
      case 'available_commands_update':
      case 'session_info_update':
      case 'usage_update':
        break
      default:
        // rpc.claude.unknown-update, and a plan, for which there is no role
        this.#listener.other(update)
    }
  }

  #tool(update: Extract<SessionUpdate, { sessionUpdate: 'tool_call' | 'tool_call_update' }>): ToolCall {
    const { toolCallId: callId, title, status, rawInput, content } = update
    const before = this.#calls.get(callId) ?? { callId, title: callId, status: 'pending', output: '' }
    const call = {
      ...before,
      ...(title && { title }),
      ...(status && { status }),
      ...(rawInput !== undefined && { input: rawInput }),
      ...(content && { output: content.map(contentText).join('\n') }),
    }
    this.#calls.set(callId, call)
    return call
  }

  /** Of a call that was announced before, the input may stand there alone. */
  #wanted({ toolCall, options }: RequestPermissionRequest): PermissionAsk {
    const { toolCallId, title, kind, rawInput } = toolCall
    const known = this.#calls.get(toolCallId)
    const name = 'name' in toolCall && typeof toolCall.name === 'string' ? toolCall.name : undefined
    return {
      tool: name ?? kind ?? 'tool',
      title: title ?? known?.title ?? toolCallId,
      // rpc.permission.unchanged: the assistant keeps its input, and gets back only what was chosen
      input: rawInput ?? known?.input ?? null,
      options: options.map(({ optionId, name, kind }) => ({ id: optionId, name, kind })),
    }
  }

  async #stopped(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    // Its output has ended, or cannot be understood any more.
    const gone = await Promise.race([
      this.#process.ended,
      new Promise<null>((resolve) => setTimeout(resolve, 500, null)),
    ])
    await this.#process.end()
    const how = gone ? endOf(gone) : 'has closed its output'
    if (this.#process.lastError) this.#listener.trouble(`The assistant ${how}: ${this.#process.lastError}`)
    if (!this.#deaf) this.#listener.stopped(`The assistant ${how}`)
  }
}

const endOf = ({ code, signal }: Deno.CommandStatus): string =>
  signal ? `was ended by ${signal}` : `has ended with exit code ${code}`

function blockOf({ kind, name, mediaType: mimeType, bytes, text }: Attachment): PromptRequest['prompt'][number] {
  if (kind === 'image') return { type: 'image', mimeType, data: Buffer.from(bytes).toString('base64') }
  // The name is all that the address says: nothing can be fetched there.
  const uri = `attachment:///${encodeURIComponent(name.toWellFormed())}`
  return { type: 'resource', resource: { uri, mimeType, text } }
}

function textOf(content: unknown): string {
  const { type, text, uri } = (content ?? {}) as { type?: string; text?: string; uri?: string }
  return text ?? `[${type ?? 'content'}${uri ? ` ${uri}` : ''}]`
}

function contentText(content: ToolCallContent): string {
  if (content.type === 'content') return textOf(content.content)
  if (content.type === 'diff') return `${content.path}\n${content.newText}`
  return `[${content.type}]`
}
