// kills.json: what killed each mutant when it was last run. Committed; kills.md and spec/coverage.md are made from it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatted } from '../generated.ts'
import type { SubjectName } from './mutant.ts'

export interface Kill {
  readonly name: string
  readonly subject: SubjectName
  /** Id of the first scenario or vector that failed; null where the mutant survived. */
  readonly killedBy: string | null
  /** How many more failed. */
  readonly more: number
  /** The requirements that it breaks of which a scenario or vector failed. */
  readonly bitten: readonly string[]
  /** Digest of what it ran on. */
  readonly on: string
}

const FILE = fileURLToPath(new URL('kills.json', import.meta.url))

export function readKills(file = FILE): Kill[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { kills: Kill[] }).kills : []
}

/** `news` instead of older entries of the same mutants, without mutants that are no more, in the order of `names`. */
export function merged(old: readonly Kill[], news: readonly Kill[], names: readonly string[]): Kill[] {
  const byName = new Map([...old, ...news].map((kill) => [kill.name, kill]))
  return names.flatMap((name) => byName.get(name) ?? [])
}

export const textOf = (kills: readonly Kill[]): string => formatted('mutants/kills.json', JSON.stringify({ kills }))

export function writeKills(kills: readonly Kill[]): void {
  writeFileSync(FILE, textOf(kills))
}
