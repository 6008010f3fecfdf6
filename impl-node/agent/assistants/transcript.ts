// Puts together what an assistant says in pieces: `claude.delta` as it comes, `claude.message` when it is whole.

import { randomUUID } from 'node:crypto'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { EventParams } from '@happy-remote/schemas/rpc/registry.ts'
import { type Attachment, factsOf } from '../attachments.ts'
import type { Emit } from '../handler.ts'
import type { ToolCall } from './assistant.ts'

/** UTF-16 units in one delta: at six bytes each, as JSON escapes them, still one message of 64 KiB. */
const DELTA_MAX = 8_192
/** UTF-16 units in one message: at six bytes each still a body that every receiver accepts. A longer one goes on in another. */
const MESSAGE_MAX = 131_072
/** Bytes of JSON of a text that fits into one message, with room for attachments and what else is told of a prompt. */
const WHOLE_MAX = limits.bodyLeast - 32_768
/** Bytes of JSON of the input of a tool, or of an update that is not known. */
const VALUE_MAX = 131_072
/** UTF-16 units told of a tool's output. */
const TOOL_TEXT_MAX = 131_072
/** Tool calls that are remembered; older ones would come as new messages. */
const CALLS_KEPT = 1_000

type Message = EventParams<'claude.message'>

interface Open {
  readonly messageId: string
  readonly kind: 'text' | 'thought'
  part: string | undefined
  text: string
  /** How much of `text` went out as deltas. */
  told: number
}

interface Call {
  readonly messageId: string
  told: string
  done: boolean
  untold?: ToolCall
}

export interface TranscriptOptions {
  readonly emit: Emit
  readonly conversationId: () => string
  /** Whether more of the message may come; without a turn it ends with the tick. */
  readonly inTurn: () => boolean
}

export class Transcript {
  readonly #options: TranscriptOptions
  readonly #calls = new Map<string, Call>()
  #open: Open | undefined
  #tick: NodeJS.Immediate | undefined

  constructor(options: TranscriptOptions) {
    this.#options = options
  }

  user(messageId: string, text: string, attachments: readonly Attachment[]): void {
    this.#flush()
    const told = attachments.length > 0 ? { attachments: attachments.map(factsOf) } : {}
    // rpc.claude.long
    const [first = '', ...rest] =
      Buffer.byteLength(JSON.stringify(text)) > WHOLE_MAX ? slices(text, MESSAGE_MAX) : [text]
    this.#message({ messageId, role: 'user', text: first, ...told })
    for (const piece of rest) this.#message({ messageId: randomUUID(), role: 'user', text: piece })
  }

  /** Pieces that come in one turn of the event loop become one delta. */
  text(kind: 'text' | 'thought', text: string, part?: string): void {
    if (this.#open && (this.#open.kind !== kind || differ(this.#open.part, part))) this.endMessage()
    for (const piece of slices(text, MESSAGE_MAX)) {
      if (this.#open && this.#open.text.length + piece.length > MESSAGE_MAX) this.endMessage()
      this.#open ??= { messageId: randomUUID(), kind, part, text: '', told: 0 }
      this.#open.part ??= part
      this.#open.text += piece
    }
    this.#tick ??= setImmediate(() => {
      this.#tick = undefined
      if (this.#options.inTurn()) this.#flush()
      else this.endMessage()
    })
  }

  /** Told when something but the output changed; the output alone waits for that, or for the end of the turn. */
  tool(call: ToolCall): void {
    this.endMessage()
    const done = call.status === 'completed' || call.status === 'failed'
    const key = JSON.stringify([call.title, call.status, call.input])
    let entry = this.#calls.get(call.callId)
    if (!entry) {
      entry = { messageId: randomUUID(), told: '', done: false }
      this.#calls.set(call.callId, entry)
      const [oldest] = this.#calls.keys()
      if (this.#calls.size > CALLS_KEPT && oldest !== undefined) this.#calls.delete(oldest)
    }
    entry.done = done
    if (entry.told === key && this.#options.inTurn()) {
      entry.untold = call
      return
    }
    entry.told = key
    this.#tool(entry, call)
  }

  other(raw: unknown, text: string): void {
    this.endMessage()
    this.#message({ messageId: randomUUID(), role: 'other', text: shortened(text), raw: orNothing(raw) })
  }

  /** What the agent itself has to say. */
  note(text: string): void {
    this.endMessage()
    this.#message({ messageId: randomUUID(), role: 'other', text })
  }

  /** The turn is over: tells whatever was kept back. */
  endTurn(): void {
    this.endMessage()
    for (const [callId, entry] of this.#calls) {
      if (entry.untold) this.#tool(entry, entry.untold)
      if (entry.done) this.#calls.delete(callId)
    }
  }

  #tool(entry: Call, { callId, title, status, input, text }: ToolCall): void {
    delete entry.untold
    const tool = { callId, title, status, ...(input !== undefined && { input: orNothing(input) }) }
    this.#message({ messageId: entry.messageId, role: 'tool', text: shortened(text), tool })
  }

  /** Ends the message that is open. */
  endMessage(): void {
    this.#flush()
    const open = this.#open
    this.#open = undefined
    if (!open) return
    this.#message({ messageId: open.messageId, role: open.kind === 'text' ? 'assistant' : 'thought', text: open.text })
  }

  #flush(): void {
    clearImmediate(this.#tick)
    this.#tick = undefined
    const open = this.#open
    if (!open) return
    const conversationId = this.#options.conversationId()
    const { messageId, kind } = open
    for (const text of slices(open.text.slice(open.told), DELTA_MAX)) {
      // rpc.claude.delta-offset
      this.#options.emit('claude.delta', { conversationId, messageId, kind, text, offset: open.told })
      open.told += text.length
    }
  }

  #message(message: Omit<Message, 'conversationId'>): void {
    this.#options.emit('claude.message', { conversationId: this.#options.conversationId(), ...message })
  }
}

/** Null in place of a value that is too large for a message. */
const orNothing = (value: unknown): unknown =>
  Buffer.byteLength(JSON.stringify(value) ?? '') > VALUE_MAX ? null : value

/** Two parts that are both known, and not the same. */
const differ = (a: string | undefined, b: string | undefined) => a !== undefined && b !== undefined && a !== b

/** Cuts `text` without ever parting a surrogate pair. */
function* slices(text: string, max: number): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + max, text.length)
    const last = text.charCodeAt(end - 1)
    if (end < text.length && last >= 0xd800 && last < 0xdc00 && end - at > 1) end--
    yield text.slice(at, end)
    at = end
  }
}

function shortened(text: string): string {
  if (text.length <= TOOL_TEXT_MAX) return text
  return `${text.slice(0, TOOL_TEXT_MAX).toWellFormed()}\n… ${text.length - TOOL_TEXT_MAX} characters left out`
}
