// crypto.*: a message of 100 bytes, sealed on one side and opened on the other, in one process.

import { compare, type Measured, measureRounds } from './rounds.ts'
import type { Topic } from './row.ts'

const unit = 'µs CPU per message'

export const sameChain: Topic = {
  ids: ['crypto.roundtrip.100', 'crypto.roundtrip.100.vodozemac', 'crypto.session.100'],
  needsReferences: () => true,
  async measure() {
    const measured = await measureRounds(
      ['impl-node, suite 1', 'libsignal', 'vodozemac', 'impl-node, whole session'],
      'talk',
    )
    const [ours, libsignal, vodozemac, session] = measured as [Measured, Measured, Measured, Measured]
    return [
      { id: 'crypto.roundtrip.100', unit, ...compare(ours, libsignal), goal: 1 },
      { id: 'crypto.roundtrip.100.vodozemac', unit, ...compare(ours, vodozemac), goal: 1 },
      { id: 'crypto.session.100', unit, ...compare(session, libsignal), goal: null },
    ]
  },
}

export const dhStep: Topic = {
  ids: ['crypto.dhstep.100', 'crypto.dhstep.100.vodozemac'],
  needsReferences: () => true,
  async measure() {
    const measured = await measureRounds(['impl-node, suite 1', 'libsignal', 'vodozemac'], 'takeTurns')
    const [ours, libsignal, vodozemac] = measured as [Measured, Measured, Measured]
    return [
      { id: 'crypto.dhstep.100', unit, ...compare(ours, libsignal), goal: 1 },
      { id: 'crypto.dhstep.100.vodozemac', unit, ...compare(ours, vodozemac), goal: 1 },
    ]
  },
}
