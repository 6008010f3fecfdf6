// v1.yaml: which requirements decide whether an implementation of wire version 1 passes.
//
// While it is a draft its lists follow the spec. Frozen, they stay: a requirement that comes later goes to
// `notScored`, and is promoted by a change that people review.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ROLES, type Role } from '../shim/lines.ts'

/** Why a requirement does not decide. */
export const NOT_SCORED = ['extension', 'added-after-release', 'pending'] as const
export type NotScored = (typeof NOT_SCORED)[number]

export interface RequiredSet {
  readonly status: 'draft' | 'frozen'
  readonly required: Readonly<Record<Role, readonly string[]>>
  /** The reason by id. */
  readonly notScored: ReadonlyMap<string, NotScored>
}

const HEAD = `# The required set of wire version 1: the requirements whose scenarios decide the exit code, by role.
# draft: the lists follow the spec, npm run generate writes them. frozen: nothing is added or taken out by itself.
# Under notScored an id has one reason: ${NOT_SCORED.join(', ')}.
`

/** Throws where the text is not of this form. */
export function parseRequiredSet(text: string): RequiredSet {
  const required = { relay: [] as string[], agent: [] as string[], controller: [] as string[] }
  const notScored = new Map<string, NotScored>()
  let status: RequiredSet['status'] | undefined
  let list: Role | 'notScored' | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const problem = (what: string) => new Error(`Line ${i + 1} of the required set ${what}: ${line}`)
    if (/^\s*(#|$)/.test(line)) continue
    const [, key, rest] = /^(\w+):(?: (\S+))?$/.exec(line) ?? []
    const [, id, reason] = /^ {2}(?:- )?(\S+?)(?:: (\S+))?$/.exec(line) ?? []
    if (key === 'status' && (rest === 'draft' || rest === 'frozen')) status = rest
    else if (key === 'notScored' && (rest === undefined || rest === '{}')) list = key
    else if (key !== undefined && (ROLES as readonly string[]).includes(key) && rest === undefined) list = key as Role
    else if (id === undefined || list === undefined) throw problem('is not of its form')
    else if (list === 'notScored') {
      if (!(NOT_SCORED as readonly (string | undefined)[]).includes(reason)) throw problem('has no such reason')
      if (notScored.has(id)) throw problem('occurs twice')
      notScored.set(id, reason as NotScored)
    } else if (reason !== undefined) throw problem('is not of its form')
    else if (required[list].includes(id)) throw problem('occurs twice')
    else required[list].push(id)
  }
  if (status === undefined) throw new Error('The required set has no status')
  return { status, required, notScored }
}

export function requiredSetText({ status, required, notScored }: RequiredSet): string {
  const lists = ROLES.map((role) => `${role}:\n${required[role].map((id) => `  - ${id}\n`).join('')}`)
  const rest = [...notScored].map(([id, reason]) => `  ${id}: ${reason}\n`).join('')
  return `${HEAD}\nstatus: ${status}\n\n${lists.join('\n')}\nnotScored:${rest === '' ? ' {}\n' : `\n${rest}`}`
}

export const loadRequiredSet = (path = fileURLToPath(new URL('v1.yaml', import.meta.url))): RequiredSet =>
  parseRequiredSet(readFileSync(path, 'utf8'))
