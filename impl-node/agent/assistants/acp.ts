// Any assistant that speaks the Agent Client Protocol over stdio (application.md 6.2). We are its client.

import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import {
  type ClientConnection,
  type ClientContext,
  type CreateElicitationResponse,
  client,
  methods,
  type NewSessionRequest,
  PROTOCOL_VERSION,
  RequestError,
  type RequestPermissionResponse,
} from '@agentclientprotocol/sdk'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Attachment, AttachmentKind } from '../attachments.ts'
import {
  factsOf,
  forgetFinished,
  type Hello,
  parseHello,
  parsePermission,
  parseUpdate,
  promptBlocks,
  type SessionFacts,
  sessionIdOf,
  type ToolCalls,
  tellUpdate,
} from './acp-border.ts'
import { parseQuestion, responseTo } from './acp-question.ts'
import { acpStream, lineError, reasonOf } from './acp-wire.ts'
import type { Assistant, AssistantEvents, AssistantFactory, AssistantFacts, Reply } from './assistant.ts'
import { type AdapterOptions, type AssistantProcess, forPeople, spawnAssistant } from './process.ts'

/** ms for which a start may take; `npx` fetches on the first one. */
const START_TIME = 60_000
/** Bytes of the longest line that is read. */
const LINE_MAX = 8_388_608

/** One life of the assistant's process. */
interface Run {
  readonly process: AssistantProcess
  readonly connection: ClientConnection
  readonly calls: ToolCalls
  readonly asks: Map<string, (option: string | null) => void>
  readonly questions: Map<string, (reply: Reply) => void>
  sessionId: string | null
  turn: string | null
  /** Between a cancel and the end of the turn: whatever is asked is answered `cancelled`. */
  cancelling: boolean
}

export function acpAssistant(options: AdapterOptions): AssistantFactory {
  return (events, session) => new AcpAssistant(options, events, session)
}

class AcpAssistant implements Assistant {
  readonly #options: AdapterOptions
  readonly #events: AssistantEvents
  #run: Run | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #process: AssistantProcess | undefined
  #closed = false
  #name: string
  #sessionId: string | null
  #session: SessionFacts = { mode: null, model: null }
  #takes: readonly AttachmentKind[] = []

  constructor(options: AdapterOptions, events: AssistantEvents, session: string | null) {
    this.#options = options
    this.#events = events
    this.#sessionId = session
    this.#name = basename(options.command[0] ?? '')
  }

  get facts(): AssistantFacts {
    return { name: this.#name, session: this.#sessionId, takes: this.#takes, ...this.#session }
  }

  start(mustTakeUp = false): Promise<void> {
    if (this.#run && !this.#run.connection.signal.aborted) return Promise.resolve()
    this.#starting ??= this.#start(mustTakeUp).finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  prompt(messageId: string, text: string, attachments: readonly Attachment[]): void {
    const run = this.#run
    if (!run?.sessionId) {
      this.#events.turnEnded(messageId, 'failed', `${this.#name} does not run`)
      return
    }
    run.turn = messageId
    const prompt = promptBlocks(text, attachments)
    run.connection.agent.request(methods.agent.session.prompt, { sessionId: run.sessionId, prompt }).then(
      ({ stopReason }) => {
        if (stopReason === 'cancelled') this.#endTurn(run, 'cancelled')
        else this.#endTurn(run, 'completed', stopReason === 'end_turn' ? undefined : forPeople(String(stopReason)))
      },
      (error: unknown) => {
        // `stopped` tells what a closed connection means.
        if (run.connection.signal.aborted) return
        this.#endTurn(run, run.cancelling ? 'cancelled' : 'failed', reasonOf(error))
      },
    )
  }

  cancel(): void {
    const run = this.#run
    if (!run?.sessionId || !run.turn) return
    run.cancelling = true
    run.connection.agent.notify(methods.agent.session.cancel, { sessionId: run.sessionId }).catch(() => undefined)
  }

  answer(requestId: string, option: string | null): void {
    this.#run?.asks.get(requestId)?.(option)
  }

  reply(requestId: string, reply: Reply): void {
    this.#run?.questions.get(requestId)?.(reply)
  }

  kill(): void {
    void this.#run?.process.stop()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#process?.stop()
    await this.#starting?.catch(() => undefined)
    await this.#stopping
  }

  async #start(mustTakeUp: boolean): Promise<void> {
    if (this.#closed) throw new ProtocolError('assistant-unavailable', 'The assistant was closed with its agent')
    // The next one begins when the last one is gone whole.
    await this.#stopping
    const { command, workspace, env, startTime = START_TIME } = this.#options
    const process = await spawnAssistant({ command, cwd: workspace, ...(env && { env }) })
    this.#process = process
    const run: Run = {
      process,
      connection: this.#connect(process, () => run),
      calls: new Map(),
      asks: new Map(),
      questions: new Map(),
      sessionId: null,
      turn: null,
      cancelling: false,
    }
    let timer: NodeJS.Timeout | undefined
    let isNew = false
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`did not answer within ${startTime / 1_000} s`)), startTime)
    })
    try {
      if (this.#closed) throw new Error('was closed meanwhile')
      isNew = await Promise.race([this.#handshake(run, mustTakeUp), late])
    } catch (error) {
      const left = run.connection.signal.aborted
      const how = await process.stop()
      run.connection.close()
      const why = left ? (lineError(run.connection, this.#lineMax) ?? how) : reasonOf(error)
      throw new ProtocolError('assistant-unavailable', `Cannot start the assistant: "${this.#command}" ${why}`)
    } finally {
      clearTimeout(timer)
    }
    this.#run = run
    this.#stopping = this.#watch(run)
    this.#events.session(run.sessionId ?? '', isNew)
  }

  #connect(process: AssistantProcess, run: () => Run): ClientConnection {
    return client({ name: 'happy-remote' })
      .onRequest(
        methods.client.session.requestPermission,
        (params: unknown) => params,
        ({ params, signal }) => this.#ask(run(), params, signal),
      )
      .onRequest(
        methods.client.elicitation.create,
        (params: unknown) => params,
        ({ params, signal }) => this.#question(run(), params, signal),
      )
      .connect(acpStream(process, this.#lineMax, (params) => this.#update(run(), params)))
  }

  /** Whether the session is a new one. */
  async #handshake(run: Run, mustTakeUp: boolean): Promise<boolean> {
    const { agent } = run.connection
    const answer: unknown = await agent.request(methods.agent.initialize, {
      protocolVersion: PROTOCOL_VERSION,
      clientInfo: { name: 'happy-remote', version: '1' },
      clientCapabilities: { elicitation: { form: {} } },
    })
    const hello = parseHello(answer)
    if (!hello) throw new Error('answered `initialize` in a form that ACP does not have')
    if (hello.version !== PROTOCOL_VERSION) {
      throw new Error(`speaks version ${hello.version} of ACP, not ${PROTOCOL_VERSION}`)
    }
    this.#name = forPeople(hello.name || this.#name)
    this.#takes = hello.takes

    const where: NewSessionRequest = { cwd: this.#options.workspace, mcpServers: [] }
    // While `sessionId` is not set, updates are dropped: `session/load` tells the whole conversation again.
    const taken = await this.#takeUp(agent, where, hello, mustTakeUp)
    const session = taken ?? (await agent.request(methods.agent.session.new, where))
    const id = sessionIdOf(session)
    if (id === null) throw new Error('opened no session')
    run.sessionId = id
    this.#sessionId = id
    this.#session = factsOf(session)
    return taken === null
  }

  /** The earlier session, where there is one and the assistant takes it up again. */
  async #takeUp(
    agent: ClientContext,
    where: NewSessionRequest,
    { takesUp }: Hello,
    must: boolean,
  ): Promise<object | null> {
    const sessionId = this.#sessionId
    if (sessionId === null) return null
    if (takesUp === null) {
      if (must) throw new Error('takes up no earlier conversation')
      return null
    }
    try {
      return { ...(await agent.request(methods.agent.session[takesUp], { ...where, sessionId })), sessionId }
    } catch (error) {
      if (must) throw new Error(`does not take up the conversation: ${reasonOf(error)}`)
      return null
    }
  }

  #update(run: Run, params: unknown): void {
    const parsed = parseUpdate(params)
    if (!parsed || parsed.sessionId !== run.sessionId) return
    tellUpdate(parsed.update, this.#events, run.calls, this.#session)
  }

  async #ask(run: Run, params: unknown, signal: AbortSignal): Promise<RequestPermissionResponse> {
    const ask = parsePermission(params, run.calls)
    if (!ask || ask.sessionId !== run.sessionId) throw RequestError.invalidParams()
    const { tool, title, input, options } = ask
    if (run.cancelling || signal.aborted || options.length === 0) return { outcome: { outcome: 'cancelled' } }
    const requestId = randomUUID()
    const answer = this.#settled(run, run.asks, requestId, signal)
    this.#events.permission({ requestId, tool, title, input, options })
    const optionId = await answer
    return { outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } }
  }

  async #question(run: Run, params: unknown, signal: AbortSignal): Promise<CreateElicitationResponse> {
    const question = parseQuestion(params)
    if (!question || question.sessionId !== run.sessionId) throw RequestError.invalidParams()
    if (run.cancelling || signal.aborted) return responseTo(null)
    const requestId = randomUUID()
    const reply = this.#settled(run, run.questions, requestId, signal)
    const { title, fields } = question
    this.#events.question({ requestId, title, fields })
    return responseTo(await reply)
  }

  /** Resolves with what becomes of the request, which is entered in `waiting`. `signal`: the assistant takes it back. */
  #settled<T>(run: Run, waiting: Map<string, (answer: T) => void>, requestId: string, signal: AbortSignal): Promise<T> {
    return new Promise((resolve) => {
      waiting.set(requestId, (answer) => {
        waiting.delete(requestId)
        resolve(answer)
      })
      signal.addEventListener('abort', () => {
        if (!run.connection.signal.aborted && waiting.has(requestId)) this.#events.withdrawn(requestId)
      })
    })
  }

  #endTurn(run: Run, end: 'completed' | 'cancelled' | 'failed', reason?: string): void {
    const messageId = run.turn
    if (messageId === null || this.#run !== run) return
    run.turn = null
    run.cancelling = false
    forgetFinished(run.calls)
    this.#events.turnEnded(messageId, end, reason)
  }

  /** Waits for the end of a run, by whatever cause, and tells it once nothing of it is left. */
  async #watch(run: Run): Promise<void> {
    const first = await Promise.race([run.process.ended, run.connection.closed.then(() => null)])
    const how = first ?? (await run.process.stop())
    await run.connection.closed
    this.#run = undefined
    this.#events.stopped(`${this.#name} ${lineError(run.connection, this.#lineMax) ?? how}`)
  }

  get #lineMax(): number {
    return this.#options.lineMax ?? LINE_MAX
  }

  get #command(): string {
    return forPeople(this.#options.command[0] ?? '')
  }
}
