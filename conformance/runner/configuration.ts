// implementation.json, and the known failures that live beside it.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { RELAY_PATH } from '@happy-remote/schemas/constants.ts'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { ROLES, type Role } from '../shim/lines.ts'

/** Wrong use or a wrong file; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const Program = Type.Object(
  {
    command: Type.Array(Type.String(), {
      minItems: 1,
      description: 'argument vector, never a shell string; run in the folder of the file',
    }),
    env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'added to the environment' })),
  },
  { additionalProperties: false },
)
export type Program = Static<typeof Program>
export const Implementation = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    homepage: Type.Optional(Type.String()),
    build: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: 'argument vector, run once in the folder of the file before any program is started',
      }),
    ),
    roles: Type.Object(
      { relay: Type.Optional(Program), agent: Type.Optional(Program), controller: Type.Optional(Program) },
      { additionalProperties: false, minProperties: 1 },
    ),
    knownFailures: Type.Optional(Type.String({ description: 'file with `scenario: reason` lines' })),
  },
  { additionalProperties: false },
)
export type Implementation = Static<typeof Implementation>

const implementationSchema = Compile(Implementation)

/** What makes a report. */
export type Command = 'run' | 'vectors' | 'matrix'

export interface LoadedImplementation {
  readonly implementation: Implementation
  /** Folder of the file, in which its commands run. */
  readonly folder: string
  readonly known: readonly KnownFailure[]
}

export const rolesOf = ({ roles }: Implementation): Role[] => ROLES.filter((role) => roles[role] !== undefined)

/** The implementation as a report names it. */
export function named({ implementation }: LoadedImplementation): { name: string; homepage?: string } {
  const { name, homepage } = implementation
  return { name, ...(homepage !== undefined && { homepage }) }
}

function read(file: string, what: string): string {
  if (!existsSync(file)) throw new UsageError(`There is no ${what} ${file}`)
  return readFileSync(file, 'utf8')
}

export function loadImplementation(file: string): LoadedImplementation {
  const text = read(file, 'file')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`)
  }
  if (!implementationSchema.Check(value)) {
    const [error] = implementationSchema.Errors(value)
    throw new UsageError(`${file} is not an implementation file: ${error?.instancePath || 'it'} ${error?.message}`)
  }
  const folder = dirname(resolve(file))
  const { knownFailures } = value
  const known =
    knownFailures === undefined ? [] : readKnownFailures(read(resolve(folder, knownFailures), 'known-failures file'))
  return { implementation: value, folder, known }
}

export interface KnownFailure {
  /** A scenario id; `*` stands for any part of one. */
  readonly scenario: string
  readonly reason: string
}

/** One `scenario: reason` a line; `#` begins a comment line. Throws UsageError. */
export function readKnownFailures(text: string): KnownFailure[] {
  const known: KnownFailure[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const [, scenario = '', reason = ''] = /^(\S+): +(\S.*)$/.exec(line.trimEnd()) ?? []
    if (reason === '') throw new UsageError(`Line ${i + 1} of the known failures is not "scenario: reason": ${line}`)
    if (known.some((each) => each.scenario === scenario)) throw new UsageError(`${scenario} is listed twice`)
    known.push({ scenario, reason })
  }
  return known
}

/** Entries for the vectors and the matrix say so in their first word; a bare id is a vector's case. */
function commandOf(scenario: string): Command | undefined {
  if (scenario.startsWith('*')) return undefined
  if (scenario.startsWith('vectors/') || !scenario.includes('/')) return 'vectors'
  return scenario.startsWith('matrix/') ? 'matrix' : 'run'
}

/** The entries that `command` has to do with. */
export const knownFor = (command: Command, known: readonly KnownFailure[]): KnownFailure[] =>
  known
    .filter(({ scenario }) => (commandOf(scenario) ?? command) === command)
    .map((entry) => (/[/*]/.test(entry.scenario) ? entry : { ...entry, scenario: `vectors/*/${entry.scenario}` }))

export const matches = ({ scenario }: KnownFailure, id: string): boolean =>
  new RegExp(`^${scenario.split('*').map(RegExp.escape).join('.*')}$`).test(id)

export const suiteVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** The address as a client dials it, `/v1` at its end. Throws UsageError. */
export function relayUrl(text: string): string {
  const url = URL.parse(text)
  if (!url || !/^wss?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new UsageError(`--relay wants an address such as wss://relay.example.com, not ${text}`)
  }
  const path = url.pathname.replace(/\/+$/, '')
  return `${url.protocol}//${url.host}${path.endsWith(RELAY_PATH) ? path : `${path}${RELAY_PATH}`}`
}
