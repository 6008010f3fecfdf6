// node conformance/mutants/emit.ts [--check]: writes kills.md from kills.ndjson, or says whether it is up to date. Fails
// where a mutant does not find its place in the source.

import { emitAsProgram } from '../../schemas/generate/emit.ts'
import { claimedBySuite } from './claimed.ts'
import { mutants } from './every.ts'
import { merged, readKills } from './kills.ts'
import { isOfSource } from './mutant.ts'
import { stale } from './spoil.ts'
import { tableOf } from './table.ts'

export function emitKills(): void {
  // Who moves the place of a mutant is told while the change is in hand.
  for (const sentence of stale(mutants.filter(isOfSource))) {
    console.error(sentence)
    process.exitCode = 1
  }
  const kills = merged(
    readKills(),
    [],
    mutants.map(({ name }) => name),
  )
  const text = tableOf(mutants, kills, { claimed: claimedBySuite() })
  emitAsProgram('conformance/mutants', import.meta.dirname, new Map([['kills.md', text]]))
}

if (import.meta.main) emitKills()
