import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RequiredSet } from '../requirements/set.ts'
import { type KnownFailure, readKnownFailures, UsageError } from './configuration.ts'
import type { Result } from './execute.ts'
import { outcomeOf } from './outcome.ts'
import type { Verdict } from './verdict.ts'

const result = (id: string, verdict: Verdict, broken = false): Result => ({
  scenario: {
    id,
    role: 'relay',
    feature: '',
    rule: '',
    name: id,
    requirements: ['relay.ping'],
    levels: ['MUST'],
    isInformational: false,
    isLong: false,
    text: [],
    path: '',
  },
  verdict,
  milliseconds: 1,
  transcript: '',
  ...(broken && { broken }),
})

const set: RequiredSet = {
  status: 'frozen',
  required: { relay: ['relay.ping'], agent: [], controller: [] },
  notScored: new Map([['relay.frame.order', 'pending']]),
}
const loose = { strict: false, isWhole: true, set }
const exit = (results: Result[], known: KnownFailure[] = [], options = loose) =>
  outcomeOf(results, known, options).exitCode
const listed = (scenario: string): KnownFailure => ({ scenario, reason: 'not yet' })

describe('outcomeOf()', () => {
  test('fails and unlisted is 1, fails and listed is 0', () => {
    assert.equal(exit([result('a/b', 'fail')]), 1)
    assert.equal(exit([result('a/b', 'fail')], [listed('a/b')]), 0)
  })

  test('a failure of what is not scored decides nothing', () => {
    const failing = result('a/b', 'fail')
    const about = (...requirements: string[]): Result => ({
      ...failing,
      scenario: { ...failing.scenario, requirements, levels: requirements.map(() => 'MUST') },
    })
    assert.equal(exit([about('relay.frame.order')]), 0)
    assert.equal(exit([about('relay.frame.order', 'relay.ping')]), 1)
  })

  test('a vector decides by what binds another role, and an interop scenario without any requirement', () => {
    const { scenario, ...rest } = result('a/b', 'fail')
    const ofAgent = { ...scenario, role: 'agent' as const }
    assert.equal(exit([{ ...rest, scenario: ofAgent }]), 0)
    assert.equal(exit([{ ...rest, scenario: { ...ofAgent, id: 'vectors/agent/ping-001' } }]), 1)
    assert.equal(exit([{ ...rest, scenario: { ...scenario, role: 'interop', requirements: [], levels: [] } }]), 1)
  })

  test('passes and unlisted is 0, passes and listed is 1', () => {
    assert.equal(exit([result('a/b', 'pass')]), 0)
    const outcome = outcomeOf([result('a/b', 'pass')], [listed('a/b')], loose)
    assert.deepEqual([outcome.exitCode, outcome.stale], [1, ['a/b']])
  })

  test('an entry that names no scenario at all is stale', () => {
    assert.equal(exit([result('a/b', 'pass')], [listed('a/gone')]), 1)
  })

  test('a pattern covers what it matches and is stale where nothing of it fails', () => {
    const both = [result('a/b', 'fail'), result('a/c', 'fail'), result('d/b', 'pass')]
    assert.equal(exit(both, [listed('a/*')]), 0)
    assert.equal(exit(both, [listed('a/*'), listed('d/*')]), 1)
  })

  test('a run of a part does not judge entries of the rest', () => {
    assert.equal(exit([result('a/b', 'pass')], [listed('a/c')], { ...loose, isWhole: false }), 0)
    assert.equal(exit([result('a/b', 'pass')], [listed('a/b')], { ...loose, isWhole: false }), 1)
  })

  test('an entry whose scenario does not apply here is kept', () => {
    assert.equal(exit([result('a/b', 'not-applicable')], [listed('a/b')]), 0)
  })

  test('unimplemented and untestable fail the run as a fail does', () => {
    assert.equal(exit([result('a/b', 'unimplemented')]), 1)
    assert.equal(exit([result('a/b', 'untestable')]), 1)
  })

  test('a mistake of the suite outweighs a broken shim, and that outweighs a fail', () => {
    const fail = result('a/b', 'fail')
    const broken = result('a/c', 'fail', true)
    assert.equal(exit([fail, broken]), 3)
    assert.equal(exit([fail, broken, result('a/d', 'suite-error')]), 4)
    assert.equal(exit([result('a/d', 'suite-error')], [listed('a/d')]), 4)
  })
})

describe('readKnownFailures()', () => {
  test('reads a scenario and a reason a line, and skips comments', () => {
    const known = readKnownFailures('# ours\n\nrelay/bind/x: slow: see 12\n')
    assert.deepEqual(known, [{ scenario: 'relay/bind/x', reason: 'slow: see 12' }])
  })

  for (const text of ['relay/bind/x', 'relay/bind/x: ', 'relay/x: a\nrelay/x: b']) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => readKnownFailures(text), UsageError))
  }
})
