// Pieces of what an assistant says, put together to whole messages (rpc.claude.message).

import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import type { ToolCall } from './assistants/assistant.ts'
import { type Attachment, toldOf } from './attachments.ts'

export interface TranscriptEvents {
  delta(event: EventParams<'claude.delta'>): void
  message(event: EventParams<'claude.message'>): void
}

/** Characters of one message: as JSON text it stays a body that every receiver accepts. A longer one goes on in another. */
const MESSAGE_MAX = 131_072
/** Characters of one delta, which then never needs a body. */
const DELTA_MAX = 8_192

interface Growing {
  readonly kind: 'text' | 'thought'
  readonly messageId: string
  readonly texts: string[]
  length: number
}

export class Transcript {
  readonly #events: TranscriptEvents
  readonly #conversation: () => string
  readonly #calls = new Map<string, { messageId: string; status: string }>()
  #growing: Growing | undefined

  constructor(conversation: () => string, events: TranscriptEvents) {
    this.#conversation = conversation
    this.#events = events
  }

  prompt(messageId: string, text: string, attachments: readonly Attachment[]): void {
    this.#message({ messageId, role: 'user', text, ...toldOf(attachments) })
  }

  piece(kind: 'text' | 'thought', text: string): void {
    for (let at = 0; at < text.length; at += DELTA_MAX) this.#add(kind, text.slice(at, at + DELTA_MAX))
  }

  /** Told when it begins, and again under the same id whenever its status changes. */
  tool({ callId, title, status, input, output }: ToolCall): void {
    this.flush()
    const known = this.#calls.get(callId)
    if (known?.status === status) return
    const messageId = known?.messageId ?? crypto.randomUUID()
    this.#calls.set(callId, { messageId, status })
    const tool = { callId, title, status, ...(input !== undefined && { input: short(input) }) }
    this.#message({ messageId, role: 'tool', text: output.slice(0, MESSAGE_MAX), tool })
  }

  /** rpc.claude.unknown-update */
  other(update: unknown): void {
    this.flush()
    this.#message({ messageId: crypto.randomUUID(), role: 'other', text: '', raw: short(update) })
  }

  /** What has come of a message so far is the whole of it. */
  flush(): void {
    if (!this.#growing) return
    const { kind, messageId, texts } = this.#growing
    this.#growing = undefined
    this.#message({ messageId, role: kind === 'text' ? 'assistant' : 'thought', text: texts.join('') })
  }

  /** The turn is over. */
  end(): void {
    this.flush()
    this.#calls.clear()
  }

  #add(kind: 'text' | 'thought', text: string): void {
    if (this.#growing && (this.#growing.kind !== kind || this.#growing.length + text.length > MESSAGE_MAX)) this.flush()
    this.#growing ??= { kind, messageId: crypto.randomUUID(), texts: [], length: 0 }
    this.#growing.texts.push(text)
    this.#growing.length += text.length
    const { messageId } = this.#growing
    this.#events.delta({ conversationId: this.#conversation(), messageId, kind, text })
  }

  #message(message: Omit<EventParams<'claude.message'>, 'conversationId'>): void {
    this.#events.message({ conversationId: this.#conversation(), ...message })
  }
}

/** A value that is too large for a message is left out of it. */
const short = (value: unknown): unknown => (JSON.stringify(value).length > MESSAGE_MAX ? null : value)
