// What shows an agent to the computer's own user, and takes what that user wants.

import type { Capability } from '@happy-remote/schemas/constants.ts'
import type { Agent, AgentEvents, Offer } from '../../agent/agent.ts'

export interface Shown {
  readonly agent: Agent
  /** Makes a code, in place of one that is shown. */
  offer(): Promise<Offer>
  readonly relay: string
  readonly name: string
  readonly workspace: string
  /** Its name; null where there is none. */
  readonly assistant: string | null
  /** What a device that is paired now may do. */
  readonly grant: readonly Capability[]
  /** Life of a code in seconds. */
  readonly ttl: number
}

export interface Screen {
  readonly events: AgentEvents
  readonly isTerminal: boolean
  /** Resolves when the person ends the program. */
  readonly ended: Promise<void>
  begin(shown: Shown): void
  offered(offer: Offer): void
  /** Gives the terminal back. */
  end(): void
  stopped(): void
}

const REASONS: Readonly<Record<string, string>> = {
  'pair-expired': 'its time is over',
  rejected: 'given up',
  'sas-mismatch': 'the digits were wrong three times',
}

export const reasonOf = (code: string): string => REASONS[code] ?? `the other device was refused (${code})`

/** `cancelled` and `expired` are what a person would call them. */
export const wordOf = (code: string): string => ({ rejected: 'cancelled', 'pair-expired': 'expired' })[code] ?? code
