// The user's own Claude Code, spoken to directly (application.md 6.1): we spawn it, and ship nothing of it.

import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { Attachment } from '../attachments.ts'
import type { Assistant, AssistantEvents, AssistantFactory, AssistantFacts, Reply, TurnEnd } from './assistant.ts'
import {
  type ClaudeAsk,
  type ClaudeFacts,
  noteFacts,
  parseAsk,
  parseLifecycle,
  parseResult,
  promptContent,
  Told,
  tellLine,
} from './claude-border.ts'
import { type Line, readLines, writeLine } from './claude-wire.ts'
import { type AdapterOptions, type AssistantProcess, forPeople, spawnAssistant } from './process.ts'

/** ms for which a start may take. */
const START_TIME = 60_000
/** ms for which the result of a prompt is awaited after Claude Code has called the prompt completed. */
const RESULT_TIME = 2_000
/** Bytes of the longest line that is read. */
const LINE_MAX = 33_554_432

const ARGS = [
  ...['-p', '--output-format', 'stream-json', '--input-format', 'stream-json', '--verbose'],
  ...['--include-partial-messages', '--replay-user-messages'],
  // Not in its help; without it no permission request arrives.
  ...['--permission-prompt-tool', 'stdio', '--permission-mode', 'default'],
] as const

/** Set by a Claude Code around us, which would take ours for a part of itself. */
const NESTED = /^CLAUDECODE$|^CLAUDE_CODE_(ENTRYPOINT|SSE_PORT|SESSION_ID)$/

/** The arguments of Claude Code follow `command`. */
export type ClaudeOptions = Omit<AdapterOptions, 'command'> & Partial<Pick<AdapterOptions, 'command'>>

/** One life of the assistant's process. */
interface Run {
  readonly process: AssistantProcess
  readonly told: Told
  /** What waits for an answer, by our request id. */
  readonly asks: Map<string, ClaudeAsk>
  /** Resolves when `initialize` is answered; rejects with why not. */
  readonly hello: PromiseWithResolvers<void>
  readonly helloId: string
  turn: string | null
  /** Between a cancel and the end of the turn: whatever is asked is withdrawn by Claude Code. */
  cancelling: boolean
  /** After `completed`, until the result comes. */
  completed: NodeJS.Timeout | undefined
  tooLong: boolean
}

export function claudeAssistant(options: ClaudeOptions): AssistantFactory {
  return (events, session) => new ClaudeAssistant(options, events, session)
}

class ClaudeAssistant implements Assistant {
  readonly #options: ClaudeOptions
  readonly #events: AssistantEvents
  readonly #command: readonly string[]
  readonly #session: ClaudeFacts
  #run: Run | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #process: AssistantProcess | undefined
  #closed = false

  constructor(options: ClaudeOptions, events: AssistantEvents, session: string | null) {
    this.#options = options
    this.#events = events
    this.#session = { session, mode: null, model: null }
    this.#command = options.command ?? ['claude']
  }

  get facts(): AssistantFacts {
    return { name: 'Claude Code', takes: ['image', 'text'], ...this.#session }
  }

  start(mustTakeUp = false): Promise<void> {
    if (this.#run) return Promise.resolve()
    this.#starting ??= this.#start(mustTakeUp).finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  prompt(messageId: string, text: string, attachments: readonly Attachment[]): void {
    const run = this.#run
    if (!run) {
      this.#events.turnEnded(messageId, 'failed', 'Claude Code does not run')
      return
    }
    run.turn = messageId
    // Under the same uuid nothing runs twice, even in a new process that took the conversation up again.
    const message = { role: 'user', content: promptContent(text, attachments) }
    writeLine(run.process, { type: 'user', session_id: '', parent_tool_use_id: null, uuid: messageId, message })
  }

  cancel(): void {
    const run = this.#run
    if (!run?.turn) return
    run.cancelling = true
    this.#request(run, randomUUID(), { subtype: 'interrupt' })
  }

  answer(requestId: string, option: string | null): void {
    const run = this.#run
    const ask = run?.asks.get(requestId)
    if (!run || !ask) return
    run.asks.delete(requestId)
    // It takes back by itself what it asked before it was interrupted.
    if (option === null && run.cancelling) return
    if (option !== 'allow' && option !== 'always') {
      const message = option === null ? 'Nobody answered.' : 'The user said no.'
      this.#respond(run, ask, { behavior: 'deny', message })
      return
    }
    // Never another input than the one that was asked about: Claude Code would run it without a word.
    const updatedPermissions = option === 'always' ? { updatedPermissions: ask.rules } : {}
    this.#respond(run, ask, { behavior: 'allow', updatedInput: ask.input, ...updatedPermissions })
  }

  reply(requestId: string, reply: Reply): void {
    const run = this.#run
    const ask = run?.asks.get(requestId)
    if (!run || !ask?.question) return
    run.asks.delete(requestId)
    if (reply === null && run.cancelling) return
    this.#respond(run, ask, ask.question.respond(reply))
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
    // The next one begins when the last one is gone whole.
    await this.#stopping
    const { session } = this.#session
    if (session !== null) {
      try {
        await this.#launch(['--resume', session])
        return this.#events.session(this.#session.session ?? session, false)
      } catch (error) {
        // A conversation without a finished turn may not have been kept.
        if (this.#closed || mustTakeUp) throw error
      }
    }
    const fresh = randomUUID()
    await this.#launch(['--session-id', fresh])
    this.#session.session = fresh
    this.#events.session(fresh, true)
  }

  /** Throws ProtocolError `assistant-unavailable`. */
  async #launch(how: readonly string[]): Promise<void> {
    if (this.#closed) throw new ProtocolError('assistant-unavailable', 'The assistant was closed with its agent')
    const { workspace, env = process.env, startTime = START_TIME, lineMax = LINE_MAX } = this.#options
    const child = await spawnAssistant({
      command: [...this.#command, ...ARGS, ...how],
      cwd: workspace,
      env: Object.fromEntries(Object.entries(env).filter(([name]) => !NESTED.test(name))),
    })
    this.#process = child
    const run: Run = {
      process: child,
      told: new Told(),
      asks: new Map(),
      hello: Promise.withResolvers(),
      helloId: randomUUID(),
      turn: null,
      cancelling: false,
      completed: undefined,
      tooLong: false,
    }
    run.hello.promise.catch(() => undefined)
    const onTooLong = () => {
      run.tooLong = true
      void child.stop()
    }
    readLines(child, lineMax, (line) => this.#hear(run, line), onTooLong)
    const timer = setTimeout(
      () => run.hello.reject(new Error(`did not answer within ${startTime / 1_000} s`)),
      startTime,
    )
    void child.ended.then((end) => run.hello.reject(new Error(end)))
    try {
      this.#request(run, run.helloId, { subtype: 'initialize' })
      await run.hello.promise
    } catch (error) {
      await child.stop()
      const why = forPeople((error as Error).message)
      const name = forPeople(basename(this.#command[0] ?? ''))
      throw new ProtocolError('assistant-unavailable', `Cannot start the assistant: "${name}" ${why}`)
    } finally {
      clearTimeout(timer)
    }
    this.#run = run
    this.#stopping = this.#watch(run)
  }

  #hear(run: Run, line: Line): void {
    const { session } = this.#session
    noteFacts(line, this.#session)
    if (this.#run === run && this.#session.session !== null && this.#session.session !== session) {
      this.#events.session(this.#session.session, false)
    }
    if (line.type === 'control_response') this.#onResponse(run, line)
    else if (line.type === 'control_request') this.#onRequest(run, line)
    else if (line.type === 'control_cancel_request') this.#onWithdrawn(run, line)
    // A conversation that is taken up may be told again.
    else if (this.#run === run) this.#onTurn(run, line)
  }

  #onTurn(run: Run, line: Line): void {
    const result = parseResult(line)
    if (result) {
      if (run.cancelling) this.#endTurn(run, 'cancelled')
      else if (result.failed) this.#endTurn(run, 'failed', result.reason)
      else this.#endTurn(run, 'completed')
      return
    }
    const lifecycle = parseLifecycle(line)
    if (lifecycle?.uuid === run.turn && run.turn !== null) this.#onLifecycle(run, lifecycle.state)
    if (line.type !== 'result') tellLine(line, this.#events, run.told)
  }

  #onLifecycle(run: Run, state: string): void {
    if (state === 'cancelled') this.#endTurn(run, 'cancelled')
    // No result follows for a prompt that it had run before.
    else if (state === 'completed') run.completed = setTimeout(() => this.#endTurn(run, 'completed'), RESULT_TIME)
  }

  #onResponse(run: Run, line: Line): void {
    const response = line.response as { request_id?: unknown; subtype?: unknown; error?: unknown } | undefined
    if (response?.request_id !== run.helloId) return
    if (response.subtype === 'success') run.hello.resolve()
    else run.hello.reject(new Error(`refused to begin: ${String(response.error)}`))
  }

  #onRequest(run: Run, line: Line): void {
    const ask = parseAsk(line)
    if (!ask) {
      const response = { subtype: 'error', request_id: line.request_id, error: 'Not supported here.' }
      writeLine(run.process, { type: 'control_response', response })
      return
    }
    if (ask.question === null) {
      const message = 'A question of this form cannot be answered. Ask in your reply, and wait for the next message.'
      this.#respond(run, ask, { behavior: 'deny', message })
      return
    }
    // What is asked behind an interrupt, and what nobody can see yet.
    if (run.cancelling || this.#run !== run) {
      this.#respond(run, ask, { behavior: 'deny', message: 'The turn was cancelled.' })
      return
    }
    const requestId = randomUUID()
    run.asks.set(requestId, ask)
    const { id: _, rules: __, question, ...shown } = ask
    if (question) this.#events.question({ requestId, title: question.title, fields: question.fields })
    else this.#events.permission({ requestId, ...shown })
  }

  #onWithdrawn(run: Run, line: Line): void {
    const [requestId] = [...run.asks].find(([, { id }]) => id === line.request_id) ?? []
    if (requestId === undefined) return
    run.asks.delete(requestId)
    this.#events.withdrawn(requestId)
  }

  #endTurn(run: Run, end: TurnEnd, reason?: string): void {
    clearTimeout(run.completed)
    const messageId = run.turn
    if (messageId === null || this.#run !== run) return
    run.turn = null
    run.cancelling = false
    run.told.endTurn()
    this.#events.turnEnded(messageId, end, reason)
  }

  #request(run: Run, request_id: string, request: object): void {
    writeLine(run.process, { type: 'control_request', request_id, request })
  }

  #respond(run: Run, ask: ClaudeAsk, response: object): void {
    writeLine(run.process, {
      type: 'control_response',
      response: { subtype: 'success', request_id: ask.id, response },
    })
  }

  /** Waits for the end of a run, by whatever cause, and tells it once nothing of it is left. */
  async #watch(run: Run): Promise<void> {
    const how = await run.process.ended
    clearTimeout(run.completed)
    this.#run = undefined
    const max = this.#options.lineMax ?? LINE_MAX
    this.#events.stopped(`Claude Code ${run.tooLong ? `sent a line of more than ${max} bytes` : how}`)
  }
}
