// The conversation with the assistant: prompts one at a time, their states, and what the assistant does
// (spec/rpc.md, The assistant).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { EventParams, Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { Alarm, type Timers } from '../link/timers.ts'
import { Queue } from '../session/queue.ts'
import type { Ending } from './asked.ts'
import type { Assistant, AssistantKind, AssistantListener, Earlier } from './assistants/assistant.ts'
import { type Attachment, checkTaken, readAttachments } from './attachments.ts'
import type { Conversations } from './conversations.ts'
import type { Pause } from './pause.ts'
import { type PermissionEvents, Permissions } from './permissions.ts'
import { type QuestionEvents, Questions } from './questions.ts'
import { Transcript, type TranscriptEvents } from './transcript.ts'

export interface ConversationEvents extends TranscriptEvents, Omit<PermissionEvents, 'changed'> {
  state(event: EventParams<'claude.state'>): void
  messageState(event: EventParams<'claude.messageState'>): void
  question: Pick<QuestionEvents, 'requested' | 'resolved'>
  /** Only for the computer's own user. */
  trouble(text: string): void
}

interface Prompt {
  readonly messageId: string
  readonly text: string
  readonly attachments: readonly Attachment[]
}

interface Running extends Prompt {
  /** Who has cancelled it. */
  cancelledBy?: string
}

type Facts = Parameters<AssistantListener['facts']>[0]

/** Of one start of the assistant. What it says counts while it is the present one. */
interface Voice {
  isPresent: boolean
  /** What it has told before that. */
  facts: Facts
}

/** Of what was refused for its size. */
const TOO_LARGE = 'The assistant wanted to ask something that is too large to be shown, and was refused'

/** Prompts that wait; more are `busy`. */
const WAITING = 100

/** For which an assistant may take to stop its turn; then it is ended itself. */
const CANCEL_TIME = 10_000

export class Conversation {
  readonly #kind: AssistantKind | null
  readonly #events: ConversationEvents
  readonly #transcript: Transcript
  readonly #giveUp: Alarm
  readonly #pause: Pick<Pause, 'lasting'>
  readonly permissions: Permissions
  readonly questions: Questions
  readonly #conversations: Conversations
  readonly #queue: Prompt[] = []
  /** Prompts that are not in the queue yet. */
  #arriving = 0
  /** Whoever opens a conversation, or has a prompt for one, waits for those who came before. */
  readonly #door = new Queue()
  #assistant: Promise<Assistant> | undefined
  #voice: Voice = { isPresent: false, facts: {} }
  #running: Running | undefined
  #mode: string | null = null
  #model: string | null = null
  #told: string
  /** Why the assistant has stopped, until it is told. */
  #reason: string | undefined
  #failed = false
  #closed = false

  /** `kind` is null where the agent has no assistant; `permissionTime` in ms, none where what is asked waits without end. */
  constructor(
    kind: AssistantKind | null,
    timers: Timers,
    events: ConversationEvents,
    pause: Pick<Pause, 'lasting'>,
    conversations: Conversations,
    permissionTime?: number,
  ) {
    this.#kind = kind
    this.#conversations = conversations
    this.#told = `idle ${this.#conversationId}`
    this.#pause = pause
    this.#events = events
    this.#giveUp = new Alarm(timers)
    this.#transcript = new Transcript(() => this.#conversationId ?? '', events)
    const { requested, resolved } = events
    const changed = () => this.#tell()
    this.permissions = new Permissions(timers, { requested, resolved, changed }, permissionTime)
    this.questions = new Questions(timers, { ...events.question, changed }, permissionTime)
  }

  get #conversationId(): string | null {
    return this.#conversations.open?.id ?? null
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
      ...(this.questions.pending.length > 0 && { questions: this.questions.pending }),
      ...(this.#pause.lasting && { paused: this.#pause.lasting }),
    }
  }

  get #state(): 'idle' | 'running' | 'needs-answer' {
    if (this.#isAsked) return 'needs-answer'
    return this.#running ? 'running' : 'idle'
  }

  /**
   * Accepts a prompt. It is told before it counts as accepted: whatever ends the program in between, no accepted prompt
   * is missing in the journal. Throws ProtocolError `assistant-unavailable`, `not-found` where there is no such
   * conversation, `conflict` where it is not open; `invalid-params` or
   * `unsupported` for its attachments; `busy` where too many wait.
   */
  async send(params: Params<'claude.sendMessage'>): Promise<Result<'claude.sendMessage'>> {
    if (this.#arriving + this.#queue.length >= WAITING) {
      throw new ProtocolError('busy', `Cannot take a prompt: ${WAITING} are waiting`)
    }
    this.#arriving++
    // rpc.conversation.order
    return this.#door.run(() => this.#accept(params))
  }

  async #accept(params: Params<'claude.sendMessage'>): Promise<Result<'claude.sendMessage'>> {
    const { prompt: text } = params
    let attachments: readonly Attachment[]
    try {
      attachments = await this.#admit(params)
    } finally {
      this.#arriving--
    }
    this.#conversations.prompted(text)
    const prompt: Prompt = { messageId: crypto.randomUUID(), text, attachments }
    const { messageId } = prompt
    // rpc.claude.accept
    const state = this.#running || this.#queue.length > 0 || this.#pause.lasting ? 'queued' : 'started'
    this.#queue.push(prompt)
    this.#transcript.prompt(messageId, text, attachments)
    if (state === 'queued') this.#events.messageState({ messageId, state })
    this.#next()
    return { messageId, state }
  }

  async #admit(params: Params<'claude.sendMessage'>): Promise<readonly Attachment[]> {
    const { conversationId } = params
    const attachments = readAttachments(params)
    this.#expectOpen(conversationId)
    const { takes } = await this.#ready()
    // The assistant may have lost it.
    this.#expectOpen(conversationId)
    checkTaken(attachments, takes)
    return attachments
  }

  #expectOpen(conversationId: string | undefined): void {
    const open = this.#conversationId
    if (conversationId === undefined || conversationId === open) return
    // rpc.conversation.unknown
    if (!this.#conversations.find(conversationId)) {
      throw new ProtocolError('not-found', 'Cannot give a prompt: there is no such conversation')
    }
    // rpc.conversation.closed
    throw new ProtocolError('conflict', 'Cannot give a prompt: another conversation is open', { conversationId: open })
  }

  list(params: Params<'claude.listConversations'>): Result<'claude.listConversations'> {
    return this.#conversations.list(params)
  }

  /** Throws ProtocolError `invalid-params`, `not-found`, `busy` or `assistant-unavailable`. */
  open(params: Params<'claude.openConversation'>): Promise<Result<'claude.openConversation'>> {
    return this.#door.run(() => this.#open(params))
  }

  async #open({ id, new: isNew }: Params<'claude.openConversation'>): Promise<Result<'claude.openConversation'>> {
    // rpc.conversation.params
    if ((id === undefined) === (isNew === undefined)) {
      throw new ProtocolError('invalid-params', 'Cannot open a conversation: either "id" or "new" has to be there')
    }
    const known = id === undefined ? undefined : this.#conversations.find(id)
    // rpc.conversation.unknown
    if (id !== undefined && !known) {
      throw new ProtocolError('not-found', 'Cannot open the conversation: there is no such one')
    }
    if (known && known.id === this.#conversationId) return { conversationId: known.id }
    // rpc.conversation.busy
    if (this.#running || this.#queue.length > 0 || this.#isAsked) {
      throw new ProtocolError('busy', 'Cannot open a conversation: in the open one something runs or waits')
    }
    // rpc.conversation.unavailable: the present assistant ends when the other one is there
    const voice: Voice = { isPresent: false, facts: {} }
    const assistant = await this.#start(voice, known && { session: known.session, isRequired: true })
    await this.#endAssistant()
    if (this.#closed) {
      await assistant.close()
      throw new ProtocolError('assistant-unavailable', 'Cannot open a conversation: the agent stops')
    }
    this.#endAsked('cancelled', 'local')
    if (known) this.#conversations.take(known.id, assistant.session)
    else this.#conversations.begin(assistant.session)
    this.#assistant = Promise.resolve(assistant)
    this.#mode = this.#model = null
    this.#hear(voice)
    this.#tell()
    return { conversationId: String(this.#conversationId) }
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
      this.#endAsked('cancelled', by)
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
    await this.#door.run(() => this.#endAssistant())
  }

  /** Starts the assistant where it does not run. */
  #ready(): Promise<Assistant> {
    if (this.#assistant) return this.#assistant
    const open = this.#conversations.open
    const voice: Voice = { isPresent: false, facts: {} }
    this.#hear(voice)
    this.#assistant = this.#start(voice, open && { session: open.session, isRequired: false }).then(
      (assistant) => {
        // rpc.conversation.lost
        if (assistant.isNew || !open) this.#conversations.begin(assistant.session)
        else this.#conversations.take(open.id, assistant.session)
        this.#tell()
        return assistant
      },
      (error: Error) => {
        this.#failed = true
        this.#assistant = undefined
        throw error
      },
    )
    return this.#assistant
  }

  /** Throws ProtocolError `assistant-unavailable`. */
  async #start(voice: Voice, earlier?: Earlier): Promise<Assistant> {
    // rpc.claude.unavailable
    if (!this.#kind || this.#closed) {
      throw new ProtocolError('assistant-unavailable', 'Cannot use the assistant: there is none')
    }
    try {
      const assistant = await this.#kind.start(this.#listener(voice), earlier)
      this.#failed = false
      return assistant
    } catch (error) {
      throw new ProtocolError('assistant-unavailable', (error as Error).message)
    }
  }

  /** This one is heard from now on, and no other. */
  #hear(voice: Voice): void {
    this.#voice.isPresent = false
    this.#voice = voice
    voice.isPresent = true
    this.#learn(voice.facts)
  }

  #learn({ mode, model, session }: Facts): void {
    this.#mode = mode ?? this.#mode
    this.#model = model ?? this.#model
    const open = this.#conversations.open
    if (session !== undefined && open) this.#conversations.take(open.id, session)
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
    const { messageId, text, attachments } = running
    this.#events.messageState({ messageId, state: 'started' })
    let end: Pick<EventParams<'claude.messageState'>, 'state' | 'reason'>
    try {
      const assistant = await this.#ready()
      const state =
        running.cancelledBy === undefined ? await assistant.prompt(text, messageId, attachments) : 'cancelled'
      end = { state }
    } catch (error) {
      // rpc.claude.died
      const unavailable = error instanceof ProtocolError ? error.message : undefined
      const reason = this.#reason ?? unavailable ?? 'The assistant could not do it'
      end = running.cancelledBy === undefined ? { state: 'failed', reason } : { state: 'cancelled' }
    }
    this.#giveUp.clear()
    this.#transcript.end()
    this.#endAsked('cancelled', running.cancelledBy ?? 'local')
    // rpc.claude.states
    this.#events.messageState({ messageId, ...end })
    this.#running = undefined
    this.#next()
  }

  #listener(voice: Voice): AssistantListener {
    const present = (tell: () => void) => {
      if (voice.isPresent) tell()
    }
    return {
      piece: (kind, text) => present(() => this.#transcript.piece(kind, text)),
      tool: (call) => present(() => this.#transcript.tool(call)),
      other: (update) => present(() => this.#transcript.other(update)),
      facts: (facts) => {
        if (voice.isPresent) this.#learn(facts)
        else voice.facts = { ...voice.facts, ...facts }
      },
      ask: async (wanted, signal) => {
        if (!voice.isPresent || !this.#mayAsk(signal)) return null
        const asked = this.permissions.ask(this.#conversationId ?? '', wanted, this.#room)
        if (!asked) {
          this.#transcript.note(TOO_LARGE)
          return wanted.options.find(({ kind }) => kind === 'reject_once')?.id ?? null
        }
        signal.addEventListener('abort', () => this.permissions.end('cancelled', 'local', asked.requestId))
        return (await asked.answer).resolution.option
      },
      question: async (question, signal) => {
        if (!voice.isPresent || !this.#mayAsk(signal)) return undefined
        const asked = this.questions.ask(this.#conversationId ?? '', question, this.#room)
        if (!asked) {
          this.#transcript.note(TOO_LARGE)
          return null
        }
        signal.addEventListener('abort', () => this.questions.end('cancelled', 'local', asked.requestId))
        const { outcome, answers } = (await asked.answer).resolution
        return answers ?? (outcome === 'declined' ? null : undefined)
      },
      stopped: (reason) => present(() => this.#stopped(reason)),
      trouble: (text) => this.#events.trouble(text),
    }
  }

  /** What was said before is told first. False where it was told to stop, and has not heard it yet. */
  #mayAsk(signal: AbortSignal): boolean {
    if (this.#running?.cancelledBy !== undefined || this.#closed || signal.aborted) return false
    this.#transcript.flush()
    return true
  }

  /** Bytes for what the assistant asks now (rpc.permission.large). */
  get #room(): number {
    return limits.askedBytes - this.permissions.size - this.questions.size
  }

  get #isAsked(): boolean {
    return this.permissions.pending.length > 0 || this.questions.pending.length > 0
  }

  #endAsked(outcome: Ending, by: string): void {
    this.permissions.end(outcome, by)
    this.questions.end(outcome, by)
  }

  #stopped(reason: string): void {
    this.#assistant = undefined
    this.#endAsked('orphaned', 'local')
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
