// Runs one mutant against what tests the requirements that it breaks, or its program without a fault against what
// killed mutants of it.

import type { Report } from '../report/report.ts'
import type { LoadedImplementation } from '../runner/configuration.ts'
import type { Support } from '../runner/cucumber.ts'
import { loadRequirements } from '../runner/requirements.ts'
import { run } from '../runner/run.ts'
import type { Selection } from '../runner/selection.ts'
import { runVectors } from '../runner/vectors.ts'
import { type Mutant, type SubjectName, subjectOf } from './mutant.ts'
import { withProgram } from './subject.ts'

/** What a worker is asked to run: a mutant by its name, or a program without a fault on some scenarios and cases. */
export type Job =
  | { readonly mutant: string }
  | { readonly whole: SubjectName; readonly ids: readonly string[]; readonly workers: number }

export interface Judged {
  readonly name: string
  readonly subject: SubjectName
  /** Ids of the scenarios and vectors that failed, in their order. */
  readonly failed: readonly string[]
  readonly ran: number
  /** Of a mutant: the requirements that it breaks, each with the first scenario or vector of it that failed. */
  readonly bitten: Readonly<Record<string, string>>
  /** Why it could not be judged. */
  readonly trouble?: string
}

/** A fault that does not even run shows nothing. */
const ACCIDENT = /ReferenceError|is not defined/

const { byId } = loadRequirements()
type Results = Report['scenarios']

const failures = (results: Results) => results.filter(({ verdict }) => verdict === 'fail' || verdict === 'non-strict')

function troubleOf(reports: readonly Report[]): { trouble?: string } {
  const notRun = reports.find(({ outcome }) => outcome.trouble !== undefined)?.outcome.trouble
  const results = reports.flatMap(({ scenarios }) => scenarios)
  const broken = results.find(
    ({ verdict, message = '' }) => verdict === 'suite-error' || (verdict === 'fail' && ACCIDENT.test(message)),
  )
  const nothing = results.length === 0 ? 'nothing tests it' : undefined
  const trouble = notRun ?? (broken && `${broken.id}: ${broken.message}`) ?? nothing
  return trouble === undefined ? {} : { trouble }
}

const optionsFor = (support: Support, selection: Omit<Selection, 'filter'>, workers: number) => ({
  ...{ strict: true, looseErrors: false, filter: undefined, workers, support },
  ...selection,
})

const hasVectors = (id: string) => (byId.get(id)?.vectors.length ?? 0) > 0
const hasScenarios = (id: string) => (byId.get(id)?.scenarios.length ?? 0) > 0

/** The vectors first, because they are quick; then the scenarios of what they have not shown. */
async function bite(mutant: Mutant, program: LoadedImplementation, support: Support): Promise<Judged> {
  const subject = subjectOf(mutant)
  const reports: Report[] = []
  const ask = async (
    command: (program: LoadedImplementation, options: never) => Promise<{ report: Report }>,
    requirements: readonly string[],
  ) => {
    if (requirements.length === 0) return
    const { report } = await command(program, optionsFor(support, { requirements }, 1) as never)
    reports.push(report)
  }
  const bitten = () => {
    const failed = failures(reports.flatMap(({ scenarios }) => scenarios))
    const pairs = mutant.breaks.map((id) => [id, failed.find(({ requirements }) => requirements.includes(id))?.id])
    return Object.fromEntries(pairs.filter(([, killer]) => killer !== undefined)) as Record<string, string>
  }
  // The scripted relay has no verb for them.
  if (subject !== 'scripted relay') await ask(runVectors, mutant.breaks.filter(hasVectors))
  const shown = bitten()
  await ask(
    run,
    mutant.breaks.filter((id) => hasScenarios(id) && !(id in shown)),
  )
  const results = reports.flatMap(({ scenarios }) => scenarios)
  const failed = failures(results).map(({ id }) => id)
  return { name: mutant.name, subject, failed, ran: results.length, bitten: bitten(), ...troubleOf(reports) }
}

export async function judgeMutant(mutant: Mutant, support: Support): Promise<Judged> {
  const subject = subjectOf(mutant)
  try {
    return await withProgram(subject, mutant, (program) => bite(mutant, program, support))
  } catch (error) {
    // A fault that does not compile shows nothing.
    const { message: trouble } = error as Error
    return { name: mutant.name, subject, failed: [], ran: 0, bitten: {}, trouble }
  }
}

export function judgeWhole(
  { whole, ids, workers }: Extract<Job, { whole: unknown }>,
  support: Support,
): Promise<Judged> {
  return withProgram(whole, undefined, async (program) => {
    const isVector = (id: string) => id.startsWith('vectors/')
    const reports: Report[] = []
    if (ids.some(isVector)) reports.push((await runVectors(program, optionsFor(support, { ids }, workers))).report)
    if (!ids.every(isVector)) reports.push((await run(program, optionsFor(support, { ids }, workers))).report)
    const results = reports.flatMap(({ scenarios }) => scenarios)
    const passed = new Set(results.filter(({ verdict }) => verdict === 'pass').map(({ id }) => id))
    const failed = ids.filter((id) => !passed.has(id))
    return { name: whole, subject: whole, failed, ran: results.length, bitten: {}, ...troubleOf(reports) }
  })
}
