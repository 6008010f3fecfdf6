import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cell } from '../report/matrix.ts'
import { cellsOf, findingsOf } from './matrix.ts'
import type { Verdict } from './verdict.ts'

describe('cellsOf()', () => {
  const names = (...all: string[]) => ({ relay: all, agent: all, controller: all })

  test('one implementation meets itself', () => {
    assert.deepEqual(cellsOf(names('a')), [{ relay: 'a', agent: 'a', controller: 'a' }])
  })

  test('two make a cube', () => assert.equal(cellsOf(names('a', 'b')).length, 8))

  test('each further one takes one place at a time, and never meets another further one', () => {
    const cells = cellsOf(names('a', 'b', 'c', 'd'))
    assert.equal(cells.length, 8 + 2 * 12)
    const further = (cell: (typeof cells)[number]) => Object.values(cell).filter((name) => name === 'c' || name === 'd')
    assert.ok(cells.slice(8).every((cell) => further(cell).length === 1))
  })

  test('an implementation is only where it has the role', () => {
    const cells = cellsOf({ relay: ['a'], agent: ['a', 'b'], controller: ['a'] })
    assert.deepEqual(
      cells.map(({ agent }) => agent),
      ['a', 'b'],
    )
  })
})

describe('findingsOf()', () => {
  const cell = (relay: string, controller = 'c'): Cell => ({
    ...{ relay, agent: 'a', controller },
    scenarios: [{ letter: 'D', id: `${relay}/${controller}` }],
  })
  const verdicts = (all: Record<string, Verdict>) => (id: string) => all[id]

  test('finds nothing where two relays give the same results', () => {
    const same = verdicts({ 'x/c': 'fail', 'y/c': 'fail' })
    assert.deepEqual(findingsOf([cell('x'), cell('y')], same), [])
  })

  test('finds nothing in that two controllers give different results', () => {
    const different = verdicts({ 'x/c': 'fail', 'x/d': 'pass' })
    assert.deepEqual(findingsOf([cell('x'), cell('x', 'd')], different), [])
  })

  test('names a relay that changes a result', () => {
    assert.deepEqual(findingsOf([cell('x'), cell('y')], verdicts({ 'x/c': 'pass', 'y/c': 'fail' })), [
      'D of agent a and controller c depends on the relay, which has to be opaque: pass with the relay x, fail with the relay y',
    ])
  })
})
