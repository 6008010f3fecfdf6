// What the mutants of one subject ran on, in eight hex digits: another digest means that they should run again.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SubjectName } from './mutant.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SUITE = ['conformance/steps', 'conformance/peers', 'conformance/shim', 'conformance/runner', 'schemas/src']

const folders: Readonly<Record<SubjectName, readonly string[]>> = {
  'scripted relay': ['conformance/features/relay', 'conformance/mutants/relay'],
  relay: ['conformance/features/relay', 'conformance/mutants/endpoint', 'impl-node'],
  agent: ['conformance/features', 'conformance/mutants/endpoint', 'impl-node', 'vectors'],
  controller: ['conformance/features', 'conformance/mutants/endpoint', 'impl-node', 'vectors'],
}

const counts = (path: string) =>
  /\.(?:ts|feature|json)$/.test(path) && !/\.test\.ts$|\.schema\.json$|node_modules|package\.json$/.test(path)

/** Of the files below `roots` of the repository, in any order of theirs. */
export function digestOf(roots: readonly string[], root = ROOT): string {
  const hash = createHash('sha256')
  const paths = roots.flatMap((folder) =>
    readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
  )
  for (const path of paths.filter(counts).sort()) {
    hash.update(`${path}\0`).update(
      createHash('sha256')
        .update(readFileSync(`${root}/${path}`))
        .digest(),
    )
  }
  return hash.digest('hex').slice(0, 8)
}

export const digestFor = (subject: SubjectName): string => digestOf([...SUITE, ...folders[subject]])
