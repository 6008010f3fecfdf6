import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readUntested } from './untested.ts'

test('readUntested() reads ids with a reason of the closed list', () => {
  const { reasons, problems } = readUntested('# why\nrelay.a: operator\n\nrelay.b: lazy\nrelay.a: statistical\n- x\n')
  assert.deepEqual([...reasons], [['relay.a', 'operator']])
  assert.equal(problems.length, 3)
})
