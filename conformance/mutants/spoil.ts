// Puts the fault of a mutant into the text of a source file.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Change } from '../implementations/bundle.ts'
import type { EndpointMutant } from './mutant.ts'

export type Place = Pick<EndpointMutant, 'name' | 'file' | 'find' | 'replace'>

const pathOf = ({ file }: Place): string => fileURLToPath(new URL(`../../${file}`, import.meta.url))

/** Throws where the place is not there exactly once: the source has moved on, and the mutant with it must. */
export function spoil(text: string, { name, file, find, replace }: Place): string {
  const [before = '', after, ...more] = text.split(find)
  if (after === undefined) throw new Error(`The mutant ${name} does not find its place in ${file}: ${find}`)
  if (more.length > 0) throw new Error(`The mutant ${name} finds ${more.length + 1} places in ${file}: ${find}`)
  if (find === replace) throw new Error(`The mutant ${name} changes nothing`)
  return before + replace + after
}

/** The fault, for a bundle of the program. */
export function spoilFile(place: Place): Change {
  const spoiled = pathOf(place)
  return (path, text) => (path === spoiled ? spoil(text, place) : text)
}

/** What is wrong with the places of `mutants`, as sentences. */
export function stale(mutants: readonly Place[]): string[] {
  return mutants.flatMap((mutant) => {
    try {
      spoil(readFileSync(pathOf(mutant), 'utf8'), mutant)
      return []
    } catch (error) {
      return [(error as Error).message]
    }
  })
}
