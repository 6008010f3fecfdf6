import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Row } from './row.ts'
import { formatTable, isMet } from './table.ts'

const row: Row = {
  id: 'crypto.roundtrip.100',
  subject: 'ours',
  reference: 'theirs',
  unit: 'µs CPU per message',
  subjectMedian: 72.308,
  referenceMedian: 12_345.6,
  ratio: 0.9999,
  spread: 0.357,
  goal: 1,
}

test('a goal is met where the ratio is not above it, and is nothing where there is none', () => {
  assert.equal(isMet(row), true)
  assert.equal(isMet({ ...row, ratio: 1 }), true)
  assert.equal(isMet({ ...row, ratio: 1.0001 }), false)
  assert.equal(isMet({ ...row, goal: null }), null)
})

test('the table has a line for each row, with three digits of each median and the verdict', () => {
  const lines = formatTable([row, { ...row, id: 'x', ratio: 1.5 }, { ...row, id: 'y', goal: null }]).split('\n')
  const cells = (at: number) => (lines[at] as string).split(/ {2,}/)
  const numbers = ['72.3', '12300']
  assert.deepEqual(cells(2), [row.id, 'ours', 'theirs', row.unit, ...numbers, '1.00', '0.36', '≤ 1', 'met'])
  assert.deepEqual(cells(3).slice(-4), ['1.50', '0.36', '≤ 1', 'not met'])
  assert.deepEqual(cells(4).slice(-2), ['1.00', '0.36'])
})

test('columns stand under their heads: the verdicts begin at one place', () => {
  const [, , first, second] = formatTable([row, { ...row, id: 'a-much-longer-id-than-the-other' }]).split('\n')
  assert.equal(first?.indexOf('met'), second?.indexOf('met'))
})
