// pairing.*: two strangers become peers, both sides in one process, until the first message is read.

import { compare, type Measured, measureRounds } from './rounds.ts'
import type { Topic } from './row.ts'

const unit = 'µs CPU per pairing'

export const pairing: Topic = {
  ids: ['pairing.cpu', 'pairing.cpu.s2', 'pairing.cpu.vodozemac'],
  needsReferences: () => true,
  async measure() {
    const measured = await measureRounds(['impl-node, suite 1', 'impl-node, suite 2', 'libsignal', 'vodozemac'], 'pair')
    const [suite1, suite2, libsignal, vodozemac] = measured as [Measured, Measured, Measured, Measured]
    return [
      { id: 'pairing.cpu', unit, ...compare(suite1, libsignal), goal: 1 },
      { id: 'pairing.cpu.s2', unit, ...compare(suite2, libsignal), goal: null },
      { id: 'pairing.cpu.vodozemac', unit, ...compare(suite1, vodozemac), goal: null },
    ]
  },
}
