// What the suite claims to test.

import { catalogue, type Support } from '../runner/catalogue.ts'
import { isMandatory, loadRequirements } from '../runner/requirements.ts'
import { ROLES_IN_SUITE } from '../runner/run.ts'

/** Requirements at the level MUST of which a scenario decides, in the order of the spec. */
export async function claimedBySuite(support: Support): Promise<string[]> {
  const requirements = loadRequirements()
  const scenarios = await Promise.all(ROLES_IN_SUITE.map((role) => catalogue(role, support, requirements)))
  const cited = new Set(
    scenarios
      .flat()
      .filter(({ isInformational }) => !isInformational)
      .flatMap((each) => each.requirements),
  )
  return requirements.all.filter(({ id, level }) => cited.has(id) && isMandatory(level)).map(({ id }) => id)
}
