// Which scenarios or cases a run is about.

import { matches } from './configuration.ts'

export interface Selection {
  /** Part of an id, or a requirement id; `*` for any part. */
  readonly filter: string | undefined
  /** Only what cites one of these. */
  readonly requirements?: readonly string[]
  /** Only these. */
  readonly ids?: readonly string[]
}

export function selects(
  { filter, requirements: only, ids }: Selection,
  { id, requirements }: { readonly id: string; readonly requirements: readonly string[] },
): boolean {
  if (only && !requirements.some((each) => only.includes(each))) return false
  if (ids && !ids.includes(id)) return false
  if (filter === undefined) return true
  const wanted = { scenario: filter.includes('*') ? filter : `*${filter}*`, reason: '' }
  return matches(wanted, id) || requirements.includes(filter)
}
