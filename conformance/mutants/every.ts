// Every mutant.

import { endpointMutants } from './endpoint/index.ts'
import type { Mutant } from './mutant.ts'
import { relayMutants } from './relay/index.ts'

export const mutants: readonly Mutant[] = [
  ...relayMutants.map((mutant) => ({ ...mutant, role: 'relay' as const })),
  ...endpointMutants,
]
