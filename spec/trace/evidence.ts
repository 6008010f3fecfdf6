// All that the checks look at, read from the repository.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Prose, readProse } from '../prose.ts'
import { readFeature, type Scenario } from './features.ts'
import { type Runs, readRuns } from './runs.ts'
import { readSourceFile, type SourceFile } from './sources.ts'
import { readUntested, type Untested } from './untested.ts'
import { readVectorFile, type VectorFile } from './vectors.ts'

export interface Evidence {
  readonly prose: ReadonlyMap<string, Prose>
  readonly vectors: readonly VectorFile[]
  readonly scenarios: readonly Scenario[]
  readonly sources: readonly SourceFile[]
  readonly untested: Untested
  readonly runs: Runs
  /** The committed lock file, or undefined before the first. */
  readonly lock: string | undefined
}

export const DOCUMENT_NAMES = [
  'relay',
  'cluster',
  'pairing',
  'session',
  'rpc',
  'errors',
  'versioning',
  'security',
] as const

/** Folders whose code may cite requirements. */
const CITING = ['schemas/src', 'vectors', 'impl-node', 'impl-deno', 'conformance']

const orNone = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function gather(root: string): Evidence {
  const read = (path: string) => orNone(() => readFileSync(join(root, path), 'utf8'))
  const below = (folder: string, ending: string) =>
    (orNone(() => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) ?? [])
      .filter((path) => path.endsWith(ending) && !path.includes('node_modules'))
      .map((path) => `${folder}/${path}`)
      .sort()
  const each = <T>(paths: readonly string[], make: (path: string, text: string) => T): T[] =>
    paths.map((path) => make(path, readFileSync(join(root, path), 'utf8')))

  const vectorFiles = readdirSync(join(root, 'vectors'))
    .filter((file) => file.endsWith('.json') && file !== 'package.json')
    .sort()
  const documents = DOCUMENT_NAMES.flatMap((name) => {
    const text = read(`spec/${name}.md`)
    return text === undefined ? [] : [[name, readProse(name, text)] as const]
  })
  return {
    prose: new Map(documents),
    vectors: each(
      vectorFiles.map((file) => `vectors/${file}`),
      (path, text) => readVectorFile(path.slice('vectors/'.length, -'.json'.length), text),
    ),
    // Those of features/interop show that programs meet, and judge no requirement.
    scenarios: each(
      below('conformance/features', '.feature').filter((path) => !path.includes('/interop/')),
      readFeature,
    ).flat(),
    sources: CITING.flatMap((folder) => each(below(folder, '.ts'), readSourceFile)),
    untested: readUntested(read('spec/untested.yaml') ?? ''),
    runs: readRuns(read('conformance/tested.ndjson'), read('conformance/mutants/kills.ndjson')),
    lock: read('spec/requirements.lock.json'),
  }
}
