// What the suite claims to test.

import { isMandatory, loadRequirements } from '../runner/requirements.ts'

/** Requirements at the level MUST that a scenario or a vector decides, in the order of the spec. */
export const claimedBySuite = (): string[] =>
  loadRequirements()
    .all.filter(({ level, scenarios, vectors }) => isMandatory(level) && scenarios.length + vectors.length > 0)
    .map(({ id }) => id)
