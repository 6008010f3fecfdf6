// Where requirement ids are used: vectors, tests, code, the list of what is not tested.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a vector file says about requirements: the ids of flags that a test carries, and all that it names. */
export interface VectorFile {
  readonly name: string
  readonly used: ReadonlySet<string>
  readonly named: ReadonlySet<string>
}

interface VectorJson {
  readonly flags?: Readonly<Record<string, { readonly requirement?: string }>>
  readonly groups?: readonly { readonly tests?: readonly { readonly flags?: readonly string[] }[] }[]
}

export function readVectorFile(name: string, text: string): VectorFile {
  const { flags = {}, groups = [] } = JSON.parse(text) as VectorJson
  const carried = new Set(groups.flatMap(({ tests = [] }) => tests.flatMap((test) => test.flags ?? [])))
  const idsOf = (entries: [string, { readonly requirement?: string }][]) =>
    new Set(entries.flatMap(([, { requirement }]) => (requirement === undefined ? [] : [requirement])))
  return {
    name,
    used: idsOf(Object.entries(flags).filter(([flag]) => carried.has(flag))),
    named: idsOf(Object.entries(flags)),
  }
}

/** A source file with the ids that it may cite. */
export interface SourceFile {
  readonly path: string
  readonly isTest: boolean
  /** Words of the form of an id anywhere in a test, or in a comment of other code. */
  readonly words: ReadonlySet<string>
  /** Those that a comment begins with: they are meant as citations, so they must be known. */
  readonly cited: ReadonlySet<string>
}

const WORD = /(?<![\w.`/-])[a-z]+(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+(?![\w(])/g
const COMMENT = /(?:(?<!:)\/\/|^\s*\/?\*+)\s*(.*)$/gm
const LEADING = /^(?:[a-z]+(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+(?:, | and |$|(?=[:;. ])))+/

export function readSourceFile(path: string, text: string): SourceFile {
  const isTest = path.endsWith('.test.ts') || path.endsWith('.feature')
  const comments = [...text.matchAll(COMMENT)].map((found) => found[1] as string)
  const wordsIn = (part: string) => part.match(WORD) ?? []
  return {
    path,
    isTest,
    words: new Set((isTest ? [text] : comments).flatMap(wordsIn)),
    cited: new Set(comments.flatMap((comment) => wordsIn(LEADING.exec(comment)?.[0] ?? ''))),
  }
}

export const REASONS = ['not-observable', 'user-interface', 'operator', 'statistical'] as const

/** `spec/untested.yaml`: lines of `id: reason`. Problems are returned, not thrown. */
export function readUntested(text: string): { reasons: ReadonlyMap<string, string>; problems: string[] } {
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

/** Every TypeScript and Gherkin file below a folder of the repository, sorted; none where the folder is missing. */
export function sourcesBelow(root: string, folder: string): SourceFile[] {
  const paths = readdirOrNone(join(root, folder))
    .filter((path) => (path.endsWith('.ts') || path.endsWith('.feature')) && !path.includes('node_modules'))
    .map((path) => `${folder}/${path}`)
  return paths.sort().map((path) => readSourceFile(path, readFileSync(join(root, path), 'utf8')))
}

function readdirOrNone(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
