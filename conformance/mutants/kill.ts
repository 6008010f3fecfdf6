// node conformance/mutants/kill.ts [--only glob … | --part k/n | --part auto] [--check] [--workers n]: runs mutants against what tests
// the requirements that they break, and writes kills.ndjson and kills.md. Fails where a mutant survives, where the
// same program fails without a fault, and where a mutant does not find its place in the source. With --check, and
// for a part, nothing is written.

import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { UsageError } from '../runner/configuration.ts'
import { claimedBySuite } from './claimed.ts'
import { digestFor } from './digest.ts'
import { mutants } from './every.ts'
import type { Job, Judged } from './judge.ts'
import { type Kill, merged, readKills, writeKills } from './kills.ts'
import { isOfSource, type Mutant, SUBJECTS, subjectOf } from './mutant.ts'
import { inPart, partOf } from './part.ts'
import { stale } from './spoil.ts'
import { tableOf } from './table.ts'
import { judgeAll } from './workers.ts'

const TABLE = fileURLToPath(new URL('kills.md', import.meta.url))
/** Scenarios at a time of a program without a fault, which has many to pass. */
const WORKERS = 4

const options = {
  only: { type: 'string', multiple: true },
  part: { type: 'string' },
  check: { type: 'boolean', default: false },
  workers: { type: 'string' },
} as const

function choose({ only, part }: { only?: string[] | undefined; part?: string | undefined }): readonly Mutant[] {
  if (only !== undefined) {
    const wanted = only.map((glob) => new RegExp(`^${glob.split('*').map(RegExp.escape).join('.*')}$`))
    const found = mutants.filter(({ name }) => wanted.some((each) => each.test(name)))
    if (found.length === 0) throw new UsageError(`There is no mutant ${only.join(' ')}`)
    return found
  }
  if (part === undefined) return mutants
  const { number, of } = partOf(part, mutants.length)
  console.log(`part ${number} of ${of}; the same again: npm run mutants -- --part ${number}/${of}`)
  return inPart(mutants, { number, of })
}

/** Each subject without a fault first: it has the most to do. */
function jobsFor(chosen: readonly Mutant[]): Job[] {
  const whole = SUBJECTS.flatMap((subject): Job[] => {
    const requirements = [
      ...new Set(chosen.filter((mutant) => subjectOf(mutant) === subject).flatMap(({ breaks }) => breaks)),
    ]
    return requirements.length > 0 ? [{ whole: subject, requirements, workers: WORKERS }] : []
  })
  return [...whole, ...chosen.map(({ name }) => ({ mutant: name }))]
}

const isWhole = ({ name, subject }: Judged) => name === subject

function problemOf(judged: Judged): string | undefined {
  if (judged.trouble !== undefined) return `TROUBLE  ${judged.name}: ${judged.trouble}`
  if (isWhole(judged)) {
    return judged.failed.length > 0 ? `FAILS without a fault: ${judged.name}: ${judged.failed.join(', ')}` : undefined
  }
  return judged.failed.length === 0 ? `SURVIVED ${judged.name}: ${judged.ran} pass` : undefined
}

/** A busy machine is slow to start programs and to answer: what that may have spoilt is judged once more. */
function again(judged: Judged): Job[] {
  if (isWhole(judged)) {
    const { subject, bitten, failed } = judged
    return failed.length > 0 ? [{ whole: subject, requirements: bitten, workers: 1 }] : []
  }
  return judged.trouble !== undefined ? [{ mutant: judged.name }] : []
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options })
  const places = stale(mutants.filter(isOfSource))
  for (const problem of places) console.error(problem)
  if (places.length > 0) return false

  const chosen = choose(values)
  const workers = Number(values.workers ?? 3 * availableParallelism())
  const report = (each: Judged) => {
    const passed = isWhole(each)
      ? `whole    ${each.name}: ${each.ran} pass`
      : `killed   ${each.name}: ${each.failed[0]}`
    console.error(problemOf(each) ?? passed)
  }
  const first = await judgeAll(jobsFor(chosen), workers, report)
  const second = await judgeAll(first.flatMap(again), Math.ceil(workers / 2), report)
  const renewed = new Map(second.map((each) => [each.name, each]))
  const judged = first.map((each) => renewed.get(each.name) ?? each)
  const problems = judged.flatMap((each) => problemOf(each) ?? [])
  const digests = new Map(SUBJECTS.map((subject) => [subject, digestFor(subject)]))
  const news = judged
    // Trouble is neither a kill nor a survival.
    .filter((each) => !isWhole(each) && each.trouble === undefined)
    .map(
      ({ name, subject, failed, bitten }): Kill => ({
        ...{ name, subject, killedBy: failed[0] ?? null },
        ...{ more: Math.max(0, failed.length - 1), bitten, on: digests.get(subject) as string },
      }),
    )
  const kills = merged(
    readKills(),
    news,
    mutants.map(({ name }) => name),
  )
  const claimed = claimedBySuite()
  if (!values.check && values.part === undefined) {
    writeKills(kills)
    writeFileSync(TABLE, tableOf(mutants, kills, { claimed }))
  }
  const old = kills.filter(({ subject, on }) => on !== digests.get(subject)).length
  if (old > 0)
    console.log(`${old} of the ${kills.length} kills in kills.ndjson were seen on earlier sources or scenarios`)
  const killed = news.filter(({ killedBy }) => killedBy !== null).length
  console.log(`${killed} of ${chosen.length} mutants are killed`)
  for (const problem of problems) console.log(problem)
  if (chosen.length < mutants.length) return problems.length === 0
  const bitten = new Set(kills.flatMap((kill) => kill.bitten))
  const without = claimed.filter((id) => !bitten.has(id))
  for (const id of without) console.log(`no mutant of ${id} dies`)
  return problems.length === 0 && without.length === 0
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
