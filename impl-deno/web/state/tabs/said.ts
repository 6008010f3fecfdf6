// What the tabs of this page say to each other: one holds the keys and the connections, and the others follow it. They are
// of one origin, which alone hears it; a tab of another release may say something else, and is not understood.

import type { QueuedCommand } from '../../../controller/queued-command.ts'
import type { RelayState } from '../../../link/pairing-connection.ts'
import type { Status } from '../agent.ts'
import type { AgentEvent, PairingFacts } from '../agent-controller.ts'
import type { Piece } from '../conversation.ts'
import type { Known } from '../remembered.ts'

/** Its number counts the ways in which this was said so far. */
export const CHANNEL = 'happy-remote follow 3'

/** As heard end to end. */
export interface Presence {
  readonly online: boolean
  readonly away: boolean
  /** Milliseconds since 1970; null where it was not heard in this life of the page. */
  readonly heardAt: number | null
}

/** A computer, for a tab that begins to follow. */
export interface Picture {
  readonly id: string
  readonly record: PairingFacts
  readonly presence: Presence
  readonly known: Known
  readonly alias: string
  /** What is written of the next prompt. */
  readonly prompt: string
  readonly relay: RelayState | undefined
  /** With what waits for an answer now. */
  readonly status: Status | undefined
  /** Of messages that are not whole. */
  readonly pieces: readonly Piece[]
  readonly queue: readonly QueuedCommand[]
  readonly isOver: boolean
}

/** What a tab that follows can have done. */
export interface Deeds {
  call(method: string, params: object): Promise<unknown>
  /** With an id, so that it is there once although two tabs were asked. */
  enqueue(method: string, params: object, id: string): Promise<QueuedCommand>
  edit(id: string, params: object): Promise<QueuedCommand>
  move(id: string, place: number): Promise<QueuedCommand>
  cancel(id: string): Promise<QueuedCommand>
  giveAgain(id: string): Promise<QueuedCommand>
  sendQueue(): Promise<void>
  reconnect(): Promise<void>
  remove(): Promise<void>
  drop(): Promise<void>
  keepPrompt(prompt: string): Promise<void>
  rename(alias: string): Promise<void>
}

export type Deed = { [D in keyof Deeds]: { readonly what: D; readonly given: Parameters<Deeds[D]> } }[keyof Deeds]

export interface Refusal {
  readonly name: string
  readonly code?: string
  readonly message: string
  readonly data?: unknown
}

/** `from` and `to` name a tab. */
export type Said =
  | { readonly say: 'join' | 'look' | 'let go'; readonly from: string }
  | { readonly say: 'do'; readonly from: string; readonly number: number; readonly agent: string; readonly deed: Deed }
  | { readonly say: 'done'; readonly to: string; readonly number: number; readonly result: unknown }
  | { readonly say: 'refused'; readonly to: string; readonly number: number; readonly refusal: Refusal }
  /** All that there is, and which tab has it; to everybody where `to` is absent. */
  | {
      readonly say: 'home'
      readonly by: string
      readonly to?: string
      readonly name: string
      readonly pictures: readonly Picture[]
    }
  | { readonly say: 'event'; readonly agent: string; readonly event: AgentEvent; readonly presence: Presence }
  | {
      readonly say: 'queue'
      readonly agent: string
      readonly queue: readonly QueuedCommand[]
      readonly changed: QueuedCommand
    }
  | { readonly say: 'presence'; readonly to: string; readonly presences: Readonly<Record<string, Presence>> }
  /** The tab that held the keys lets another one have them. */
  | { readonly say: 'gone' }
