// A mutant: a program with one small fault, and the requirements that it breaks. Two kinds: the scripted relay,
// spoiled by a subclass, and the Node implementation, spoiled in one place of one source file.

import type { ScriptedRelay } from '../peers/scripted-relay.ts'
import type { Role } from '../shim/lines.ts'

interface Fault {
  readonly name: string
  /** What it does wrong: goes on after "a relay that …". */
  readonly does: string
  /** A scenario or a vector of one of these has to fail. */
  readonly breaks: readonly [string, ...string[]]
}

export interface RelayMutant extends Fault {
  readonly relay: new () => ScriptedRelay
}

export interface EndpointMutant extends Fault {
  /** In which role the spoiled program is judged. */
  readonly role: Role
  /** The schemas are part of the program that is judged, and another copy of them judges. */
  readonly file: `${'impl-node' | 'schemas/src'}/${string}.ts`
  /** Stands exactly once in the file. */
  readonly find: string
  readonly replace: string
}

export type Mutant = (RelayMutant & { readonly role: 'relay' }) | EndpointMutant

export const isOfSource = (mutant: Mutant): mutant is EndpointMutant => 'file' in mutant

/** Which program it spoils: what a kill table and a digest are about. */
export const SUBJECTS = ['scripted relay', 'relay', 'agent', 'controller'] as const
export type SubjectName = (typeof SUBJECTS)[number]
export const subjectOf = (mutant: Mutant): SubjectName => (isOfSource(mutant) ? mutant.role : 'scripted relay')
