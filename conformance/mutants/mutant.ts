// A mutant: a program with one small fault, and the requirements that it breaks. Two kinds: the scripted relay,
// spoiled by a subclass, and the Node implementation, spoiled in one place of one source file.

import { fileURLToPath } from 'node:url'
import type { ScriptedRelay } from '../peers/scripted-relay.ts'
import type { LoadedImplementation } from '../runner/configuration.ts'
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

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning']
const env = { NODE_COMPILE_CACHE: here('../../node_modules/.cache/conformance') }

/** The subject as it is run, with one fault or, for comparison, whole. */
export function programOf(subject: SubjectName, mutant?: Mutant): LoadedImplementation {
  const name = mutant?.name ?? subject
  const wrapped = { folder: here('../..'), known: [] }
  if (subject === 'scripted relay') {
    const command = [...NODE, here('shim.ts'), mutant?.name ?? 'none']
    return { ...wrapped, implementation: { name, roles: { relay: { command, env } } } }
  }
  const command = [...NODE, '--import', here('spoil-on-load.ts'), here('../../impl-node/shim.ts'), subject]
  const fault = mutant && isOfSource(mutant) ? { [FAULT]: JSON.stringify(mutant) } : {}
  return { ...wrapped, implementation: { name, roles: { [subject]: { command, env: { ...env, ...fault } } } } }
}

/** Environment variable with the fault, as JSON. */
export const FAULT = 'CONFORMANCE_FAULT'
