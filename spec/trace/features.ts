// Reads the scenarios out of feature files: who is judged, by which requirements, in which words. Only the Gherkin
// that the suite uses; Cucumber itself reads the same files where they run.

import { ROLES, type Role } from '../prose.ts'

export interface Scenario {
  /** `relay/bind/the-65th-route-is-refused`; of an outline, its name with the holes. */
  readonly id: string
  readonly path: string
  /** By the tags of the feature or scenario, else by the folder. */
  readonly roles: readonly Role[]
  readonly requirements: readonly string[]
  /** It records what the spec leaves open, and so tests nothing. */
  readonly isInformational: boolean
  /** Its scripted peer does what it must not, or asks for what it must not get: the tag `@negative`. */
  readonly isNegative: boolean
  /** Its steps with those of the background, its tables and texts. */
  readonly text: string
}

interface Block {
  readonly name: string
  readonly tags: readonly string[]
  readonly lines: string[]
  readonly examples: { readonly tags: readonly string[]; readonly lines: string[] }[]
}

const HEAD =
  /^(Feature|Rule|Background|Scenario Outline|Scenario Template|Scenario|Example|Examples|Scenarios):\s*(.*)$/

const slug = (name: string) =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

/** `path` is that in the repository: `conformance/features/<folder>/<topic>.feature`. */
export function readFeature(path: string, source: string): Scenario[] {
  const [folder = '', topic = ''] = path
    .replace(/\.feature$/, '')
    .split('/')
    .slice(-2)
  const scenarios: Scenario[] = []
  let tags: string[] = []
  let ofFeature: readonly string[] = []
  let ofRule: readonly string[] = []
  let background: string[] = []
  let into: string[] = []
  let inText = false
  let block: Block | undefined

  const finish = () => {
    if (!block) return
    const { name, lines, examples, tags: own } = block
    const id = `${folder}/${topic}/${slug(name)}`
    for (const part of examples.length > 0 ? examples : [{ tags: [], lines: [] }]) {
      const all = [...ofFeature, ...ofRule, ...own, ...part.tags]
      const named = ROLES.filter((role) => all.includes(`@${role}`))
      scenarios.push({
        ...{ id, path, roles: named.length > 0 ? named : ROLES.filter((role) => role === folder) },
        requirements: [...new Set(all.filter((tag) => tag.startsWith('@req:')).map((tag) => tag.slice(5)))],
        isInformational: all.includes('@informational'),
        isNegative: all.includes('@negative'),
        text: [name, ...background, ...lines, ...part.lines].join('\n'),
      })
    }
    block = undefined
  }

  for (const line of source.split('\n').map((each) => each.trim())) {
    if (line.startsWith('"""')) inText = !inText
    const [, keyword, name = ''] = inText ? [] : (HEAD.exec(line) ?? [])
    if (!inText && line.startsWith('@')) tags.push(...line.split(/\s+/))
    else if (keyword === undefined) {
      if (!line.startsWith('#')) into.push(line)
    } else {
      if (keyword.startsWith('Examples') || keyword === 'Scenarios') {
        into = []
        block?.examples.push({ tags, lines: into })
      } else {
        finish()
        into = []
        if (keyword === 'Feature') ofFeature = tags
        else if (keyword === 'Rule') ofRule = tags
        else if (keyword === 'Background') background = into
        else block = { name, tags, lines: into, examples: [] }
      }
      tags = []
    }
  }
  finish()
  return scenarios
}
