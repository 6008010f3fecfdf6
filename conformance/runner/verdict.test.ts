import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Ending, failsRun, judge, VERDICTS, type Verdict, worst } from './verdict.ts'

const failed = (errorType: string): Ending => ({ status: 'FAILED', errorType, message: 'why' })

const cases: [what: string, ending: Ending, level: 'MUST' | 'SHOULD NOT', verdict: Verdict][] = [
  ['a passed scenario is a pass', { status: 'PASSED' }, 'MUST', 'pass'],
  ['a failed MUST is a fail', failed('Failed'), 'MUST', 'fail'],
  ['a failed SHOULD NOT is non-strict', failed('Failed'), 'SHOULD NOT', 'non-strict'],
  ['a broken shim is a fail at any level', failed('ShimBroken'), 'SHOULD NOT', 'fail'],
  ['a missing option is not-applicable', failed('NotApplicable'), 'MUST', 'not-applicable'],
  ['what was declared and cannot be shown is untestable', failed('Untestable'), 'MUST', 'untestable'],
  ['an unimplemented verb is unimplemented', failed('Unimplemented'), 'MUST', 'unimplemented'],
  ['a mistake of the suite is a suite-error', failed('SuiteError'), 'MUST', 'suite-error'],
  ['an unforeseen error is a suite-error', failed('TypeError'), 'MUST', 'suite-error'],
  ['a step without a definition is a suite-error', { status: 'UNDEFINED' }, 'MUST', 'suite-error'],
  ['a step that was skipped is a suite-error', { status: 'SKIPPED' }, 'MUST', 'suite-error'],
]

describe('judge()', () => {
  for (const [what, ending, level, verdict] of cases) {
    test(what, () => assert.equal(judge(ending, [level], false).verdict, verdict))
  }

  test('an informational scenario that ends well never counts as a pass', () => {
    assert.equal(judge({ status: 'PASSED' }, ['MUST'], true).verdict, 'informational')
  })

  test('only a broken shim protocol is marked as such', () => {
    assert.equal(judge(failed('ShimBroken'), ['MUST'], false).broken, true)
    assert.equal(judge(failed('Failed'), ['MUST'], false).broken, undefined)
  })
})

describe('failsRun()', () => {
  test('lets through a pass, what is only recorded, and what does not apply', () => {
    const through = VERDICTS.filter((verdict) => !failsRun(verdict, true))
    assert.deepEqual(through, ['pass', 'informational', 'not-applicable', 'suite-error'])
  })

  test('counts a SHOULD that is not met in --strict alone', () => {
    assert.equal(failsRun('non-strict', false), false)
    assert.equal(failsRun('non-strict', true), true)
  })
})

test('worst() is the last in the order of VERDICTS', () => {
  assert.equal(worst(['pass', 'fail', 'not-applicable']), 'fail')
  assert.equal(worst([]), undefined)
})
