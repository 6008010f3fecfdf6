// spec/untested.yaml: requirements that no scenario and no vector can show, each with one reason.

export const REASONS = ['not-observable', 'user-interface', 'operator', 'statistical'] as const

export interface Untested {
  readonly reasons: ReadonlyMap<string, string>
  readonly problems: readonly string[]
}

/** Lines of `id: reason`. Problems are returned, not thrown. */
export function readUntested(text: string): Untested {
  const reasons = new Map<string, string>()
  const problems: string[] = []
  for (const line of text.split('\n').filter((entry) => entry.trim() !== '' && !entry.startsWith('#'))) {
    const [, id, reason] = /^([a-z0-9.-]+): ([a-z-]+)$/.exec(line) ?? []
    if (id === undefined || reason === undefined) problems.push(`spec/untested.yaml: cannot read "${line}"`)
    else if (!(REASONS as readonly string[]).includes(reason)) {
      problems.push(`spec/untested.yaml: ${id}: "${reason}" is none of ${REASONS.join(', ')}`)
    } else if (reasons.has(id)) problems.push(`spec/untested.yaml: ${id} is listed twice`)
    else reasons.set(id, reason)
  }
  return { reasons, problems }
}
