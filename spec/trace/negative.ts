// Check 5: what must be refused, or must not be done, has at least one case in which it would be: an invalid vector, or
// a scenario with the tag @negative. In such a scenario a scripted peer does what has to be refused, or brings about
// what a careless program would answer with the forbidden. The tag is a claim, and the kill table proves it: check 8
// wants a mutant of the requirement that dies.

import { isTested, type Row } from './rows.ts'

export const mustRefuse = ({ level, sentence }: Row): boolean =>
  level === 'MUST NOT' || /\bMUST (?:refuse|reject)\b/.test(sentence)

export function* neverRefused(rows: readonly Row[]): Generator<string> {
  for (const row of rows) {
    if (!mustRefuse(row) || !isTested(row)) continue
    if (row.invalidVectors === 0 && !row.scenarios.some(({ isNegative }) => isNegative)) {
      yield `${row.id} refuses, and has no invalid vector and no scenario that is tagged @negative`
    }
  }
}
