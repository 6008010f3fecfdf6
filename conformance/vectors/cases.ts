// The cases of `vectors/`, and what a program of each role owes for each of them: shim/vectors.md.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Role } from '../shim/lines.ts'

type Values = Readonly<Record<string, unknown>>

export interface VectorTest {
  readonly id: string
  readonly comment: string
  readonly flags: readonly string[]
  readonly input: Values
  readonly intermediate?: Values
  readonly output?: Values
  readonly result: 'valid' | 'invalid'
  readonly mutation?: string
  readonly reject?: { readonly code: string }
}

interface Flag {
  readonly kind: string
  readonly description: string
  readonly requirement: string
}

export interface VectorFile {
  readonly construction: string
  readonly header: readonly string[]
  readonly flags: Readonly<Record<string, Flag>>
  readonly groups: readonly { readonly label: string; readonly tests: readonly VectorTest[] }[]
}

export interface VectorCase {
  readonly file: string
  readonly group: string
  readonly test: VectorTest
  readonly flags: readonly Flag[]
}

const FOLDER = fileURLToPath(new URL('../../vectors/', import.meta.url))
const NOT_VECTORS = ['package.json']

/** Every file, in the order of its names. */
export const loadVectors = (folder = FOLDER): VectorFile[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json') && !NOT_VECTORS.includes(name))
    .sort()
    .map((name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as VectorFile)

export const casesOf = (files: readonly VectorFile[]): VectorCase[] =>
  files.flatMap(({ construction, flags, groups }) =>
    groups.flatMap(({ label, tests }) =>
      tests.map((test) => ({
        file: construction,
        group: label,
        test,
        flags: test.flags.flatMap((name) => flags[name] ?? []),
      })),
    ),
  )

const ENDPOINTS: readonly Role[] = ['agent', 'controller']

/** Groups that concern one role alone; all others concern agent and controller. */
const ONE_ROLE: Readonly<Record<string, Role>> = {
  'bundle-s1/build': 'controller',
  'bundle-s1/check': 'agent',
  'bundle-s2/build': 'controller',
  'bundle-s2/check': 'agent',
  'handshake/agent-m1': 'agent',
  'handshake/agent-m3': 'agent',
  'handshake/agent-r1': 'agent',
  'handshake/agent-r3': 'agent',
  'handshake/controller-m2': 'controller',
  'handshake/controller-r2': 'controller',
  'plaintext-frame/freshness': 'agent',
  'qr/decode': 'controller',
  'qr/encode': 'agent',
  'ratchet-init/agent': 'agent',
  'ratchet-init/controller': 'controller',
  'rekey-ask/receive': 'controller',
  'rekey-ask/seal': 'agent',
  'relay-bind/accept': 'relay',
  'relay-bind/route': 'relay',
  'sas-commit/commit': 'controller',
  'sas-commit/open': 'agent',
}

export function rolesOfGroup(file: string, group: string): readonly Role[] {
  const one = ONE_ROLE[`${file}/${group}`]
  return one === undefined ? ENDPOINTS : [one]
}

/** Runs with two sides: what the other side makes is given, and not asked for. */
const OTHER_SIDE: Readonly<Record<string, Partial<Record<Role, readonly string[]>>>> = {
  'handshake/pairing': { agent: ['m1', 'm3', 'ss'], controller: ['m2'] },
  'handshake/rekey': { agent: ['m1', 'm3', 'ss'], controller: ['m2'] },
  'known-answers/all': {
    agent: [
      ...['m1', 'm3', 'r1', 'r3', 'msg_c2a_0', 'rk_controller', 'device_controller', 'route_controller'],
      ...['sha256_M1', 'sha256_M3'],
    ],
    controller: [
      ...['m2', 'r2', 'qr_payload', 'qr_uri', 'msg_a2c_0', 'rk_agent', 'device_agent', 'route_agent'],
      ...['sha256_M2', 'relay_sig_agent'],
    ],
  },
}

const othersOf = (role: Role, { file, group }: VectorCase) => OTHER_SIDE[`${file}/${group}`]?.[role] ?? []

/** What the other side of the run makes; undefined where there is no other side. */
export function givenTo(role: Role, each: VectorCase): Values | undefined {
  const names = othersOf(role, each)
  if (names.length === 0) return undefined
  const all: Values = { ...each.test.intermediate, ...each.test.output }
  return Object.fromEntries(names.flatMap((name) => (name in all ? [[name, all[name]]] : [])))
}

/** The names of the outputs that `role` has to give for a valid case. */
export function outputsOf(role: Role, each: VectorCase): string[] {
  const others = othersOf(role, each)
  return Object.keys(each.test.output ?? {}).filter((name) => !others.includes(name))
}

/** A refusal that is no error: the input has no effect, and nothing is reported. */
export const IGNORED = 'ignored'
