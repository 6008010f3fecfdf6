// What the runner and the steps tell each other, as JSON.

import type { ProgramToRun } from '../shim/driver.ts'
import type { Role } from '../shim/lines.ts'

/** What is under test in one role: a program that is started for each scenario, or the address of a relay. */
export type Target =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'program'
      readonly program: ProgramToRun
      /** What its `hello` said. */
      readonly capabilities: readonly string[]
    }

export interface Parameters {
  readonly targets: Readonly<Partial<Record<Role, Target>>>
  /** The relay is two nodes of a cluster, and this is the second: every scenario about the relay runs through both. */
  readonly secondNode?: Target
  /** Who is under test in a scenario that is about both. */
  readonly endpoint: 'agent' | 'controller'
  /** Any refusal counts where the spec names a code. */
  readonly looseErrors: boolean
}

/** Media types of what a scenario hands to the runner. */
export const TRANSCRIPT_TYPE = 'application/x-ndjson'
export const NOTE_TYPE = 'text/x.happy-note'

/** Who asks, in the `hello` of the shim protocol. */
export const SUITE_NAME = 'happy-remote-conformance'
