// What the agent asks of a coding tool, and what it hears from it (application.md 6). One adapter per wire.

import type { PermissionRequest } from '@happy-remote/schemas/rpc/permission.ts'
import type { QuestionAnswer, QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import type { Attachment, AttachmentKind } from '../attachments.ts'

/** What is known of the assistant now; null until it has said so. */
export interface AssistantFacts {
  /** For people: as the assistant calls itself, or its command. */
  readonly name: string
  /** What it calls the conversation that it is in. */
  readonly session: string | null
  /** What may go with a prompt. */
  readonly takes: readonly AttachmentKind[]
  readonly mode: string | null
  readonly model: string | null
}

/** A question whether a tool may run; `input` is the object that the assistant sent, unchanged. */
export interface PermissionAsk
  extends Pick<
    PermissionRequest,
    'requestId' | 'tool' | 'title' | 'options' | 'expiresAt' | 'defaultToNo' | 'needsInteraction'
  > {
  readonly input: unknown
}

/** A question that wants values. */
export type QuestionAsk = Pick<QuestionRequest, 'requestId' | 'title' | 'fields' | 'expiresAt'>

/** What becomes of it: values, a refusal, or null where nobody answered. */
export type Reply = readonly QuestionAnswer[] | 'declined' | null

/** A tool call, whole, as far as it is known. */
export interface ToolCall {
  readonly callId: string
  readonly title: string
  /** pending, in_progress, completed, failed */
  readonly status: string
  readonly input?: unknown
  /** What it put out, for people. */
  readonly text: string
}

export type TurnEnd = 'completed' | 'cancelled' | 'failed'

/** What an assistant tells, in the order in which it happened. Calls do not throw. */
export interface AssistantEvents {
  /** A piece of a message. Another `part` means another message; undefined means unknown. */
  text(kind: 'text' | 'thought', text: string, part?: string): void
  tool(call: ToolCall): void
  /** An update that has no place above: kept whole in `raw`, with a text for people where there is one. */
  other(raw: unknown, text: string): void
  permission(ask: PermissionAsk): void
  question(ask: QuestionAsk): void
  /** The assistant no longer waits for this answer. */
  withdrawn(requestId: string): void
  /** It works in this session from now on: one in which nothing was said, or the earlier one, perhaps under another name. */
  session(session: string, isNew: boolean): void
  /** The prompt `messageId` is done; `reason` is for people. */
  turnEnded(messageId: string, end: TurnEnd, reason?: string): void
  /** The assistant is gone, whatever the cause, and all that it was doing with it. `start` begins anew. */
  stopped(reason: string): void
}

/** A coding tool in one conversation, that runs or can be started. One prompt at a time: the next after `turnEnded` or `stopped`. */
export interface Assistant {
  readonly facts: AssistantFacts
  /**
   * Starts it, and takes up its session again where it has one and can; resolves at once if it runs. With
   * `mustTakeUp` it begins no other session instead.
   * Throws ProtocolError `assistant-unavailable` with one sentence for people.
   */
  start(mustTakeUp?: boolean): Promise<void>
  /** Gives it a prompt. `turnEnded` or `stopped` follows. */
  prompt(messageId: string, text: string, attachments: readonly Attachment[]): void
  /** Asks it to stop the turn; it may refuse. The turn still ends by `turnEnded`. */
  cancel(): void
  /** Answers a permission ask: an option id, or null for cancelled. Unknown ids are ignored. */
  answer(requestId: string, option: string | null): void
  /** Answers a question, with values that fit it. Unknown ids are ignored. */
  reply(requestId: string, reply: Reply): void
  /** Ends it by force, where it does not hear; `stopped` follows. */
  kill(): void
  /** Ends it and every process that it started, for good; resolves once they are gone. */
  close(): Promise<void>
}

/** `session`: an earlier one, that is to be taken up; null for none. */
export type AssistantFactory = (events: AssistantEvents, session: string | null) => Assistant
