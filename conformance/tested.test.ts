import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ScenarioReport } from './report/report.ts'
import type { Verdict } from './runner/verdict.ts'
import { type Line, readTested, renewed, textOf, verdictsOf } from './tested.ts'

const report = (...met: [verdict: Verdict, ...requirements: string[]][]) => ({
  scenarios: met.map(([verdict, ...requirements]) => ({ verdict, requirements }) as unknown as ScenarioReport),
})

test('verdictsOf() takes the worst verdict that was reached, and only else one that was not', () => {
  const verdicts = verdictsOf([
    report(['pass', 'a', 'b'], ['fail', 'b'], ['not-applicable', 'a']),
    report(['unimplemented', 'c'], ['not-applicable', 'c'], ['informational', 'd']),
  ])
  assert.deepEqual([...verdicts].sort(), [
    ['a', 'pass'],
    ['b', 'fail'],
    ['c', 'unimplemented'],
  ])
})

const old = readTested('{"id":"a","node":"pass","deno":"fail"}\n{"id":"b","node":"pass"}\n')

test('renewed() keeps what a part of a run has not judged, and forgets what a whole one has not', () => {
  const verdicts = new Map<string, Verdict>([['a', 'fail']])
  assert.deepEqual(
    renewed(old, 'node', verdicts, false),
    readTested('{"id":"a","node":"fail","deno":"fail"}\n{"id":"b","node":"pass"}'),
  )
  assert.deepEqual(renewed(old, 'node', verdicts, true), readTested('{"id":"a","node":"fail","deno":"fail"}'))
  assert.deepEqual(renewed(old, 'node', new Map(), true), readTested('{"id":"a","deno":"fail"}'))
})

test('textOf() writes the same lines in whatever order they were found, and reads the last of two', () => {
  const line = { deno: 'pass', id: 'b', node: 'pass' } as Line
  const text = textOf(new Map([['b', line], ...old]), ['a', 'b'])
  assert.equal(text, '{"id":"a","node":"pass","deno":"fail"}\n{"id":"b","node":"pass"}\n')
  assert.equal(textOf(new Map([['b', line]]), ['a', 'b']), '{"id":"b","node":"pass","deno":"pass"}\n')
  assert.equal(readTested(`${text}{"id":"a","node":"fail"}\n`).get('a')?.node, 'fail')
})
