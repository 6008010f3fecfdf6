// The requirements of the spec, as its lock file lists them: level and roles come from there alone.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readProse } from '../../spec/prose.ts'
import type { Role } from '../shim/lines.ts'

export type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'MAY'

export interface Requirement {
  readonly id: string
  readonly level: Level
  readonly roles: readonly Role[]
  /** Ids of the scenarios that decide it; those of outlines have their holes. */
  readonly scenarios: readonly string[]
  /** Files of `vectors/` with a case of it. */
  readonly vectors: readonly string[]
  /** The sentence, in Markdown, where the chapters are beside the lock file. */
  readonly text?: string
}

export interface Requirements {
  readonly all: readonly Requirement[]
  readonly byId: ReadonlyMap<string, Requirement>
  /** SHA-256 of the lock file, hex: which text of the spec was tested. */
  readonly digest: string
}

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The chapters of the spec. */
export const SPEC_FOLDER = file('spec')

/** By id. A requirement's id begins with the name of its chapter. */
function sentences(folder: string, ids: readonly string[]): Map<string, string> {
  const chapters = new Set(ids.map((id) => id.slice(0, id.indexOf('.'))))
  const found = [...chapters].flatMap((name) => {
    const path = join(folder, `${name}.md`)
    return existsSync(path) ? readProse(name, readFileSync(path, 'utf8')).requirements : []
  })
  return new Map(found.map(({ id, sentence }) => [id, sentence]))
}

export function loadRequirements(path = join(SPEC_FOLDER, 'requirements.lock.json')): Requirements {
  const lock = readFileSync(path, 'utf8')
  const { requirements } = JSON.parse(lock) as { requirements: Requirement[] }
  const texts = sentences(
    dirname(path),
    requirements.map(({ id }) => id),
  )
  const all = requirements.map((each): Requirement => {
    const text = texts.get(each.id)
    return { ...each, ...(text !== undefined && { text }) }
  })
  return { all, byId: new Map(all.map((each) => [each.id, each])), digest: sha256(lock) }
}

/** SHA-256 of the vectors' list of sums, hex; null where the vectors are not here. */
export function vectorsDigest(path = file('vectors/SHA256SUMS')): string | null {
  return existsSync(path) ? sha256(readFileSync(path, 'utf8')) : null
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export const isMandatory = (level: Level): boolean => level === 'MUST' || level === 'MUST NOT'
