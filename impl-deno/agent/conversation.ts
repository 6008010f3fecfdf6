// The conversation with the assistant: prompts one at a time, their states, and what the assistant does
// (spec/rpc.md, The assistant).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { EventParams, Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Alarm, type Timers } from '../link/timers.ts'
import type { Assistant, AssistantKind, AssistantListener } from './assistants/assistant.ts'
import type { Pause } from './pause.ts'
import { type PermissionEvents, Permissions } from './permissions.ts'
import { Transcript, type TranscriptEvents } from './transcript.ts'

export interface ConversationEvents extends TranscriptEvents, Omit<PermissionEvents, 'changed'> {
  state(event: EventParams<'claude.state'>): void
  messageState(event: EventParams<'claude.messageState'>): void
  /** Only for the computer's own user. */
  trouble(text: string): void
}

interface Prompt {
  readonly messageId: string
  readonly text: string
}

interface Running extends Prompt {
  /** Who has cancelled it. */
  cancelledBy?: string
}

/** For which an assistant may take to stop its turn; then it is ended itself. */
const CANCEL_TIME = 10_000

export class Conversation {
  readonly #kind: AssistantKind | null
  readonly #events: ConversationEvents
  readonly #transcript: Transcript
  readonly #giveUp: Alarm
  readonly #pause: Pick<Pause, 'lasting'>
  readonly permissions: Permissions
  readonly #queue: Prompt[] = []
  #assistant: Promise<Assistant> | undefined
  #running: Running | undefined
  #conversationId: string | null = null
  #mode: string | null = null
  #model: string | null = null
  #told = 'idle null'
  /** Why the assistant has stopped, until it is told. */
  #reason: string | undefined
  #failed = false
  #closed = false

  /** `kind` is null where the agent has no assistant; `permissionTime` in ms, none for questions that wait without end. */
  constructor(
    kind: AssistantKind | null,
    timers: Timers,
    events: ConversationEvents,
    pause: Pick<Pause, 'lasting'>,
    permissionTime?: number,
  ) {
    this.#kind = kind
    this.#pause = pause
    this.#events = events
    this.#giveUp = new Alarm(timers)
    this.#transcript = new Transcript(() => this.#conversationId ?? '', events)
    const { requested, resolved } = events
    this.permissions = new Permissions(timers, { requested, resolved, changed: () => this.#tell() }, permissionTime)
  }

  get assistant(): Result<'agent.info'>['assistant'] {
    if (!this.#kind) return null
    const { name, scripted } = this.#kind
    return { name, scripted, available: !this.#failed }
  }

  get status(): Result<'claude.getStatus'> {
    return {
      state: this.#state,
      conversationId: this.#conversationId,
      mode: this.#mode,
      model: this.#model,
      queued: this.#queue.length,
      pending: this.permissions.pending,
      ...(this.#pause.lasting && { paused: this.#pause.lasting }),
    }
  }

  get #state(): 'idle' | 'running' | 'needs-answer' {
    if (this.permissions.pending.length > 0) return 'needs-answer'
    return this.#running ? 'running' : 'idle'
  }

  /**
   * Accepts a prompt. It is told before it counts as accepted: whatever ends the program in between, no accepted prompt
   * is missing in the journal. Throws ProtocolError `assistant-unavailable` or `not-found`.
   */
  async send({ prompt: text, conversationId }: Params<'claude.sendMessage'>): Promise<Result<'claude.sendMessage'>> {
    // rpc.claude.conversation
    if (conversationId !== undefined && conversationId !== this.#conversationId) {
      throw new ProtocolError('not-found', 'Cannot give a prompt: this conversation is not the present one')
    }
    await this.#ready()
    if (conversationId !== undefined && conversationId !== this.#conversationId) {
      throw new ProtocolError('not-found', 'Cannot give a prompt: the assistant has lost this conversation')
    }
    const prompt: Prompt = { messageId: crypto.randomUUID(), text }
    const { messageId } = prompt
    // rpc.claude.accept
    const state = this.#running || this.#queue.length > 0 || this.#pause.lasting ? 'queued' : 'started'
    this.#queue.push(prompt)
    this.#transcript.prompt(messageId, text)
    if (state === 'queued') this.#events.messageState({ messageId, state })
    this.#next()
    return { messageId, state }
  }

  /** Whether there was something to cancel. `by` is the device that cancels (rpc.claude.cancel). */
  cancel(scope: Params<'claude.cancel'>['scope'], by: string): boolean {
    const dropped = scope === 'turn-and-queue' ? this.#queue.splice(0) : []
    for (const { messageId } of dropped) this.#events.messageState({ messageId, state: 'cancelled' })
    const running = this.#running
    if (running && running.cancelledBy === undefined) {
      running.cancelledBy = by
      // It hears of the cancel before it hears that nobody answers.
      void this.#assistant?.then(
        (assistant) => assistant.cancel(),
        () => {},
      )
      this.permissions.end('cancelled', by)
      this.#giveUp.set(CANCEL_TIME, () => void this.#endAssistant())
    }
    return running !== undefined || dropped.length > 0
  }

  /** The pause is over: what waits goes on (rpc.pause.resume). */
  resume(): void {
    this.#next()
  }

  /** Ends the assistant; what runs is cancelled. */
  async close(): Promise<void> {
    this.#closed = true
    this.cancel('turn-and-queue', 'local')
    this.#giveUp.clear()
    await this.#endAssistant()
  }

  /** Starts the assistant where it does not run. */
  #ready(): Promise<Assistant> {
    // rpc.claude.unavailable
    if (!this.#kind || this.#closed) {
      return Promise.reject(new ProtocolError('assistant-unavailable', 'Cannot give a prompt: there is no assistant'))
    }
    this.#assistant ??= this.#kind.start(this.#listener(), this.#conversationId ?? undefined).then(
      (assistant) => {
        this.#failed = false
        this.#conversationId = assistant.conversationId
        this.#tell()
        return assistant
      },
      (error: Error) => {
        this.#failed = true
        this.#assistant = undefined
        throw new ProtocolError('assistant-unavailable', error.message)
      },
    )
    return this.#assistant
  }

  /** rpc.claude.order */
  #next(): void {
    if (this.#running) return
    // rpc.pause.queue
    const prompt = this.#pause.lasting ? undefined : this.#queue.shift()
    this.#running = prompt
    this.#tell(this.#reason)
    this.#reason = undefined
    if (prompt) void this.#run(prompt)
  }

  async #run(running: Running): Promise<void> {
    const { messageId, text } = running
    this.#events.messageState({ messageId, state: 'started' })
    let end: Pick<EventParams<'claude.messageState'>, 'state' | 'reason'>
    try {
      const assistant = await this.#ready()
      const state = running.cancelledBy === undefined ? await assistant.prompt(text, messageId) : 'cancelled'
      end = { state }
    } catch (error) {
      // rpc.claude.died
      const unavailable = error instanceof ProtocolError ? error.message : undefined
      const reason = this.#reason ?? unavailable ?? 'The assistant could not do it'
      end = running.cancelledBy === undefined ? { state: 'failed', reason } : { state: 'cancelled' }
    }
    this.#giveUp.clear()
    this.#transcript.end()
    this.permissions.end('cancelled', running.cancelledBy ?? 'local')
    // rpc.claude.states
    this.#events.messageState({ messageId, ...end })
    this.#running = undefined
    this.#next()
  }

  #listener(): AssistantListener {
    return {
      piece: (kind, text) => this.#transcript.piece(kind, text),
      tool: (call) => this.#transcript.tool(call),
      other: (update) => this.#transcript.other(update),
      facts: ({ mode, model }) => {
        this.#mode = mode ?? this.#mode
        this.#model = model ?? this.#model
      },
      ask: async (question, signal) => {
        const running = this.#running
        // It was told to stop, and has not heard it yet.
        if (running?.cancelledBy !== undefined || this.#closed || signal.aborted) return null
        this.#transcript.flush()
        const { requestId, answer } = this.permissions.ask(this.#conversationId ?? '', question)
        signal.addEventListener('abort', () => this.permissions.end('cancelled', 'local', requestId))
        return (await answer).resolution.option
      },
      stopped: (reason) => this.#stopped(reason),
      trouble: (text) => this.#events.trouble(text),
    }
  }

  #stopped(reason: string): void {
    this.#assistant = undefined
    this.permissions.end('orphaned', 'local')
    // Where a prompt ran, it fails first.
    if (this.#running) this.#reason = reason
    else this.#tell(reason)
  }

  async #endAssistant(): Promise<void> {
    const assistant = this.#assistant
    this.#assistant = undefined
    await assistant?.then(
      (started) => started.close(),
      () => {},
    )
  }

  /** rpc.claude.state */
  #tell(reason?: string): void {
    const state = this.#state
    const now = `${state} ${this.#conversationId}`
    if (now === this.#told && reason === undefined) return
    this.#told = now
    this.#events.state({ state, conversationId: this.#conversationId, ...(reason !== undefined && { reason }) })
  }
}
