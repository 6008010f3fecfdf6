// Whether the required set and the spec agree; while the set is a draft, what it has to be.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { emitAsProgram } from '../../schemas/generate/emit.ts'
import { isMandatory, loadRequirements, type Requirement } from '../runner/requirements.ts'
import { ROLES, type Role } from '../shim/lines.ts'
import { parseRequiredSet, type RequiredSet, requiredSetText } from './set.ts'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))

/** What of a requirement decides whether it is required. */
type Bound = Pick<Requirement, 'id' | 'level' | 'roles'>

const mandatoryFor = (all: readonly Bound[], role: Role) =>
  all.filter(({ level, roles }) => isMandatory(level) && roles.includes(role)).map(({ id }) => id)

/** Every MUST of the spec that is not left out with a reason, in the order of the spec. */
export function draftOf(all: readonly Bound[], notScored: RequiredSet['notScored']): RequiredSet {
  const listed = (role: Role) => mandatoryFor(all, role).filter((id) => !notScored.has(id))
  return {
    status: 'draft',
    required: { relay: listed('relay'), agent: listed('agent'), controller: listed('controller') },
    notScored,
  }
}

/** Sentences: where a MUST is neither required nor left out, and where something else is. */
export function disagreements({ required, notScored }: RequiredSet, all: readonly Bound[]): string[] {
  const known = new Set(all.map(({ id }) => id))
  const gone = [...notScored.keys()].filter((id) => !known.has(id))
  const perRole = ROLES.flatMap((role) => {
    const musts = mandatoryFor(all, role)
    const missing = musts.filter((id) => !required[role].includes(id) && !notScored.has(id))
    const both = required[role].filter((id) => notScored.has(id))
    const wrong = required[role].filter((id) => !musts.includes(id))
    return [
      ...missing.map((id) => `${id} binds the ${role} and is in no list: put it under notScored`),
      ...both.map((id) => `${id} is required of the ${role}, and not scored`),
      ...wrong.map((id) => `${id} is required of the ${role}, and the spec has no such MUST for it`),
    ]
  })
  return [...gone.map((id) => `${id} is not scored, and not in the spec`), ...perRole]
}

/** Part of npm run generate; a frozen set is only compared. */
export function emitRequiredSet(): void {
  const path = `${FOLDER}v1.yaml`
  const { all } = loadRequirements()
  const written = existsSync(path) ? parseRequiredSet(readFileSync(path, 'utf8')) : draftOf(all, new Map())
  const set = written.status === 'draft' ? draftOf(all, written.notScored) : written
  emitAsProgram('required set', FOLDER, new Map([['v1.yaml', requiredSetText(set)]]))
  for (const problem of disagreements(set, all)) {
    console.error(`conformance/requirements/v1.yaml: ${problem}`)
    process.exitCode = 1
  }
}
