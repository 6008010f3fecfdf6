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
      /** Its first part has not come, and comes with the whole. */
      readonly lacksBeginning?: true
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
  /** What happens beside a conversation belongs to the one in which it happened. */
  readonly conversationId: string | undefined
  readonly item: Signal<Item>
}

/** Events that the other items are made of, or that show elsewhere. */
const ELSEWHERE: readonly string[] = ['claude.delta', 'journal.withheld', 'terminal.opened', 'terminal.resized']

/** What has come of a message that is not whole, and its length where pieces are missing in the middle. */
export type Piece = EventParams<'claude.delta'> & { readonly reached?: number }

/** Stands where pieces are missing. */
const GAP = '\n\n…\n\n'

export class Conversation {
  readonly entries = signal<readonly Entry[]>([])
  /** Of the oldest entry that is here; undefined before the first page. */
  readonly oldest = signal<number | undefined>(undefined)
  /** When the oldest entry that is here happened, by the clock of the computer. */
  readonly reachesTo = signal<number | undefined>(undefined)
  /** The conversation of the newest entry that belongs to one. */
  readonly latest = signal<string | undefined>(undefined)
  readonly #known = new Map<string, Entry>()
  /** What was told of a prompt before the prompt itself came, which may be in an earlier page. */
  readonly #early = new Map<string, Pick<EventParams<'claude.messageState'>, 'state' | 'reason'>>()
  /** Of each message that is not whole, how far the pieces have come. */
  readonly #reached = new Map<string, number>()
  /** The same of what was asked. */
  readonly #outcomes = new Map<string, PermissionResolution | QuestionResolution>()
  #epoch: string | undefined
  /** The newest entry of what was remembered, until the computer has told anything. */
  #remembered: JournalEntry | undefined

  get epoch(): string | undefined {
    return this.#epoch
  }

  has(key: string): boolean {
    return this.#known.has(key)
  }

  /** Takes entries that were known before the computer is heard. */
  remember(entries: readonly JournalEntry[]): void {
    for (const entry of entries) this.take(entry)
    this.#remembered = entries.at(-1)
  }

  /** Takes an entry of the journal, the newest so far. */
  take(entry: JournalEntry): void {
    batch(() => {
      const { epoch, seq = 0 } = this.#remembered ?? {}
      // More has happened than the computer tells at once: that is read when the person asks for what was before.
      if (this.#remembered && (entry.epoch !== epoch || entry.seq > seq + 1)) this.#forget()
      this.#remembered = undefined
      if (this.#epoch !== entry.epoch) {
        this.#epoch = entry.epoch
        this.oldest.value = undefined
        this.reachesTo.value = undefined
        this.latest.value = undefined
      }
      this.oldest.value = Math.min(this.oldest.value ?? entry.seq, entry.seq)
      if (!('at' in entry)) return
      this.reachesTo.value ??= entry.at
      this.latest.value = conversationOf(entry.body) ?? this.latest.value
      this.#tell(entry.kind, entry.body, entry.at, `${entry.epoch} ${entry.seq}`)
    })
  }

  /** Takes a page from before all that is here; `gap` is what the computer keeps no longer. What is newer than an entry of it counts. */
  takeEarlier(page: readonly JournalEntry[], gap?: { readonly from: number; readonly to: number }): void {
    const earlier = new Conversation()
    if (gap && gap.to > gap.from) earlier.missed({ why: 'pruned', ...gap })
    for (const entry of page) earlier.take(entry)
    const added = earlier.entries.value.filter(({ key }) => !this.#known.has(key))
    batch(() => {
      for (const entry of added) this.#known.set(entry.key, entry)
      for (const [key, told] of earlier.#early) if (!this.#early.has(key)) this.#early.set(key, told)
      for (const [key, told] of earlier.#outcomes) if (!this.#outcomes.has(key)) this.#outcomes.set(key, told)
      for (const { key, item } of added) this.#complete(key, item)
      this.entries.value = [...added, ...this.entries.value]
      this.oldest.value = Math.min(this.oldest.value ?? Number.POSITIVE_INFINITY, gap ? 1 : (page[0]?.seq ?? 1))
      this.reachesTo.value = earlier.reachesTo.value ?? this.reachesTo.value
    })
  }

  /** A piece of a message that is to come whole. */
  delta({ messageId, kind, text, conversationId, offset, reached }: Piece): void {
    const known = this.#known.get(messageId)?.item
    const role = kind === 'text' ? 'assistant' : 'thought'
    const before = this.#reached.get(messageId) ?? 0
    if (!known) {
      const part = { kind: 'words', role, text, isWhole: false } as const
      this.#put(messageId, offset ? { ...part, lacksBeginning: true } : part, { conversationId })
    } else if (known.value.kind === 'words' && !known.value.isWhole) {
      const gap = offset !== undefined && offset > before ? GAP : ''
      known.value = { ...known.value, text: known.value.text + gap + text }
    } else return
    this.#reached.set(messageId, reached ?? (offset ?? before) + text.length)
  }

  /** Of all messages that are not whole. */
  get pieces(): readonly Piece[] {
    return this.entries.peek().flatMap(({ key, conversationId = '', item }) => {
      const { kind: what, ...words } = item.peek() as Extract<Item, { kind: 'words' }>
      if (what !== 'words' || words.isWhole || words.role === 'other') return []
      const kind = words.role === 'assistant' ? 'text' : 'thought'
      const place = { offset: words.lacksBeginning ? 1 : 0, reached: this.#reached.get(key) ?? words.text.length }
      return [{ conversationId, messageId: key, kind, text: words.text, ...place }]
    })
  }

  missed(missed: Missed): void {
    this.#put(`missed ${this.entries.value.length} ${JSON.stringify(missed)}`, { kind: 'missed', missed }, {})
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

  #forget(): void {
    this.#known.clear()
    this.#early.clear()
    this.entries.value = []
    this.oldest.value = undefined
    this.reachesTo.value = undefined
    this.latest.value = undefined
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
      case 'question.resolved':
        this.#resolved(body as PermissionResolution | QuestionResolution)
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
    this.#put(key, { kind: 'event', name, body }, { at, conversationId: conversationOf(body) ?? this.latest.value })
  }

  #message({ messageId, role, text, tool, attachments, conversationId }: Message, at: number): void {
    const place = { at, conversationId }
    if (role === 'user') {
      const files = attachments?.map(({ name }) => name ?? '') ?? []
      this.#put(messageId, { kind: 'prompt', text, files }, place)
    } else if (role === 'tool') {
      const { title = '', status = '', input } = tool ?? {}
      this.#put(messageId, { kind: 'tool', title, status, input, output: text }, place)
    } else {
      this.#reached.delete(messageId)
      this.#put(messageId, { kind: 'words', role, text, isWhole: true }, place)
    }
  }

  /** Gives an item what was told of it before it came. */
  #complete(key: string, item: Signal<Item>): void {
    const { value } = item
    const told = this.#early.get(key)
    const outcome = this.#outcomes.get(key)
    if (value.kind === 'prompt' && told) {
      item.value = { ...value, ...told }
      this.#early.delete(key)
    }
    if (value.kind === 'permission' && outcome) item.value = { ...value, resolution: outcome as PermissionResolution }
    if (value.kind === 'question' && outcome) item.value = { ...value, resolution: outcome as QuestionResolution }
  }

  #state(messageId: string, told: Pick<EventParams<'claude.messageState'>, 'state' | 'reason'>): void {
    this.#early.set(messageId, told)
    const item = this.#known.get(messageId)?.item
    if (item) this.#complete(messageId, item)
  }

  #resolved(resolution: PermissionResolution | QuestionResolution): void {
    const { requestId } = resolution
    this.#outcomes.set(requestId, resolution)
    const item = this.#known.get(requestId)?.item
    if (item) this.#complete(requestId, item)
  }

  /** At the end, or in the place of what has the same key. */
  #put(key: string, item: Item, place: { at?: number; conversationId?: string | undefined }): void {
    const known = this.#known.get(key)
    if (known) {
      known.item.value = item
      return
    }
    const entry = { key, at: place.at, conversationId: place.conversationId, item: signal(item) }
    this.#known.set(key, entry)
    this.#complete(key, entry.item)
    this.entries.value = [...this.entries.value, entry]
  }
}

/** What belongs to a conversation. What happened before any was known belongs to the one that came next, a gap to all. */
export function partOf(entries: readonly Entry[], id: string): readonly Entry[] {
  let next: string | undefined
  const part: Entry[] = []
  for (const entry of entries.toReversed()) {
    const isGap = entry.item.peek().kind === 'missed'
    const place = isGap ? id : (entry.conversationId ?? next ?? id)
    if (place === id) part.push(entry)
    next = entry.conversationId ?? next
  }
  return part.reverse()
}

function conversationOf(body: unknown): string | undefined {
  const { conversationId } = (body ?? {}) as { conversationId?: unknown }
  return typeof conversationId === 'string' ? conversationId : undefined
}
