// Pieces of what an assistant says, put together to whole messages (rpc.claude.message).

import { limits } from '@happy-remote/schemas/limits.ts'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { utf8 } from '../crypto/bytes.ts'
import type { ToolCall } from './assistants/assistant.ts'
import { type Attachment, toldOf } from './attachments.ts'

export interface TranscriptEvents {
  delta(event: EventParams<'claude.delta'>): void
  message(event: EventParams<'claude.message'>): void
}

/** Characters of one message: as JSON text it stays a body that every receiver accepts. A longer one goes on in another. */
const MESSAGE_MAX = 131_072
/** Bytes of a message beside its text: attachments, ids. */
const ROOM = 32_768
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
    // rpc.claude.long
    const [first = '', ...others] = sizeOf(text) > limits.bodyLeast - ROOM ? partsOf(text, MESSAGE_MAX) : [text]
    this.#message({ messageId, role: 'user', text: first, ...toldOf(attachments) })
    for (const part of others) this.#message({ messageId: crypto.randomUUID(), role: 'user', text: part })
  }

  piece(kind: 'text' | 'thought', text: string): void {
    for (const part of partsOf(text, DELTA_MAX)) this.#add(kind, part)
  }

  /** The agent's own words. */
  note(text: string): void {
    this.flush()
    this.#message({ messageId: crypto.randomUUID(), role: 'other', text })
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
    const { messageId, length: offset } = this.#growing
    this.#growing.texts.push(text)
    this.#growing.length += text.length
    // rpc.claude.delta-offset
    this.#events.delta({ conversationId: this.#conversation(), messageId, kind, text, offset })
  }

  #message(message: Omit<EventParams<'claude.message'>, 'conversationId'>): void {
    this.#events.message({ conversationId: this.#conversation(), ...message })
  }
}

const sizeOf = (value: unknown): number => utf8(JSON.stringify(value)).length

/** A value that is too large for a message is left out of it. */
const short = (value: unknown): unknown => (sizeOf(value) > MESSAGE_MAX ? null : value)

/** Parts of at most `most` characters; the two halves of one stay together. */
function* partsOf(text: string, most: number): Generator<string> {
  for (let from = 0, to = 0; from < text.length; from = to) {
    to = Math.min(from + most, text.length)
    if (to < text.length && /[\ud800-\udbff]/.test(text.charAt(to - 1))) to--
    yield text.slice(from, to)
  }
}
