// node conformance/mutants/kill.ts [--only glob … | --part k/n | --part auto] [--check] [--workers n]: runs mutants
// against what tests the requirements that they break, and writes kills.ndjson and kills.md. Fails where a mutant
// survives, where what killed one also fails without its fault, and where a mutant does not find its place in the
// source. With --check, and for a part, nothing is written.

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
import { isOfSource, type Mutant, SUBJECTS } from './mutant.ts'
import { inPart, partOf } from './part.ts'
import { stale } from './spoil.ts'
import { tableOf } from './table.ts'
import { judgeAll } from './workers.ts'

const TABLE = fileURLToPath(new URL('kills.md', import.meta.url))
/** Scenarios at a time of a program without a fault. */
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

/** What killed a mutant has to pass without its fault. */
function jobsWithoutFault(judged: readonly Judged[], workers: number): Job[] {
  return SUBJECTS.flatMap((subject): Job[] => {
    const own = judged.filter((each) => each.subject === subject)
    const ids = [...new Set(own.flatMap(({ bitten }) => Object.values(bitten)))]
    return ids.length > 0 ? [{ whole: subject, ids, workers }] : []
  })
}

const isWhole = ({ name, subject }: Judged) => name === subject

function problemOf(judged: Judged): string | undefined {
  if (judged.trouble !== undefined) return `TROUBLE  ${judged.name}: ${judged.trouble}`
  if (isWhole(judged)) {
    return judged.failed.length > 0 ? `FAILS without a fault: ${judged.name}: ${judged.failed.join(', ')}` : undefined
  }
  return Object.keys(judged.bitten).length === 0 ? `SURVIVED ${judged.name}: ${judged.ran} pass` : undefined
}

function kill({ name, subject, failed, bitten }: Judged, on: string): Kill {
  const [killedBy = null] = Object.values(bitten)
  return { name, subject, killedBy, more: Math.max(0, failed.length - 1), bitten: Object.keys(bitten), on }
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options })
  const places = stale(mutants.filter(isOfSource))
  for (const problem of places) console.error(problem)
  if (places.length > 0) return false

  const chosen = choose(values)
  const workers = Number(values.workers ?? 3 * availableParallelism())
  const digests = new Map(SUBJECTS.map((subject) => [subject, digestFor(subject)]))
  const keeps = !values.check && values.part === undefined
  let kills = readKills()
  const report = (each: Judged) => {
    const passed = isWhole(each)
      ? `whole    ${each.name}: ${each.ran} pass`
      : `killed   ${each.name}: ${Object.values(each.bitten)[0]}`
    console.error(problemOf(each) ?? passed)
    // Trouble is neither a kill nor a survival.
    if (!keeps || isWhole(each) || each.trouble !== undefined) return
    const names = mutants.map(({ name }) => name)
    kills = merged(kills, [kill(each, digests.get(each.subject) as string)], names)
    writeKills(kills)
  }
  const first = await judgeAll(
    chosen.map(({ name }) => ({ mutant: name })),
    workers,
    report,
  )
  // A busy machine is slow to start programs and to answer: what that may have spoilt is judged once more.
  const troubled = first.filter(({ trouble }) => trouble !== undefined)
  const second = await judgeAll(
    troubled.map(({ name }) => ({ mutant: name })),
    Math.ceil(workers / 2),
    report,
  )
  const judged = [...first.filter(({ trouble }) => trouble === undefined), ...second]
  const whole = await judgeAll(jobsWithoutFault(judged, WORKERS), workers, report)
  const doubtful = whole.filter((each) => problemOf(each) !== undefined)
  const alone = await judgeAll(
    doubtful.map(({ subject, failed }) => ({ whole: subject, ids: failed, workers: 1 })),
    1,
    report,
  )
  const problems = [...judged, ...whole.filter((each) => !doubtful.includes(each)), ...alone].flatMap(
    (each) => problemOf(each) ?? [],
  )
  const claimed = claimedBySuite()
  if (keeps) writeFileSync(TABLE, tableOf(mutants, kills, { claimed }))
  const old = kills.filter(({ subject, on }) => on !== digests.get(subject)).length
  if (old > 0)
    console.log(`${old} of the ${kills.length} kills in kills.ndjson were seen on earlier sources or scenarios`)
  const killed = judged.filter((each) => problemOf(each) === undefined).length
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
