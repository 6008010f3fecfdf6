// What the assistant says and does, told as text.

import { type EventName, type EventParams, events } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../../controller/controller.ts'
import { safeLine, safeText } from '../safe-text.ts'

/** Everything that arrives here is safe to print. */
export interface Narration {
  /** The assistant's words as they come; whole lines or pieces of one. */
  words(piece: string): void
  /** The message is whole. */
  wordsEnd(): void
  /** Beside the words: what it thinks, does, and was told. */
  aside(kind: 'thought' | 'tool' | 'output' | 'user' | 'note', text: string): void
}

const OUTPUT_LINES = 12
type Message = EventParams<'claude.message'>

export class Narrator {
  readonly #narration: Narration
  /** Message whose words came last. */
  #speaking: string | null = null
  readonly #spoken = new Set<string>()
  /** Last status of each tool call, by its message. */
  readonly #tools = new Map<string, string>()

  constructor(narration: Narration) {
    this.#narration = narration
  }

  delta({ messageId, kind, text }: EventParams<'claude.delta'>): void {
    if (kind !== 'text') return
    if (this.#speaking !== messageId) this.#silence()
    this.#speaking = messageId
    this.#spoken.add(messageId)
    this.#narration.words(safeText(text))
  }

  /** `own`: the prompt is ours, so that nobody needs to be told of it. */
  message(message: Message, own: boolean): void {
    const { messageId, role, text } = message
    if (role === 'assistant') this.#assistant(messageId, text)
    else if (role === 'thought') this.#aside('thought', safeText(text).trim())
    else if (role === 'tool') this.#tool(message)
    else if (role === 'other') this.#aside('note', safeText(text).trim() || '(an update of a kind unknown here)')
    else if (!own) this.#aside('user', safeText(text).trim())
  }

  /** The turn is over. */
  end(): void {
    this.#silence()
    this.#spoken.clear()
    this.#tools.clear()
  }

  #assistant(messageId: string, text: string): void {
    // Without deltas, of which some may be left out, the words are in the message alone.
    if (!this.#spoken.has(messageId)) {
      this.#silence()
      this.#narration.words(safeText(text))
      this.#speaking = messageId
    }
    this.#silence()
  }

  #tool({ messageId, text, tool }: Message): void {
    const status = tool?.status ?? ''
    if (this.#tools.get(messageId) !== status) {
      this.#tools.set(messageId, status)
      this.#aside('tool', `${safeLine(tool?.title ?? 'tool')}: ${safeLine(status, 40).replace('_', ' ')}`)
    }
    const lines = safeText(text).trimEnd().split('\n')
    if (lines.join('') === '') return
    const left = lines.length - OUTPUT_LINES
    this.#aside('output', lines.slice(0, OUTPUT_LINES).join('\n'))
    if (left > 0) this.#aside('output', `… and ${left} lines more`)
  }

  #aside(kind: Parameters<Narration['aside']>[0], text: string): void {
    this.#silence()
    this.#narration.aside(kind, text)
  }

  #silence(): void {
    if (this.#speaking === null) return
    this.#speaking = null
    this.#narration.wordsEnd()
  }
}

type Listeners = { readonly [E in EventName]?: (params: EventParams<E>) => void }

/** Listens to several events in the order in which they come. Returns how to stop. */
export function listen(controller: Controller, listeners: Listeners): () => void {
  const stops = (Object.keys(listeners) as EventName[])
    .filter((name) => Object.hasOwn(events, name))
    .map((name) => controller.onEvent(name, listeners[name] as (params: unknown) => void))
  return () => {
    for (const stop of stops) stop()
  }
}
