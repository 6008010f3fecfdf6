import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgedAgain } from './again.ts'
import type { Scenario } from './catalogue.ts'
import type { Result } from './execute.ts'
import type { Verdict } from './verdict.ts'

const result = (id: string, verdict: Verdict, message?: string): Result => ({
  scenario: { id } as Scenario,
  verdict,
  ...(message !== undefined && { message }),
  milliseconds: 1,
  transcript: '',
})
const many = (verdict: Verdict, count: number) =>
  Array.from({ length: count }, (_, i) => result(`${verdict}-${i}`, verdict))

describe('what failed is judged once more', () => {
  test('and is unsteady where it passes then, with what went wrong at first', async () => {
    const first = [...many('pass', 60), result('late', 'fail', 'no answer'), result('wrong', 'fail', 'close 1006')]
    const second = await judgedAgain(first, async (again) =>
      again.map((scenario) => ({ ...result('', scenario.id === 'late' ? 'pass' : 'fail'), scenario })),
    )
    const [late, wrong] = second.slice(-2)
    assert.deepEqual([late?.verdict, late?.isUnsteady], ['pass', true])
    assert.match(late?.message ?? '', /second try; at first: no answer/)
    assert.equal(wrong, first.at(-1))
  })

  test('but not where so much fails that it is no accident', async () => {
    const first = [...many('pass', 20), ...many('fail', 5)]
    const never = () => Promise.reject(new Error('it was judged again'))
    assert.deepEqual(await judgedAgain(first, never), first)
  })

  test('nor where everything passed', async () => {
    const never = () => Promise.reject(new Error('it was judged again'))
    assert.deepEqual(await judgedAgain(many('pass', 3), never), many('pass', 3))
  })
})
