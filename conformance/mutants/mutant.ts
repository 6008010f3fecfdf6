// A mutant: one small fault of a relay, and the requirements that it breaks.

import type { ScriptedRelay } from '../peers/scripted-relay.ts'

export interface RelayMutant {
  readonly name: string
  /** What it does wrong, as a sentence about the relay. */
  readonly does: string
  /** A scenario of one of these has to fail. */
  readonly breaks: readonly [string, ...string[]]
  readonly relay: new () => ScriptedRelay
}
