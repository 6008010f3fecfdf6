// Check 6: a scenario that judges a role cites only requirements that bind the role.

import type { Evidence } from './evidence.ts'

export function* misplaced({ scenarios, prose }: Pick<Evidence, 'scenarios' | 'prose'>): Generator<string> {
  const binds = new Map(
    [...prose.values()].flatMap((document) => document.requirements.map(({ id, roles }) => [id, roles] as const)),
  )
  for (const { id, roles, requirements } of scenarios) {
    for (const requirement of requirements) {
      const bound = binds.get(requirement)
      for (const role of roles) {
        if (bound && !bound.includes(role)) yield `${id} judges the ${role}, which ${requirement} does not bind`
      }
    }
  }
}
