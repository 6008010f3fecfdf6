// Runs one mutant, or a subject without a fault, against what tests the requirements in question.

import type { Support } from '../runner/catalogue.ts'
import { loadRequirements } from '../runner/requirements.ts'
import { run } from '../runner/run.ts'
import { runVectors } from '../runner/vectors.ts'
import { type Mutant, programOf, type SubjectName, subjectOf } from './mutant.ts'

/** What a worker is asked to run: a mutant by its name, or a subject as it is. */
export type Job =
  | { readonly mutant: string }
  | { readonly whole: SubjectName; readonly requirements: readonly string[]; readonly workers: number }

export interface Judged {
  readonly name: string
  readonly subject: SubjectName
  /** Ids of the scenarios and vectors that failed, in their order. */
  readonly failed: readonly string[]
  readonly ran: number
  /** The requirements asked for that something which failed cites. */
  readonly bitten: readonly string[]
  /** Why it could not be judged. */
  readonly trouble?: string
}

/** A fault that does not even run shows nothing. */
const ACCIDENT = /ReferenceError|is not defined/

const { byId } = loadRequirements()

async function judge(
  subject: SubjectName,
  mutant: Mutant | undefined,
  requirements: readonly string[],
  workers: number,
  support: Support,
): Promise<Judged> {
  const program = programOf(subject, mutant)
  const options = { strict: true, looseErrors: false, filter: undefined, requirements, workers, support }
  const tested = requirements.flatMap((id) => byId.get(id) ?? [])
  const outputs = [
    // The scripted relay has no such verb.
    ...(subject !== 'scripted relay' && tested.some(({ vectors }) => vectors.length > 0) ? [runVectors] : []),
    ...(tested.some(({ scenarios }) => scenarios.length > 0) ? [run] : []),
  ]
  const reports = []
  for (const command of outputs) reports.push((await command(program, options)).report)
  const results = reports.flatMap(({ scenarios }) => scenarios)
  const failed = results.filter(({ verdict }) => verdict === 'fail' || verdict === 'non-strict')
  const broken = results.find(
    ({ verdict, message = '' }) => verdict === 'suite-error' || (verdict === 'fail' && ACCIDENT.test(message)),
  )
  const cited = new Set(failed.flatMap((each) => each.requirements))
  const nothing = results.length === 0 ? 'nothing tests what it breaks' : undefined
  const notRun = reports.find(({ outcome }) => outcome.trouble !== undefined)?.outcome.trouble
  const trouble = notRun ?? (broken && `${broken.id}: ${broken.message}`) ?? nothing
  return {
    name: mutant?.name ?? subject,
    subject,
    failed: failed.map(({ id }) => id),
    ran: results.length,
    bitten: requirements.filter((each) => cited.has(each)),
    ...(trouble !== undefined && { trouble }),
  }
}

export const judgeMutant = (mutant: Mutant, support: Support): Promise<Judged> =>
  judge(subjectOf(mutant), mutant, mutant.breaks, 1, support)

export const judgeWhole = (job: Extract<Job, { whole: unknown }>, support: Support): Promise<Judged> =>
  judge(job.whole, undefined, job.requirements, job.workers, support)
