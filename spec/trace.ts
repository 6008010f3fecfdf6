// node spec/trace.ts [--check]: joins requirements, scenarios, vectors, mutants, runs, messages and codes,
// says where they do not meet, and writes spec/requirements.lock.json and spec/coverage.md.
//
// The nine checks, one file each: prose.ts (1), trace/ids.ts (2, 4), cover.ts (3), negative.ts (5), roles.ts (6),
// lock.ts (7), ran.ts (8), names.ts (9).

import { join } from 'node:path'
import { emitAsProgram } from '../schemas/generate/emit.ts'
import { uncovered, ungranted } from './trace/cover.ts'
import { coverageText, summaryOf } from './trace/coverage.ts'
import { type Evidence, gather } from './trace/evidence.ts'
import { reused, unknown } from './trace/ids.ts'
import { lockText, readLock } from './trace/lock.ts'
import { misnamed, unnamedByProse, unnamedByTests } from './trace/names.ts'
import { neverRefused } from './trace/negative.ts'
import { notRun, toothless } from './trace/ran.ts'
import { misplaced } from './trace/roles.ts'
import { type Row, rowsOf } from './trace/rows.ts'

export interface Traced {
  readonly problems: readonly string[]
  readonly lock: string
  readonly coverage: string
  readonly summary: string
}

type Check = (evidence: Evidence, rows: readonly Row[]) => Iterable<string>

const checks: readonly Check[] = [
  ({ prose, untested }) => [...[...prose.values()].flatMap((document) => document.problems), ...untested.problems],
  ({ lock }, rows) => reused(rows, readLock(lock)),
  unknown,
  (_, rows) => uncovered(rows),
  ({ scenarios }) => ungranted(scenarios),
  (_, rows) => neverRefused(rows),
  misplaced,
  ({ runs }, rows) => notRun(rows, runs),
  (_, rows) => toothless(rows),
  ({ prose }) => unnamedByProse(prose),
  unnamedByTests,
  misnamed,
]

/** Pure: everything that is read comes in, everything that is written comes out. */
export function trace(evidence: Evidence): Traced {
  const rows = rowsOf(evidence)
  const { requirements, withdrawn } = readLock(evidence.lock)
  const known = new Set(rows.map(({ id }) => id))
  // Writing the lock file anew would forget what is gone.
  const forgets = requirements.some(({ id }) => !known.has(id) && !withdrawn.includes(id))
  return {
    problems: checks.flatMap((check) => [...check(evidence, rows)]),
    summary: summaryOf(rows),
    lock: forgets && evidence.lock !== undefined ? evidence.lock : lockText(rows, withdrawn),
    coverage: coverageText(rows),
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
