// kills.ndjson: what killed each mutant when it was last run, one a line. Committed; kills.md and spec/coverage.md are
// made from it. Git merges it by keeping the lines of both sides (.gitattributes): the last of a mutant counts.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
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

const FILE = fileURLToPath(new URL('kills.ndjson', import.meta.url))

export function readKills(file = FILE): Kill[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Kill)
}

/** `news` instead of older entries of the same mutants, without mutants that are no more, in the order of `names`. */
export function merged(old: readonly Kill[], news: readonly Kill[], names: readonly string[]): Kill[] {
  const byName = new Map([...old, ...news].map((kill) => [kill.name, kill]))
  return names.flatMap((name) => byName.get(name) ?? [])
}

export const textOf = (kills: readonly Kill[]): string => kills.map((kill) => `${JSON.stringify(kill)}\n`).join('')

export function writeKills(kills: readonly Kill[]): void {
  writeFileSync(FILE, textOf(kills))
}
