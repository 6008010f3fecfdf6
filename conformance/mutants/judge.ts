// Runs one mutant, or a subject without a fault, against what tests the requirements in question.

import type { Support } from '../runner/catalogue.ts'
import { run } from '../runner/run.ts'
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

/** A fault that does not even run shows nothing: the first says so of a mutant, the second of its names. */
const ACCIDENT = /ReferenceError|is not defined/

async function judge(
  subject: SubjectName,
  mutant: Mutant | undefined,
  requirements: readonly string[],
  workers: number,
  support: Support,
): Promise<Judged> {
  const options = { strict: true, looseErrors: false, filter: undefined, requirements, workers, support }
  const { report } = await run(programOf(subject, mutant), options)
  const failed = report.scenarios.filter(({ verdict }) => verdict === 'fail' || verdict === 'non-strict')
  const broken = report.scenarios.find(
    ({ verdict, message = '' }) => verdict === 'suite-error' || (verdict === 'fail' && ACCIDENT.test(message)),
  )
  const cited = new Set(failed.flatMap((each) => each.requirements))
  const nothing = report.scenarios.length === 0 ? 'nothing tests what it breaks' : undefined
  const trouble = report.outcome.trouble ?? (broken && `${broken.id}: ${broken.message}`) ?? nothing
  return {
    name: mutant?.name ?? subject,
    subject,
    failed: failed.map(({ id }) => id),
    ran: report.scenarios.length,
    bitten: requirements.filter((each) => cited.has(each)),
    ...(trouble !== undefined && { trouble }),
  }
}

export const judgeMutant = (mutant: Mutant, support: Support): Promise<Judged> =>
  judge(subjectOf(mutant), mutant, mutant.breaks, 1, support)

export const judgeWhole = (job: Extract<Job, { whole: unknown }>, support: Support): Promise<Judged> =>
  judge(job.whole, undefined, job.requirements, job.workers, support)
