// One computer: its live connection, and all that is shown of it, as signals.

import type { Capability } from '@happy-remote/schemas/constants.ts'
import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { AnswerValue, QuestionAnswer, QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import type { EventParams, MethodName, Params, Result } from '@happy-remote/schemas/rpc/registry.ts'
import { batch, computed, effect, signal } from '@preact/signals'
import { CallFailure } from '../../controller/failure.ts'
import { permissionAnswer } from '../../controller/permission.ts'
import { type QueuedCommand, waits } from '../../controller/queued-command.ts'
import { utf8 } from '../../crypto/bytes.ts'
import type { RelayState } from '../../link/pairing-connection.ts'
import type { AgentController, AgentEvent } from './agent-controller.ts'
import { now } from './clock.ts'
import { Conversation, partOf } from './conversation.ts'
import { Conversations, type Wanted } from './conversations.ts'
import type { Drafts } from './drafts.ts'
import { Files } from './files.ts'
import { Git } from './git.ts'
import { Keeping } from './keeping.ts'
import { type Known, Remembered } from './remembered.ts'
import { Terminals } from './terminals.ts'

export type Status = Result<'claude.getStatus'>
export type Info = Result<'agent.info'>
export type Device = Result<'device.list'>['devices'][number]

/** What the assistant waits for. */
export type Waiting =
  | { readonly kind: 'permission'; readonly request: PermissionRequest }
  | { readonly kind: 'question'; readonly request: QuestionRequest }

/** What was there when the page was opened, and where what is there now outlives it. */
export interface Memory {
  readonly known: Known
  readonly drafts: Drafts
  readonly alias: string
  /** Undefined: nothing is kept. Resolves when it is on disk. */
  keep(what: 'shown' | 'draft' | 'alias', content: Uint8Array | undefined): Promise<void>
}

const PROMPT = 'claude.sendMessage'

/** Things of the open conversation that one reading further back is to bring, and pages of the journal that it may take. */
const ENOUGH = 50
const PAGES = 10

export class Agent {
  readonly controller: AgentController
  readonly conversation = new Conversation()
  readonly conversations: Conversations
  readonly files: Files
  readonly git: Git
  readonly terminals: Terminals
  readonly drafts: Drafts
  readonly remembered: Remembered
  /** For another time, what another tab has of the next prompt. */
  readonly keepPrompt: (prompt: string) => Promise<void>
  readonly #keeping: readonly [shown: Keeping, drafts: Keeping]
  /** What it calls itself, and what the person calls it instead. */
  readonly name = signal('')
  readonly alias = signal('')
  readonly relay = signal<RelayState | undefined>(undefined)
  readonly status = signal<Status | undefined>(undefined)
  readonly info = signal<Info | undefined>(undefined)
  readonly devices = signal<readonly Device[]>([])
  readonly capabilities = signal<readonly Capability[]>([])
  readonly waiting = signal<readonly Waiting[]>([])
  readonly queue = signal<readonly QueuedCommand[]>([])
  /** What was filled in or noted for what waits, by its id: the person may look at a file before they answer. */
  readonly filledIn = new Map<string, Readonly<Record<string, AnswerValue | undefined>>>()
  readonly notes = new Map<string, string>()
  /** The pairing is over. */
  readonly isOver = signal(false)
  /** For a log: what was refused last. */
  readonly trouble = signal<string | undefined>(undefined)
  readonly #keep: Memory['keep']
  readonly #changed = signal(0)
  /** Number of entries that have come. */
  readonly #newest = signal(0)
  /** Prompts that were accepted in this life of the page, so that they are shown until they come back as an entry. */
  readonly #accepted = new Set<string>()
  readonly #hidden = signal<ReadonlySet<string>>(new Set())

  constructor(controller: AgentController, { known, drafts, alias, keep }: Memory) {
    this.controller = controller
    this.conversations = new Conversations(controller)
    this.remembered = new Remembered(known)
    this.drafts = drafts
    this.alias.value = alias
    this.#keep = keep
    this.files = new Files(controller, drafts.files)
    this.git = new Git(controller)
    this.terminals = new Terminals(controller)
    this.name.value = known.info?.name ?? controller.record.peerName
    this.info.value = known.info
    this.capabilities.value = controller.capabilities
    this.conversation.remember(known.entries)
    const isOnline = computed(() => this.presence.value.online)
    const { remembered, files } = this
    this.keepPrompt = (prompt) => keep('draft', drafts.contentWith(files.drafts.peek(), prompt))
    this.#keeping = [
      new Keeping({
        changed: computed(() => [this.#newest.value, this.info.value, isOnline.value]),
        content: () => {
          remembered.heardAt = this.presence.peek().heardAt ?? undefined
          return remembered.content
        },
        write: (content) => keep('shown', content),
      }),
      new Keeping({
        changed: computed(() => [drafts.prompt.value, files.drafts.value]),
        content: () => drafts.contentWith(files.drafts.peek()),
        write: (content) => keep('draft', content),
      }),
    ]
    controller.listen((event) => batch(() => this.#take(event)))
    controller.queue.listen((command) => {
      if (command.state === 'completed') this.#accepted.add(command.id)
      void this.#readQueue()
    })
    void this.#readQueue()
  }

  get id(): string {
    return this.controller.agentId
  }

  /** As heard end to end: whether it is there, and when it was heard last (rpc.show.heard, rpc.show.online). */
  readonly presence = computed(() => {
    void this.#changed.value
    const { silentFor, online, record } = this.controller
    const before = record.lastHeardAt ?? this.remembered.heardAt ?? null
    const heardAt = Number.isFinite(silentFor) ? now.value - silentFor : before
    return { online, heardAt }
  })

  /** The same, without the time. */
  readonly isOnline = computed(() => this.presence.value.online)

  /** Not a word of it has come since this page was opened. */
  readonly isUnheard = computed(() => {
    void this.#changed.value
    return !Number.isFinite(this.controller.silentFor)
  })

  /** Of the prompts that were given here, those that have not come back from the computer. */
  readonly outbox = computed(() => {
    void this.conversation.entries.value
    return this.queue.value.filter(({ id, method, state, result }) => {
      if (method !== PROMPT || state === 'cancelled' || this.#hidden.value.has(id)) return false
      // The computer names the message as it likes.
      const { messageId = id } = (result ?? {}) as Partial<Result<'claude.sendMessage'>>
      if (this.conversation.has(id) || this.conversation.has(messageId)) return false
      return state !== 'completed' || this.#accepted.has(id)
    })
  })

  /** The conversation that is open; undefined where there is none, or none is known yet. */
  readonly openId = computed(() => {
    const { value: status } = this.status
    return (status ? status.conversationId : this.conversation.latest.value) ?? undefined
  })

  /** What belongs to the open conversation. */
  readonly shown = computed(() => {
    const { value: open } = this.openId
    const { value: entries } = this.conversation.entries
    return open === undefined ? entries : partOf(entries, open)
  })

  /** Whether there may be more of the open conversation than was read. */
  readonly hasEarlier = computed(() => {
    const { oldest, reachesTo } = this.conversation
    if (oldest.value === undefined || oldest.value <= 1) return false
    const begun = this.conversations.list.value?.find(({ conversationId }) => conversationId === this.openId.value)
    return begun === undefined || reachesTo.value === undefined || reachesTo.value >= begun.createdAt
  })

  /** Something runs or waits in the open conversation: opening another one would stop it (rpc.conversation.busy). */
  readonly isOccupied = computed(() => {
    const { state = 'idle', queued = 0 } = this.status.value ?? {}
    return state !== 'idle' || queued > 0 || this.waiting.value.length > 0
  })

  readonly waitingInQueue = computed(() => this.queue.value.filter(waits).length)

  may(capability: Capability): boolean {
    return this.capabilities.value.includes(capability)
  }

  /** Calls the computer something else, on this device alone; what it calls itself where `alias` is empty. */
  async rename(alias: string): Promise<void> {
    await this.#keep('alias', alias === '' ? undefined : utf8(alias))
    this.alias.value = alias
  }

  /** Gives a prompt, which goes out when the computer is there. Throws ProtocolError. */
  async prompt(text: string): Promise<void> {
    // rpc.conversation.closed: it is for the one that the person sees, and goes to no other
    const conversationId = this.openId.value
    await this.controller.enqueue(PROMPT, { prompt: text, ...(conversationId !== undefined && { conversationId }) })
  }

  /** Gives what is written, whose place is empty at once for what follows. Throws ProtocolError; the text is back then. */
  async giveDraft(): Promise<void> {
    const { prompt } = this.drafts
    const text = prompt.value
    prompt.value = ''
    try {
      await this.prompt(text)
    } catch (error) {
      this.drafts.putBack(text)
      throw error
    }
    // It is in the queue: what is kept of the draft must not offer it once more.
    const [, drafts] = this.#keeping
    void drafts.save()
  }

  /** What another tab was given and may have queued. Throws as `giveDraft`. */
  async takeOver(method: string, params: object, id: string): Promise<QueuedCommand> {
    try {
      return await this.controller.enqueue(method as MethodName, params as Params<MethodName>, id)
    } catch (error) {
      this.drafts.putBack(promptOf({ params }))
      throw error
    }
  }

  /** The four below throw ProtocolError where the prompt waits no more. */
  async edit(id: string, text: string): Promise<void> {
    const { params } = this.queue.value.find((command) => command.id === id) ?? {}
    await this.controller.queue.edit(id, { ...params, prompt: text })
  }

  async move(id: string, place: number): Promise<void> {
    await this.controller.queue.move(id, place)
    await this.#readQueue()
  }

  async takeBack(id: string): Promise<void> {
    await this.controller.queue.cancel(id)
  }

  /** What has ended once more, under another id and in the conversation that is open now. */
  async giveAgain(id: string): Promise<void> {
    const command = this.queue.value.find((one) => one.id === id)
    if (command) await this.prompt(promptOf(command))
    this.hide(id)
  }

  hide(id: string): void {
    this.#hidden.value = new Set([...this.#hidden.value, id])
  }

  /** Throws CallFailure. */
  async stop(scope: 'turn' | 'turn-and-queue'): Promise<void> {
    await this.controller.call('claude.cancel', { scope })
  }

  /** Ends a pause. Throws CallFailure. */
  async resume(): Promise<void> {
    const { paused } = this.status.value ?? {}
    if (paused) await this.controller.call('session.resume', { pauseId: paused.pauseId })
  }

  /** `shownText` is what stood on the screen. Throws CallFailure; `conflict` where somebody else was faster. */
  async answer(request: PermissionRequest, shownText: string, option: string, note?: string): Promise<void> {
    const params = permissionAnswer(request, shownText, option, note)
    await this.controller.call('permission.answer', params)
    this.#settled(request.requestId)
  }

  /** null declines. Throws CallFailure; `invalid-params` with the field in `data`. */
  async answerQuestion({ requestId }: QuestionRequest, answers: QuestionAnswer[] | null): Promise<void> {
    await this.controller.call('question.answer', { requestId, answers })
    this.#settled(requestId)
  }

  /**
   * Another conversation. `isStopping`: first stops what runs or waits in this one, for the computer opens no other
   * before. Throws CallFailure.
   */
  async openConversation(wanted: Wanted, isStopping: boolean): Promise<void> {
    if (isStopping) {
      await this.stop('turn-and-queue')
      await this.#idle()
    }
    await this.conversations.take(wanted)
  }

  /** Reads further back until some of the open conversation has come. Throws CallFailure. */
  async readEarlier(): Promise<void> {
    const most = this.shown.value.length + ENOUGH
    for (let i = 0; i < PAGES && this.hasEarlier.value && this.shown.value.length < most; i++) await this.#readPage()
  }

  /** The page of the journal before the oldest entry. */
  async #readPage(): Promise<void> {
    const { epoch, oldest } = this.conversation
    if (epoch === undefined || oldest.value === undefined) return
    const page = await this.controller.call('journal.subscribe', { epoch, beforeSeq: oldest.value })
    if (page.epoch === epoch) this.conversation.takeEarlier(page.entries, page.gap)
  }

  async readInfo(): Promise<void> {
    if (this.controller.away || !this.may('observe')) return
    const [info, list] = await Promise.all([
      this.controller.call('agent.info', {}).catch(unanswered),
      this.controller.call('device.list', {}).catch(unanswered),
    ])
    batch(() => {
      if (info) {
        this.info.value = info
        this.remembered.info = info
        this.name.value = info.name
        this.capabilities.value = info.capabilities
      }
      if (list) this.devices.value = list.devices
    })
  }

  /** An agent that has no such method has one conversation. */
  async readConversations(): Promise<void> {
    if (!this.controller.away && this.may('observe')) await this.conversations.read().catch(unanswered)
  }

  /** What is not on disk yet goes there: the page may be closed. */
  async save(): Promise<void> {
    const [shown, drafts] = this.#keeping
    // When it was heard last is a change that nothing else tells of.
    await Promise.all([shown.save(true), drafts.save()])
  }

  /** Lets go of it; what was kept stays. */
  async close(): Promise<void> {
    this.controller.close()
    await Promise.all(this.#keeping.map((kept) => kept.end()))
  }

  /** Connects at once: the page is looked at again, or the network is another one. */
  wake(): void {
    this.controller.connection.reconnect()
  }

  async #readQueue(): Promise<void> {
    this.queue.value = await this.controller.queue.list()
  }

  #take(event: AgentEvent): void {
    this.terminals.take(event)
    switch (event.type) {
      case 'entry':
        this.conversation.take(event.entry)
        this.remembered.take(event.entry)
        this.#newest.value++
        break
      case 'missed':
        this.conversation.missed(event.missed)
        break
      case 'event':
        this.#event(event.method, event.params)
        break
      case 'status':
        this.#present(event.status)
        void this.readInfo()
        void this.readConversations()
        break
      case 'relay':
        this.relay.value = event.state
        break
      case 'paired':
        this.name.value = event.record.peerName
        this.capabilities.value = event.record.capabilities
        void this.#readQueue()
        break
      case 'introduced':
        this.name.value = event.peerName
        this.capabilities.value = event.capabilities
        break
      case 'revoked':
        this.isOver.value = true
        break
      case 'trouble':
        this.trouble.value = event.code
    }
    if (event.type !== 'output') this.#changed.value++
  }

  /** `params` were checked by the controller. What is journaled comes as its entry, too. */
  #event(method: string, params: unknown): void {
    if (method === 'claude.delta') this.conversation.delta(params as EventParams<'claude.delta'>)
    if (method === 'claude.state' && this.status.value) {
      const { state, conversationId } = params as EventParams<'claude.state'>
      const isAnother = conversationId !== this.status.value.conversationId
      this.status.value = { ...this.status.value, state, conversationId }
      // Its title comes with its first prompt.
      if (isAnother || this.conversations.open.value?.title === '') void this.readConversations()
    }
    if (method === 'permission.requested') this.#ask({ kind: 'permission', request: params as PermissionRequest })
    if (method === 'question.requested') this.#ask({ kind: 'question', request: params as QuestionRequest })
    if (method === 'permission.resolved' || method === 'question.resolved') {
      this.#settled((params as { requestId: string }).requestId)
    }
    if (method.startsWith('device.')) void this.readInfo()
    if (method === 'session.paused' && this.status.value) {
      this.status.value = { ...this.status.value, paused: params as EventParams<'session.paused'> }
    }
    if (method === 'session.resumed' && this.status.value) {
      const { paused: _, ...rest } = this.status.value
      this.status.value = rest
    }
    if (method === 'claude.messageState') this.#count()
  }

  /** Resolves when nothing runs or waits at the computer. */
  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const end = effect(() => {
        const { state, queued } = this.status.value ?? {}
        if (state !== 'idle' || queued !== 0) return
        resolve()
        queueMicrotask(() => end())
      })
    })
  }

  /** How many wait at the computer is told by its status alone. */
  #count(): void {
    if (!this.may('observe')) return
    void this.controller
      .call('claude.getStatus', {})
      .then((status) => {
        this.status.value = status
      })
      .catch(unanswered)
  }

  /** What was answered while nobody listened waits no more. */
  #present(status: Status): void {
    this.status.value = status
    this.waiting.value = []
    for (const request of status.pending) this.#ask({ kind: 'permission', request })
    for (const request of status.questions ?? []) this.#ask({ kind: 'question', request })
  }

  #ask(asked: Waiting): void {
    const { requestId } = asked.request
    if (this.waiting.value.some(({ request }) => request.requestId === requestId)) return
    this.waiting.value = [...this.waiting.value, asked]
  }

  #settled(requestId: string): void {
    this.filledIn.delete(requestId)
    this.notes.delete(requestId)
    this.waiting.value = this.waiting.value.filter(({ request }) => request.requestId !== requestId)
  }
}

export const promptOf = ({ params }: Pick<QueuedCommand, 'params'>): string =>
  String((params as { prompt?: unknown }).prompt ?? '')

/** The next occasion asks again. */
function unanswered(error: unknown): undefined {
  if (!(error instanceof CallFailure)) throw error
  return undefined
}
