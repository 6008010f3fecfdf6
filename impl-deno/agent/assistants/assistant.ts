// What a coding tool is to the agent; an adapter for each protocol stands beside this.

import type { QuestionAnswer } from '@happy-remote/schemas/rpc/question.ts'
import type { Attachment, AttachmentKind } from '../attachments.ts'
import type { PermissionAsk } from '../permissions.ts'
import type { Question } from '../questions.ts'

export interface AssistantKind {
  readonly name: string
  /** It follows a script and runs nothing. */
  readonly scripted: boolean
  /**
   * Starts one, in the session `earlier` where it still knows that, else in a new one. Rejects with Error, whose
   * message is for people and holds nothing that the assistant wrote.
   */
  start(listener: AssistantListener, earlier?: Earlier): Promise<Assistant>
}

export interface Earlier {
  readonly session: string
  /** No other session will do: a start that cannot take it up rejects. */
  readonly isRequired: boolean
}

/** Why a start rejects that would have to begin another session. */
export class NotTakenUp extends Error {
  constructor() {
    super('The assistant does not know this conversation any more, or takes up no earlier ones')
  }
}

export interface Assistant {
  /** What it calls the conversation that it is in. */
  readonly session: string
  /** What may go with a prompt. */
  readonly takes: readonly AttachmentKind[]
  /** Whether that began with this start. */
  readonly isNew: boolean
  /** Resolves when the turn has ended, rejects where it has failed or the assistant has stopped. `messageId`: a UUID. */
  prompt(text: string, messageId: string, attachments: readonly Attachment[]): Promise<'completed' | 'cancelled'>
  /** Asks it to stop the running turn. */
  cancel(): void
  /** Ends it and what it has started; resolves when it is gone. `stopped` is not called. */
  close(): Promise<void>
}

export interface ToolCall {
  readonly callId: string
  readonly title: string
  /** pending, in_progress, completed, failed */
  readonly status: string
  readonly input?: unknown
  readonly output: string
}

export interface AssistantListener {
  /** A piece of what it says or thinks. */
  piece(kind: 'text' | 'thought', text: string): void
  /** A tool call as it is now; the first time, and after each change. */
  tool(call: ToolCall): void
  /** An update of a kind that the adapter does not know. */
  other(update: unknown): void
  /** `session`: the conversation goes on under this name. */
  facts(facts: { readonly mode?: string; readonly model?: string; readonly session?: string }): void
  /** Resolves with the id of the option that was chosen, or null where there is no answer. `signal`: it is withdrawn. */
  ask(wanted: PermissionAsk, signal: AbortSignal): Promise<string | null>
  /** Resolves with answers that fit, null where the person declines, or undefined where there is no answer. `signal` as above. */
  question(question: Question, signal: AbortSignal): Promise<readonly QuestionAnswer[] | null | undefined>
  /** It has stopped by itself; nothing follows. `reason` is a sentence for people. */
  stopped(reason: string): void
  /** Something that only the computer's own user is told. */
  trouble(text: string): void
}
