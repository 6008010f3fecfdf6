// The conversation with the assistant: which prompt runs, which wait, and what controllers hear of it.

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { EventParams, Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import type {
  Assistant,
  AssistantEvents,
  AssistantFactory,
  AssistantFacts,
  Reply,
  TurnEnd,
} from './assistants/assistant.ts'
import { Transcript } from './assistants/transcript.ts'
import { type Attachment, attachmentsOf, expectTaken } from './attachments.ts'
import type { ConversationList } from './conversation-list.ts'
import type { Emit } from './handler.ts'
import type { Pause } from './pause.ts'
import type { PermissionBook } from './permissions.ts'
import type { QuestionBook } from './questions.ts'
import { Turns } from './turns.ts'

/** Prompts that may wait behind the running turn. */
const QUEUE_MAX = 100
/** ms after which an assistant that ignores a cancel is ended. */
const CANCEL_GRACE = 10_000

type State = EventParams<'claude.state'>['state']
type MessageState = EventParams<'claude.messageState'>['state']

interface Message {
  readonly id: string
  readonly text: string
  readonly attachments: readonly Attachment[]
  /** arriving: not accepted yet. waiting: for its turn, or for the assistant to start. */
  stage: 'arriving' | 'waiting' | 'running' | 'cancelled'
}

/** What the person is told of what nobody can be asked. */
const TOO_LARGE = 'The assistant has asked something that is too large to be shown whole, and was refused.'

/** Under this key what opens a conversation, and what takes a prompt for it, wait for each other. */
const DOOR = 'door'

export interface ConversationOptions {
  readonly assistant: AssistantFactory
  readonly list: ConversationList
  readonly permissions: PermissionBook
  readonly questions: QuestionBook
  readonly pause: Pick<Pause, 'present' | 'watch'>
  readonly emit: Emit
  /** ms */
  readonly cancelGrace?: number
}

export class Conversation {
  readonly #factory: AssistantFactory
  readonly #list: ConversationList
  readonly #turns = new Turns()
  readonly #permissions: PermissionBook
  readonly #questions: QuestionBook
  readonly #pause: ConversationOptions['pause']
  readonly #emit: Emit
  readonly #transcript: Transcript
  readonly #cancelGrace: number
  readonly #arriving = new Set<Message>()
  readonly #queue: Message[] = []
  #assistant: Assistant
  /** Of a conversation that is about to be opened. */
  #coming: Assistant | undefined
  #closed = false
  #current: Message | undefined
  #grace: NodeJS.Timeout | undefined
  /** The running turn was ended by force. */
  #forced = false
  #told: Pick<EventParams<'claude.state'>, 'state' | 'conversationId'>
  #silent = false

  constructor({
    assistant,
    list,
    permissions,
    questions,
    pause,
    emit,
    cancelGrace = CANCEL_GRACE,
  }: ConversationOptions) {
    this.#factory = assistant
    this.#list = list
    this.#assistant = this.#make(list.open?.session ?? null)
    this.#told = { state: 'idle', conversationId: list.open?.conversationId ?? null }
    this.#permissions = permissions
    this.#questions = questions
    this.#pause = pause
    this.#emit = emit
    this.#cancelGrace = cancelGrace
    const conversationId = () => this.#conversationId
    this.#transcript = new Transcript({ emit, conversationId, inTurn: () => this.#current?.stage === 'running' })
    for (const book of this.#books) book.watch(() => this.#tellState())
    // rpc.pause.resume: what waits goes on
    pause.watch(() => this.#next())
  }

  /** What is known of the assistant. */
  get facts(): AssistantFacts {
    return this.#assistant.facts
  }

  /** Starts the assistant before the first prompt needs it. Throws ProtocolError `assistant-unavailable`. */
  async start(): Promise<void> {
    await this.#assistant.start()
  }

  /**
   * Accepts a prompt; `id`, a UUID, becomes its messageId. Starts the assistant where it does not run.
   * Throws ProtocolError: `assistant-unavailable`, `not-found` for a conversation that is not listed,
   * `invalid-params` or `unsupported` for its attachments, `conflict` for one that is not open and for an id that is still in use, `busy` when too many wait.
   */
  async send(params: Params<'claude.sendMessage'>, id: string): Promise<Result<'claude.sendMessage'>> {
    const attachments = attachmentsOf(params)
    if ([...this.#arriving, ...this.#queue, this.#current].some((other) => other?.id === id)) {
      throw new ProtocolError('conflict', 'Cannot take the prompt: one with this id is waiting or running')
    }
    if (this.#arriving.size + this.#queue.length >= QUEUE_MAX) {
      throw new ProtocolError('busy', `Cannot take the prompt: ${QUEUE_MAX} are waiting`)
    }
    const message: Message = { id, text: params.prompt, attachments, stage: 'arriving' }
    this.#arriving.add(message)
    // rpc.conversation.order
    return this.#turns.run(DOOR, () => this.#accept(message, params.conversationId))
  }

  async #accept(message: Message, conversationId: string | undefined): Promise<Result<'claude.sendMessage'>> {
    const { id, text, attachments } = message
    try {
      this.#expectOpen(conversationId)
      await this.start()
    } finally {
      this.#arriving.delete(message)
    }
    // It may be lost.
    this.#expectOpen(conversationId)
    expectTaken(attachments, this.#assistant.facts.takes)
    this.#list.used(text)
    this.#transcript.user(id, text, attachments)
    if (message.stage === 'cancelled') this.#tellMessage(id, 'cancelled')
    if (message.stage !== 'arriving') return { messageId: id, state: 'queued' }
    message.stage = 'waiting'
    this.#queue.push(message)
    if (this.#current || this.#pause.present) {
      this.#tellMessage(id, 'queued')
      return { messageId: id, state: 'queued' }
    }
    this.#next()
    return { messageId: id, state: 'started' }
  }

  #expectOpen(conversationId: string | undefined): void {
    const { open } = this.#list
    if (conversationId === undefined || conversationId === open?.conversationId) return
    // rpc.conversation.unknown
    if (!this.#list.find(conversationId)) {
      throw new ProtocolError('not-found', 'Cannot take the prompt: there is no such conversation')
    }
    // rpc.conversation.closed
    throw new ProtocolError('conflict', 'Cannot take the prompt: another conversation is open', {
      conversationId: open?.conversationId ?? null,
    })
  }

  list(params: Params<'claude.listConversations'>): Result<'claude.listConversations'> {
    return this.#list.page(params)
  }

  /**
   * Opens a conversation of the list, or a new one. Throws ProtocolError: `invalid-params`, `not-found`,
   * `busy` while something runs or waits in the one that is open, `assistant-unavailable`.
   */
  open({ id, new: isNew }: Params<'claude.openConversation'>): Promise<Result<'claude.openConversation'>> {
    return this.#turns.run(DOOR, async () => {
      // rpc.conversation.params
      if ((id === undefined) !== (isNew === true)) {
        throw new ProtocolError('invalid-params', 'Cannot open a conversation: one of "id" and "new" is needed')
      }
      const known = id === undefined ? null : this.#list.find(id)
      // rpc.conversation.unknown
      if (id !== undefined && !known) {
        throw new ProtocolError('not-found', 'Cannot open the conversation: there is none with this id')
      }
      if (known && known.conversationId === this.#list.open?.conversationId)
        return { conversationId: known.conversationId }
      // rpc.conversation.busy
      if (this.#current || this.#queue.length > 0 || this.#isAsked) {
        throw new ProtocolError('busy', 'Cannot open another conversation: something runs or waits in this one')
      }
      const next = await this.#started(known?.session ?? null)
      const session = next.facts.session ?? ''
      if (known) this.#list.take(known.conversationId, session)
      else this.#list.begin(session)
      const before = this.#assistant
      this.#assistant = next
      this.#quietly(() => {
        for (const book of this.#books) book.cancelAll('local')
      })
      this.#tellState()
      await before.close()
      return { conversationId: this.#conversationId }
    })
  }

  /** Another assistant beside the present one, which knows nothing of it (rpc.conversation.unavailable). */
  async #started(session: string | null): Promise<Assistant> {
    const next = this.#make(session)
    this.#coming = next
    try {
      await next.start(true)
      if (this.#closed) throw new ProtocolError('assistant-unavailable', 'The assistant was closed with its agent')
      return next
    } catch (error) {
      await next.close()
      throw error
    } finally {
      this.#coming = undefined
    }
  }

  /** Cancels the running turn, and with `turn-and-queue` what waits behind it, on behalf of the device `by`. */
  cancel(scope: Params<'claude.cancel'>['scope'], by: string): Result<'claude.cancel'> {
    const current = this.#current
    const behind = scope === 'turn' ? [] : this.#queue.splice(0)
    for (const message of behind) this.#tellMessage(message.id, 'cancelled')
    // Without a turn, the first that waits for the assistant's start stands for it.
    const early = scope === 'turn' ? [...this.#arriving].slice(0, current ? 0 : 1) : [...this.#arriving]
    for (const message of early) message.stage = 'cancelled'

    if (current?.stage === 'running') {
      this.#assistant.cancel()
      for (const book of this.#books) book.cancelAll(by)
      this.#grace ??= setTimeout(() => this.#force(), this.#cancelGrace).unref()
    } else if (current) {
      this.#settle('cancelled')
    }
    return { success: current !== undefined || behind.length > 0 || early.length > 0 }
  }

  status(): Result<'claude.getStatus'> {
    const { mode, model } = this.#assistant.facts
    const conversationId = this.#list.open?.conversationId ?? null
    const pending = this.#permissions.pending
    const paused = this.#pause.present
    const questions = this.#questions.pending
    const status = { state: this.#state, conversationId, mode, model, queued: this.#queue.length, pending }
    return { ...status, ...(questions.length > 0 && { questions }), ...(paused && { paused }) }
  }

  /** Ends the assistant and all its processes. What runs or waits has failed. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { id } of this.#queue.splice(0)) this.#tellMessage(id, 'failed', 'the agent has stopped')
    await Promise.all([this.#assistant.close(), this.#coming?.close()])
  }

  /** An assistant that is heard as long as it is the present one. */
  #make(session: string | null): Assistant {
    const heard = this.#events()
    const only = <A extends unknown[]>(tell: (...args: A) => void) => {
      return (...args: A) => {
        if (this.#assistant === made) tell(...args)
      }
    }
    const made: Assistant = this.#factory(
      {
        text: only(heard.text),
        tool: only(heard.tool),
        other: only(heard.other),
        withdrawn: only(heard.withdrawn),
        session: only(heard.session),
        turnEnded: only(heard.turnEnded),
        stopped: only(heard.stopped),
        permission: (ask) => {
          if (this.#assistant === made) heard.permission(ask)
          else made.answer(ask.requestId, null)
        },
        question: (ask) => {
          if (this.#assistant === made) heard.question(ask)
          else made.reply(ask.requestId, null)
        },
      },
      session,
    )
    return made
  }

  #events(): AssistantEvents {
    return {
      text: (kind, text, part) => this.#transcript.text(kind, text, part),
      tool: (call) => this.#transcript.tool(call),
      other: (raw, text) => this.#transcript.other(raw, text),
      permission: (ask) => {
        this.#transcript.endMessage()
        const assistant = this.#assistant
        const decide = (option: string | null) => assistant.answer(ask.requestId, option)
        if (this.#permissions.request(ask, this.#conversationId, decide, this.#roomToAsk)) return
        this.#transcript.note(TOO_LARGE)
        decide(ask.options.find(({ kind }) => kind === 'reject_once')?.id ?? null)
      },
      session: (session, isNew) => {
        const { open } = this.#list
        // rpc.conversation.lost
        if (isNew || !open) this.#list.begin(session)
        else this.#list.take(open.conversationId, session)
        this.#tellState()
      },
      question: (ask) => {
        this.#transcript.endMessage()
        const assistant = this.#assistant
        const decide = (reply: Reply) => assistant.reply(ask.requestId, reply)
        if (this.#questions.request(ask, this.#conversationId, decide, this.#roomToAsk)) return
        this.#transcript.note(TOO_LARGE)
        decide('declined')
      },
      withdrawn: (requestId) => {
        for (const book of this.#books) book.withdraw(requestId)
      },
      turnEnded: (messageId, end, reason) => {
        if (this.#current?.id !== messageId) return
        // What the assistant did not wait for.
        this.#quietly(() => {
          for (const book of this.#books) book.cancelAll('local')
        })
        this.#settle(end, reason)
      },
      stopped: (reason) => this.#stopped(reason),
    }
  }

  #stopped(reason: string): void {
    this.#quietly(() => {
      for (const book of this.#books) book.orphanAll()
      if (this.#current?.stage === 'running') this.#settle(this.#forced ? 'cancelled' : 'failed', reason)
      else this.#transcript.endTurn()
    })
    this.#tellState(reason)
  }

  #force(): void {
    this.#forced = true
    this.#assistant.kill()
  }

  /** Ends the present turn and begins the next. */
  #settle(end: TurnEnd, reason?: string): void {
    const message = this.#current
    if (!message) return
    clearTimeout(this.#grace)
    this.#grace = undefined
    this.#forced = false
    this.#transcript.endTurn()
    this.#current = undefined
    this.#tellMessage(message.id, end, reason)
    this.#next()
  }

  #next(): void {
    // rpc.pause.queue
    if (!this.#current && !this.#pause.present) {
      this.#current = this.#queue.shift()
      if (this.#current) void this.#run(this.#current)
    }
    this.#tellState()
  }

  async #run(message: Message): Promise<void> {
    try {
      // It may have died since the prompt was accepted.
      await this.start()
    } catch (error) {
      const reason = error instanceof ProtocolError ? error.message : 'The assistant could not be started'
      if (this.#current !== message) return
      const behind = this.#queue.splice(0)
      this.#quietly(() => this.#settle('failed', reason))
      for (const { id } of behind) this.#tellMessage(id, 'failed', reason)
      this.#tellState()
      return
    }
    if (this.#current !== message) return
    message.stage = 'running'
    this.#tellMessage(message.id, 'started')
    this.#assistant.prompt(message.id, message.text, message.attachments)
  }

  /** Bytes that may be asked now (rpc.permission.large). */
  get #roomToAsk(): number {
    return limits.askedBytes - this.#permissions.size - this.#questions.size
  }

  get #isAsked(): boolean {
    return this.#books.some(({ pending }) => pending.length > 0)
  }

  get #books(): readonly (PermissionBook | QuestionBook)[] {
    return [this.#permissions, this.#questions]
  }

  get #conversationId(): string {
    return this.#list.open?.conversationId ?? ''
  }

  get #state(): State {
    if (this.#isAsked) return 'needs-answer'
    return this.#current ? 'running' : 'idle'
  }

  #tellMessage(messageId: string, state: MessageState, reason?: string): void {
    this.#emit('claude.messageState', { messageId, state, ...(reason !== undefined && { reason }) })
  }

  #tellState(reason?: string): void {
    if (this.#silent) return
    const state = this.#state
    const conversationId = this.#list.open?.conversationId ?? null
    if (state === this.#told.state && conversationId === this.#told.conversationId && reason === undefined) return
    // rpc.conversation.told
    this.#told = { state, conversationId }
    this.#emit('claude.state', { state, conversationId, ...(reason !== undefined && { reason }) })
  }

  /** Without the states in between. */
  #quietly(change: () => void): void {
    this.#silent = true
    change()
    this.#silent = false
  }
}
