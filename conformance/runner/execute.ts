// Runs scenarios, and says of each how it ended.

import { NOTE_TYPE, type Parameters, TRANSCRIPT_TYPE } from '../steps/parameters.ts'
import type { Scenario } from './catalogue.ts'
import { cucumber, type Envelope, type Support } from './cucumber.ts'
import { type Ending, type Judged, judge } from './verdict.ts'

export interface Result extends Judged {
  readonly scenario: Scenario
  readonly milliseconds: number
  /** NDJSON. */
  readonly transcript: string
  /** It failed at first: runner/again.ts. */
  readonly isUnsteady?: boolean
}

interface Attempt {
  readonly pickle: string
  began: number
  ended: number
  readonly endings: Ending[]
  readonly notes: string[]
  transcript: string
}

const millis = ({ seconds, nanos }: { seconds: number; nanos: number }) => seconds * 1000 + nanos / 1e6

/** The first failure decides; a broken program or a mistake of the suite that shows later weighs more. */
const GRAVE = ['SuiteError', 'ShimBroken']
function decisive(endings: readonly Ending[]): Ending {
  const bad = endings.filter(({ status }) => status !== 'PASSED' && status !== 'SKIPPED')
  const grave = bad.find(({ errorType = '' }) => GRAVE.includes(errorType))
  const first = grave ?? bad[0]
  if (!first) return { status: 'PASSED' }
  const more = bad.filter((each) => each !== first && each.message !== first.message && each.errorType === 'Failed')
  return { ...first, message: [first, ...more].map(({ message = '' }) => message).join('; ') }
}

/** Collects what Cucumber says. Message objects are made by its workers and come as they happen. */
class Collector {
  readonly attempts = new Map<string, Attempt>()
  readonly #paths = new Map<string, string>()
  readonly #cases = new Map<string, string>()
  readonly #lines = new Map<string, number>()
  readonly onProgress: () => void
  constructor(onProgress: () => void) {
    this.onProgress = onProgress
  }

  take({
    pickle,
    testCase,
    testCaseStarted,
    testCaseFinished,
    testStepFinished,
    attachment,
    gherkinDocument,
  }: Envelope): void {
    for (const { scenario, rule } of gherkinDocument?.feature?.children ?? []) {
      const all = [scenario, ...(rule?.children ?? []).map((child) => child.scenario)].filter(
        (each) => each !== undefined,
      )
      for (const { id, location, examples } of all) {
        this.#lines.set(id, location.line)
        for (const row of examples.flatMap(({ tableBody }) => tableBody)) this.#lines.set(row.id, row.location.line)
      }
    }
    if (pickle) this.#paths.set(pickle.id, `${pickle.uri}:${this.#lines.get(pickle.astNodeIds.at(-1) ?? '')}`)
    if (testCase) this.#cases.set(testCase.id, testCase.pickleId)
    if (testCaseStarted) {
      const path = this.#paths.get(this.#cases.get(testCaseStarted.testCaseId) ?? '') ?? ''
      const began = millis(testCaseStarted.timestamp)
      this.attempts.set(testCaseStarted.id, {
        pickle: path,
        began,
        ended: began,
        endings: [],
        notes: [],
        transcript: '',
      })
    }
    if (testStepFinished) {
      const { status, message, exception } = testStepFinished.testStepResult
      this.attempts.get(testStepFinished.testCaseStartedId)?.endings.push({
        status,
        ...(exception && { errorType: exception.type, message: exception.message ?? message ?? '' }),
        ...(!exception && message !== undefined && { message }),
      })
    }
    if (attachment?.testCaseStartedId) {
      const attempt = this.attempts.get(attachment.testCaseStartedId)
      const body =
        attachment.contentEncoding === 'BASE64' ? Buffer.from(attachment.body, 'base64').toString() : attachment.body
      if (attempt && attachment.mediaType === TRANSCRIPT_TYPE) attempt.transcript = body
      if (attempt && attachment.mediaType === NOTE_TYPE) attempt.notes.push(body)
    }
    if (testCaseFinished) {
      const attempt = this.attempts.get(testCaseFinished.testCaseStartedId)
      if (attempt) attempt.ended = millis(testCaseFinished.timestamp)
      this.onProgress()
    }
  }
}

/** Runs `scenarios`, `parallel` at a time, each with a program of its own or one that is as after its start. */
export async function execute(
  scenarios: readonly Scenario[],
  support: Support,
  parameters: Omit<Parameters, 'endpoint'>,
  parallel: number,
  onProgress: (done: number) => void,
): Promise<Result[]> {
  let done = 0
  const attempts = new Map<Scenario, Attempt>()
  // A scenario about agent and controller is one place in a file, which Cucumber runs once at a time.
  for (const endpoint of ['agent', 'controller'] as const) {
    const part = scenarios.filter(({ role }) => (role === 'controller') === (endpoint === 'controller'))
    if (part.length === 0) continue
    const collector = new Collector(() => onProgress(++done))
    // What waits for a minute begins first, so that the rest runs meanwhile.
    const paths = part.toSorted((a, b) => Number(b.isLong) - Number(a.isLong)).map(({ path }) => path)
    const workers = Math.min(parallel, part.length)
    const options = { parallel: workers > 1 ? workers : 0, worldParameters: { ...parameters, endpoint } }
    await cucumber(paths, support, options, (message) => collector.take(message))
    const byPath = new Map([...collector.attempts.values()].map((attempt) => [attempt.pickle, attempt]))
    for (const scenario of part) {
      const attempt = byPath.get(scenario.path)
      if (attempt) attempts.set(scenario, attempt)
    }
  }
  return scenarios.map((scenario): Result => {
    const attempt = attempts.get(scenario)
    if (!attempt) {
      return { scenario, verdict: 'suite-error', message: 'Cucumber did not run it', milliseconds: 0, transcript: '' }
    }
    const judged = judge(decisive(attempt.endings), scenario.levels, scenario.isInformational)
    const message = [judged.message, ...attempt.notes].filter((each) => each !== undefined).join('; ')
    return {
      scenario,
      ...judged,
      ...(message !== '' && { message }),
      milliseconds: Math.round(attempt.ended - attempt.began),
      transcript: attempt.transcript,
    }
  })
}
