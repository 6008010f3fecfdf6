// node conformance/mutants/emit.ts [--check]: writes kills.md from kills.ndjson, or says whether it is up to date.

import { emitAsProgram } from '../../schemas/generate/emit.ts'
import { claimedBySuite } from './claimed.ts'
import { mutants } from './every.ts'
import { merged, readKills } from './kills.ts'
import { tableOf } from './table.ts'

export function emitKills(): void {
  const kills = merged(
    readKills(),
    [],
    mutants.map(({ name }) => name),
  )
  const text = tableOf(mutants, kills, { claimed: claimedBySuite() })
  emitAsProgram('conformance/mutants', import.meta.dirname, new Map([['kills.md', text]]))
}

if (import.meta.main) emitKills()
