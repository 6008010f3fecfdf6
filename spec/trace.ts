// node spec/trace.ts [--check]: joins requirements, vectors, tests, code, messages and codes, says where
// they do not meet, and writes spec/requirements.lock.json and spec/coverage.md.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { emitAsProgram } from '../schemas/generate/emit.ts'
import { type ErrorCode, errorEntry, errors } from '../schemas/src/errors.ts'
import { HANDSHAKE_TYPES } from '../schemas/src/pairing.ts'
import { events, methods } from '../schemas/src/rpc/registry.ts'
import { readUntested, readVectorFile, type SourceFile, sourcesBelow, type VectorFile } from './evidence.ts'
import { documents } from './generate-asyncapi.ts'
import { controlTypes, relayTypes } from './message-types.ts'
import { ID, type Prose, type Requirement, readProse } from './prose.ts'
import { table } from './tables.ts'

export interface Evidence {
  readonly prose: ReadonlyMap<string, Prose>
  readonly vectors: readonly VectorFile[]
  readonly sources: readonly SourceFile[]
  readonly untested: string
  /** The committed lock file, or undefined before the first. */
  readonly lock: string | undefined
}

export interface Traced {
  readonly problems: readonly string[]
  readonly lock: string
  readonly coverage: string
  readonly summary: string
}

interface Lock {
  readonly requirements: readonly { readonly id: string }[]
  readonly withdrawn: readonly string[]
}

const DOCUMENT_NAMES = ['relay', 'pairing', 'session', 'rpc', 'errors', 'versioning', 'security']
/** Methods that the prose speaks of and the registry does not have yet. */
const LATER = ['session.pause', 'session.resume']
const notIds = new Set([...Object.keys(methods), ...Object.keys(events), ...controlTypes, ...LATER])

/** Whether a word in code or prose is meant as a requirement id. */
const looksLikeId = (word: string): boolean =>
  ID.test(word) &&
  DOCUMENT_NAMES.includes(word.slice(0, word.indexOf('.'))) &&
  !notIds.has(word) &&
  !/\.(?:ts|md|json|yaml|yml)$/.test(word)

function* unknownIds({ prose, vectors, sources }: Evidence, known: ReadonlySet<string>): Generator<string> {
  for (const { name, named } of vectors) {
    for (const id of named) if (!known.has(id)) yield `vectors/${name}.json: a flag names ${id}, which no prose has`
  }
  for (const { path, cited } of sources) {
    for (const id of cited) if (looksLikeId(id) && !known.has(id)) yield `${path}: cites ${id}, which no prose has`
  }
  for (const { file, operations } of documents) {
    for (const { name, requirements = [] } of operations) {
      for (const id of requirements) if (!known.has(id)) yield `spec/asyncapi/${file}: ${name} names ${id}`
    }
  }
  for (const [name, { written }] of prose) {
    const inCode = new Set([...written.matchAll(/`([^`\s]+)`/g)].map((found) => found[1] as string))
    for (const id of inCode)
      if (looksLikeId(id) && !known.has(id)) yield `spec/${name}.md: names ${id}, which no prose has`
  }
}

/** Messages, error codes and close codes that the schemas have and no sentence names, and the other way round. */
function* unnamed(prose: Evidence['prose']): Generator<string> {
  const written = [...prose.values()].map((document) => document.written).join('\n')
  const inCode = [...written.matchAll(/`([^`]+)`/g)].map((found) => found[1] as string).join('\n')
  const names = (word: string) => new RegExp(`(?<![\\w.-])${RegExp.escape(word)}(?![\\w-])`).test(inCode)
  for (const type of [...relayTypes, ...controlTypes]) if (!names(type)) yield `no prose names the message ${type}`
  for (const name of [...Object.keys(methods), ...Object.keys(events)]) if (!names(name)) yield `no prose names ${name}`
  for (const name of Object.keys(HANDSHAKE_TYPES)) {
    if (!new RegExp(`\\b${name}\\b`).test(written)) yield `no prose names the message ${name}`
  }
  const codes = Object.keys(errors) as ErrorCode[]
  for (const code of codes) if (!names(code)) yield `no prose names the error ${code}`
  const closes = new Set(codes.map((code) => errorEntry(code).close).filter((close) => close !== undefined))
  const written44 = new Set((written.match(/\b44\d\d\b/g) ?? []).map(Number))
  for (const close of closes) {
    if (!new RegExp(`\\b${close}\\b`).test(written)) yield `no prose names the close code ${close}`
  }
  // 4400 to 4499 is how relay.md speaks of all of them.
  for (const close of written44) if (!closes.has(close) && close !== 4499) yield `prose names the close code ${close}`
}

interface Row extends Requirement {
  readonly vectors: readonly string[]
  readonly tests: number
  readonly code: number
  readonly reason: string
  readonly covered: boolean
}

const optional = (level: string): boolean => level === 'MAY' || level === 'OPTIONAL'

/** Pure: everything that is read comes in, everything that is written comes out. */
export function trace(evidence: Evidence): Traced {
  const { prose, vectors, sources, untested, lock } = evidence
  const problems = [...prose.values()].flatMap((document) => document.problems)
  const requirements = [...prose.values()].flatMap((document) => document.requirements)
  const known = new Set(requirements.map(({ id }) => id))
  if (known.size < requirements.length) {
    const twice = requirements.filter(({ id }, i) => requirements.findIndex((other) => other.id === id) < i)
    problems.push(...twice.map(({ id }) => `${id} is used twice`))
  }

  const { reasons, problems: unreadable } = readUntested(untested)
  problems.push(...unreadable)
  for (const id of reasons.keys()) if (!known.has(id)) problems.push(`spec/untested.yaml: ${id} is in no prose`)

  const { requirements: locked, withdrawn } = (
    lock === undefined ? { requirements: [], withdrawn: [] } : JSON.parse(lock)
  ) as Lock
  const gone = locked.filter(({ id }) => !known.has(id) && !withdrawn.includes(id))
  problems.push(...gone.map(({ id }) => `${id} is gone: list it as withdrawn in requirements.lock.json`))
  for (const id of withdrawn) if (known.has(id)) problems.push(`${id} was withdrawn and is never used again`)

  problems.push(...unknownIds(evidence, known), ...unnamed(prose))

  const rows = requirements.map((requirement): Row => {
    const { id } = requirement
    const inVectors = vectors.filter(({ used }) => used.has(id)).map(({ name }) => name)
    const citing = sources.filter(({ words }) => words.has(id))
    const tests = citing.filter(({ isTest }) => isTest).length
    const reason = reasons.get(id) ?? ''
    const covered = inVectors.length > 0 || citing.length > 0 || reason !== '' || optional(requirement.level)
    return { ...requirement, vectors: inVectors, tests, code: citing.length - tests, reason, covered }
  })

  const count = (test: (row: Row) => boolean) => rows.filter(test).length
  const summary =
    `${rows.length} requirements: ${count(({ vectors: files }) => files.length > 0)} in vectors, ` +
    `${count(({ tests }) => tests > 0)} in tests, ${count(({ code }) => code > 0)} in code, ` +
    `${count(({ reason }) => reason !== '')} untested with a reason, ${count(({ covered }) => !covered)} uncovered`
  // Writing the lock file anew would forget what is gone.
  const newLock = gone.length > 0 && lock !== undefined ? lock : lockText(rows, withdrawn)
  return { problems, summary, lock: newLock, coverage: coverageText(rows, summary) }
}

const wordList = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(', ')}]`

/** In the formatter's style: lists of words on one line. */
function lockText(rows: readonly Row[], withdrawn: readonly string[]): string {
  const entries = rows.map(({ id, level, roles, textSha256, vectors }) =>
    [
      '    {',
      `      "id": ${JSON.stringify(id)},`,
      `      "level": ${JSON.stringify(level)},`,
      `      "roles": ${wordList(roles)},`,
      `      "textSha256": ${JSON.stringify(textSha256)},`,
      `      "vectors": ${wordList(vectors)}`,
      '    }',
    ].join('\n'),
  )
  return `{\n  "requirements": [\n${entries.join(',\n')}\n  ],\n  "withdrawn": ${wordList(withdrawn)}\n}\n`
}

function coverageText(rows: readonly Row[], summary: string): string {
  const cells = (row: Row) => [
    `\`${row.id}\``,
    row.level,
    row.roles.join(', '),
    row.vectors.join(', '),
    row.tests === 0 ? '' : String(row.tests),
    row.code === 0 ? '' : String(row.code),
    row.covered ? row.reason : 'uncovered',
  ]
  return [
    '# Coverage',
    'Written by `spec/trace.ts`. _vectors_ names the vector files in which a test carries the requirement; _tests_ and _code_ count the files that cite it; _note_ gives the reason of `untested.yaml`.',
    `${summary}.`,
    table(['requirement', 'level', 'roles', 'vectors', 'tests', 'code', 'note'], rows.map(cells)),
    '',
  ]
    .join('\n\n')
    .replace(/\n\n$/, '\n')
}

const readOr = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Folders whose code and tests may cite requirements. */
const CITING = ['schemas/src', 'vectors', 'impl-node', 'impl-deno', 'conformance']

export function gather(root: string): Evidence {
  const names = DOCUMENT_NAMES.filter((name) => readOr(join(root, 'spec', `${name}.md`)) !== undefined)
  const vectorFiles = readdirSync(join(root, 'vectors')).filter(
    (file) => file.endsWith('.json') && file !== 'package.json',
  )
  return {
    prose: new Map(names.map((name) => [name, readProse(name, readOr(join(root, 'spec', `${name}.md`)) ?? '')])),
    vectors: vectorFiles
      .sort()
      .map((file) => readVectorFile(file.slice(0, -5), readFileSync(join(root, 'vectors', file), 'utf8'))),
    sources: CITING.flatMap((folder) => sourcesBelow(root, folder)),
    untested: readOr(join(root, 'spec/untested.yaml')) ?? '',
    lock: readOr(join(root, 'spec/requirements.lock.json')),
  }
}

/** Reads the repository, reports what does not meet, and writes or compares the two files. */
export function emitTrace(): void {
  const { problems, summary, lock, coverage } = trace(gather(join(import.meta.dirname, '..')))
  for (const problem of problems) console.error(`spec trace: ${problem}`)
  if (problems.length > 0) process.exitCode = 1
  const files = { 'requirements.lock.json': lock, 'coverage.md': coverage }
  emitAsProgram('spec trace', import.meta.dirname, new Map(Object.entries(files)))
  console.log(`spec trace: ${summary}`)
}

if (import.meta.main) emitTrace()
