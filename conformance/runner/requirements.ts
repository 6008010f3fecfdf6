// The requirements of the spec, as its lock file lists them: level and roles come from there alone.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Role } from '../shim/lines.ts'

export type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'MAY'

export interface Requirement {
  readonly id: string
  readonly level: Level
  readonly roles: readonly Role[]
}

export interface Requirements {
  readonly all: readonly Requirement[]
  readonly byId: ReadonlyMap<string, Requirement>
  /** SHA-256 of the lock file, hex: which text of the spec was tested. */
  readonly digest: string
}

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export function loadRequirements(path = file('spec/requirements.lock.json')): Requirements {
  const text = readFileSync(path, 'utf8')
  const all = (JSON.parse(text) as { requirements: Requirement[] }).requirements
  return { all, byId: new Map(all.map((each) => [each.id, each])), digest: sha256(text) }
}

/** SHA-256 of the vectors' list of sums, hex; null where the vectors are not here. */
export function vectorsDigest(path = file('vectors/SHA256SUMS')): string | null {
  return existsSync(path) ? sha256(readFileSync(path, 'utf8')) : null
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export const isMandatory = (level: Level): boolean => level === 'MUST' || level === 'MUST NOT'
