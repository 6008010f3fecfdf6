// What happened at the computer, in order, as a person sees it: made of entries of the journal and of pieces that come
// before their entry. Each thing has a signal of its own, so that a piece of a message touches that message alone.

import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { PermissionRequest, PermissionResolution } from '@happy-remote/schemas/rpc/permission.ts'
import type { QuestionRequest, QuestionResolution } from '@happy-remote/schemas/rpc/question.ts'
import { type EventName, type EventParams, events } from '@happy-remote/schemas/rpc/registry.ts'
import { batch, type Signal, signal } from '@preact/signals'
import { Check } from 'typebox/value'
import type { Missed } from '../../controller/journal.ts'

type Message = EventParams<'claude.message'>
export type PromptState = EventParams<'claude.messageState'>['state']

export type Item =
  | {
      readonly kind: 'prompt'
      readonly text: string
      readonly files: readonly string[]
      readonly state?: PromptState
      readonly reason?: string
    }
  | {
      readonly kind: 'words'
      readonly role: 'assistant' | 'thought' | 'other'
      readonly text: string
      readonly isWhole: boolean
    }
  | {
      readonly kind: 'tool'
      readonly title: string
      readonly status: string
      readonly input: unknown
      readonly output: string
    }
  | { readonly kind: 'permission'; readonly request: PermissionRequest; readonly resolution?: PermissionResolution }
  | { readonly kind: 'question'; readonly request: QuestionRequest; readonly resolution?: QuestionResolution }
  /** Something happened beside the conversation. */
  | { readonly kind: 'event'; readonly name: string; readonly body: unknown }
  | { readonly kind: 'missed'; readonly missed: Missed }

export interface Entry {
  readonly key: string
  /** Milliseconds since 1970, by the clock of the computer; of a message, when it was whole. */
  readonly at: number | undefined
  readonly conversationId: string | undefined
  readonly item: Signal<Item>
}

/** Events that the other items are made of, or that show elsewhere. */
const ELSEWHERE: readonly string[] = ['claude.delta', 'journal.withheld', 'terminal.opened', 'terminal.resized']

export class Conversation {
  readonly entries = signal<readonly Entry[]>([])
  /** Of the oldest entry that is here; undefined before the first page. */
  readonly oldest = signal<number | undefined>(undefined)
  readonly #known = new Map<string, Entry>()
  /** What was told of a prompt before the prompt itself came. */
  readonly #early = new Map<string, Pick<EventParams<'claude.messageState'>, 'state' | 'reason'>>()
  #epoch: string | undefined

  get epoch(): string | undefined {
    return this.#epoch
  }

  has(key: string): boolean {
    return this.#known.has(key)
  }

  /** Takes an entry of the journal, the newest so far. */
  take(entry: JournalEntry): void {
    batch(() => {
      if (this.#epoch !== entry.epoch) {
        this.#epoch = entry.epoch
        this.oldest.value = undefined
      }
      this.oldest.value = Math.min(this.oldest.value ?? entry.seq, entry.seq)
      if ('at' in entry) this.#tell(entry.kind, entry.body, entry.at, `${entry.epoch} ${entry.seq}`)
    })
  }

  /** Takes a page from before all that is here. What is newer than an entry of it counts. */
  takeEarlier(page: readonly JournalEntry[]): void {
    const earlier = new Conversation()
    for (const entry of page) earlier.take(entry)
    const added = earlier.entries.value.filter(({ key }) => !this.#known.has(key))
    batch(() => {
      for (const entry of added) this.#known.set(entry.key, entry)
      for (const [key, told] of earlier.#early) this.#state(key, told)
      this.entries.value = [...added, ...this.entries.value]
      this.oldest.value = Math.min(this.oldest.value ?? Number.POSITIVE_INFINITY, page[0]?.seq ?? 1)
    })
  }

  /** A piece of a message that is to come whole. */
  delta({ messageId, kind, text, conversationId }: EventParams<'claude.delta'>): void {
    const known = this.#known.get(messageId)?.item
    const role = kind === 'text' ? 'assistant' : 'thought'
    if (!known) this.#put(messageId, { kind: 'words', role, text, isWhole: false }, { conversationId })
    else if (known.value.kind === 'words' && !known.value.isWhole) {
      known.value = { ...known.value, text: known.value.text + text }
    }
  }

  missed(missed: Missed): void {
    this.#put(`missed ${this.entries.value.length} ${missed.why}`, { kind: 'missed', missed }, {})
  }

  asked(request: PermissionRequest): void {
    if (this.#known.has(request.requestId)) return
    const { conversationId } = request
    this.#put(request.requestId, { kind: 'permission', request }, { conversationId })
  }

  wanted(request: QuestionRequest): void {
    if (this.#known.has(request.requestId)) return
    const { conversationId } = request
    this.#put(request.requestId, { kind: 'question', request }, { conversationId })
  }

  #tell(kind: string, body: unknown, at: number, key: string): void {
    const known = Object.hasOwn(events, kind) ? events[kind as EventName] : undefined
    if (ELSEWHERE.includes(kind) || (known && !Check(known.params, body))) return
    switch (kind) {
      case 'claude.message':
        this.#message(body as Message, at)
        break
      case 'claude.messageState': {
        const { messageId, ...told } = body as EventParams<'claude.messageState'>
        this.#state(messageId, told)
        break
      }
      case 'permission.requested':
        this.asked(body as PermissionRequest)
        break
      case 'question.requested':
        this.wanted(body as QuestionRequest)
        break
      case 'permission.resolved':
        this.#permissionResolved(body as PermissionResolution)
        break
      case 'question.resolved':
        this.#questionResolved(body as QuestionResolution)
        break
      case 'claude.state':
        if ((body as EventParams<'claude.state'>).reason !== undefined) this.#event(kind, body, at, key)
        break
      // An event that is not known here is kept and shown as such.
      default:
        this.#event(kind, body, at, key)
    }
  }

  #event(name: string, body: unknown, at: number, key: string): void {
    this.#put(key, { kind: 'event', name, body }, { at })
  }

  #message({ messageId, role, text, tool, attachments, conversationId }: Message, at: number): void {
    const place = { at, conversationId }
    if (role === 'user') {
      const files = attachments?.map(({ name }) => name ?? '') ?? []
      this.#put(messageId, { kind: 'prompt', text, files, ...this.#early.get(messageId) }, place)
      this.#early.delete(messageId)
    } else if (role === 'tool') {
      const { title = '', status = '', input } = tool ?? {}
      this.#put(messageId, { kind: 'tool', title, status, input, output: text }, place)
    } else this.#put(messageId, { kind: 'words', role, text, isWhole: true }, place)
  }

  #state(messageId: string, told: Pick<EventParams<'claude.messageState'>, 'state' | 'reason'>): void {
    const item = this.#known.get(messageId)?.item
    if (item?.value.kind === 'prompt') item.value = { ...item.value, ...told }
    else this.#early.set(messageId, told)
  }

  #permissionResolved(resolution: PermissionResolution): void {
    const item = this.#known.get(resolution.requestId)?.item
    if (item?.value.kind === 'permission') item.value = { ...item.value, resolution }
  }

  #questionResolved(resolution: QuestionResolution): void {
    const item = this.#known.get(resolution.requestId)?.item
    if (item?.value.kind === 'question') item.value = { ...item.value, resolution }
  }

  /** At the end, or in the place of what has the same key. */
  #put(key: string, item: Item, place: { at?: number; conversationId?: string }): void {
    const known = this.#known.get(key)
    if (known) {
      known.item.value = item
      return
    }
    const entry = { key, at: place.at, conversationId: place.conversationId, item: signal(item) }
    this.#known.set(key, entry)
    this.entries.value = [...this.entries.value, entry]
  }
}
