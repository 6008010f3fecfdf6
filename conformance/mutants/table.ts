// kills.md: the kill table for people.

import { formatted } from '../generated.ts'
import type { Kill } from './kills.ts'
import { type Mutant, SUBJECTS, type SubjectName, subjectOf } from './mutant.ts'

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const code = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(', ')

const killer = (kill: Kill | undefined) => {
  if (!kill) return 'not run yet'
  if (kill.killedBy === null) return '**survived**'
  return kill.more > 0 ? `\`${kill.killedBy}\` and ${kill.more} more` : `\`${kill.killedBy}\``
}

const titles: Readonly<Record<SubjectName, readonly [title: string, a: string, what: string]>> = {
  'scripted relay': ['The scripted relay', 'a relay', 'The relay of the suite itself, spoiled by a subclass.'],
  relay: ['The relay for Node', 'a relay', 'One place of one source file of `impl-node` is changed as it is loaded.'],
  agent: ['The agent for Node', 'an agent', 'One place of one source file of `impl-node` is changed as it is loaded.'],
  controller: [
    'The controller for Node',
    'a controller',
    'One place of one source file of `impl-node` is changed as it is loaded.',
  ],
}

export interface Claims {
  /** Requirements at the level MUST that a scenario or a vector tests. */
  readonly claimed: readonly string[]
}

export function tableOf(mutants: readonly Mutant[], kills: readonly Kill[], { claimed }: Claims): string {
  const byName = new Map(kills.map((kill) => [kill.name, kill]))
  const killed = kills.filter(({ killedBy }) => killedBy !== null).length
  const bitten = new Set(kills.flatMap((kill) => kill.bitten))
  const without = claimed.filter((id) => !bitten.has(id))
  const sections = SUBJECTS.map((subject) => {
    const own = mutants.filter((mutant) => subjectOf(mutant) === subject)
    const [title, a, what] = titles[subject]
    const rows = own.map(({ name, does, breaks }) => row([`\`${name}\``, does, code(breaks), killer(byName.get(name))]))
    const head = [row(['mutant', `${a} that …`, 'breaks', 'killed by']), row(['---', '---', '---', '---'])]
    return own.length === 0 ? '' : [`## ${title}`, what, [...head, ...rows].join('\n')].join('\n\n')
  })
  const text = [
    '# Mutants, and what kills them',
    'Written by `conformance/mutants/kill.ts`. A mutant is a program with one small fault. It is killed when a scenario or a vector of a requirement that it breaks fails; without the fault, the same program passes them all.',
    `${killed} of ${mutants.length} mutants are killed. Of the ${claimed.length} requirements at the level MUST that a scenario or a vector tests, ${claimed.length - without.length} have killed a mutant${without.length > 0 ? `; none yet: ${code(without)}` : ''}.`,
    ...sections.filter((section) => section !== ''),
    '',
  ]
  return formatted('mutants/kills.md', text.join('\n\n'))
}
