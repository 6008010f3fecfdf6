// What a scenario's end means.
//
// Nothing is silently green: only `pass`, `informational` and `not-applicable` leave the required set
// passed, and each of the last two says why it is not a pass.

import type { Level } from './requirements.ts'
import { isMandatory } from './requirements.ts'

export const VERDICTS = [
  'pass',
  'informational',
  'not-applicable',
  'non-strict',
  'unimplemented',
  'untestable',
  'fail',
  'suite-error',
] as const
/** From best to worst. */
export type Verdict = (typeof VERDICTS)[number]

/** How Cucumber says that a scenario ended. */
export interface Ending {
  readonly status: string
  /** Name of the class of the error: shim/trouble.ts. */
  readonly errorType?: string
  readonly message?: string
}

export interface Judged {
  readonly verdict: Verdict
  readonly message?: string
  /** The shim protocol itself was broken: exit code 3. */
  readonly broken?: boolean
}

export function judge(ending: Ending, levels: readonly Level[], isInformational: boolean): Judged {
  const { status, errorType = '', message = '' } = ending
  if (status === 'PASSED') return { verdict: isInformational ? 'informational' : 'pass' }
  if (status !== 'FAILED') return { verdict: 'suite-error', message: `a step is ${status.toLowerCase()}: ${message}` }
  switch (errorType) {
    case 'Failed':
    case 'Refused':
      // An interop scenario cites no requirement: that programs meet is what all of them are for.
      return {
        verdict: isInformational || levels.length === 0 || levels.some(isMandatory) ? 'fail' : 'non-strict',
        message,
      }
    case 'ShimBroken':
      return { verdict: 'fail', message, broken: true }
    case 'NotApplicable':
      return { verdict: 'not-applicable', message }
    case 'Untestable':
      return { verdict: 'untestable', message }
    case 'Unimplemented':
      return { verdict: 'unimplemented', message }
    default:
      return { verdict: 'suite-error', message: `${errorType}: ${message}` }
  }
}

export const worst = (verdicts: readonly Verdict[]): Verdict | undefined =>
  verdicts.toSorted((a, b) => VERDICTS.indexOf(b) - VERDICTS.indexOf(a))[0]

/** Whether the required set fails by this verdict. */
export const failsRun = (verdict: Verdict, strict: boolean): boolean =>
  verdict === 'fail' || verdict === 'unimplemented' || verdict === 'untestable' || (strict && verdict === 'non-strict')

export const EXIT = { passed: 0, failed: 1, usage: 2, notStarted: 3, suiteError: 4 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
