// A rotating part of the mutants, for everyday runs: after as many commits as there are parts, all have run.

import { execFileSync } from 'node:child_process'
import { UsageError } from '../runner/configuration.ts'

export interface Part {
  /** From 1. */
  readonly number: number
  readonly of: number
}

/** About what two cores judge in 75 s. */
const MUTANTS_A_PART = 30

/** `3/8`, or `auto`: as many parts as it needs, and the one whose turn it is by the number of commits. */
export function partOf(text: string, mutants: number, turn: () => number = turnNow): Part {
  if (text === 'auto') {
    const of = Math.max(1, Math.ceil(mutants / MUTANTS_A_PART))
    return { number: (turn() % of) + 1, of }
  }
  const [, number = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number)
  if (number < 1 || number > of) throw new UsageError(`--part wants k/n or auto, not ${text}`)
  return { number, of }
}

/** Every n-th, so that each part has some of every topic. */
export const inPart = <T>(all: readonly T[], { number, of }: Part): T[] => all.filter((_, i) => i % of === number - 1)

/** The number of commits; in a clone that has not all of them, the days since 1970. */
function turnNow(): number {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    if (git('rev-parse', '--is-shallow-repository') === 'false') return Number(git('rev-list', '--count', 'HEAD'))
  } catch {
    // Not a git repository, as in an archive.
  }
  return Math.floor(Date.now() / 86_400_000)
}
