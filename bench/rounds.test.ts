import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compare, median, percentile, takeTurns } from './rounds.ts'

test('median is the middle value, or the mean of the two in the middle, whatever the order', () => {
  assert.equal(median([5]), 5)
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([4, 1, 3, 100]), 3.5)
  assert.ok(Number.isNaN(median([])))
})

test('median has as many values below it as above it, and leaves the list alone', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const before = [...values]
      const middle = median(values)
      assert.deepEqual(values, before)
      const [below, above] = [values.filter((v) => v < middle), values.filter((v) => v > middle)]
      assert.ok(below.length <= values.length / 2 && above.length <= values.length / 2)
    }),
  )
})

test('compare takes the ratio within each round, not that of the medians', () => {
  // The machine is slower in every round; the subject takes half as long in each of them.
  const reference = { name: 'theirs', samples: [10, 100, 1000] }
  const subject = { name: 'ours', samples: [5, 50, 500] }
  assert.deepEqual(compare(subject, reference), {
    subject: 'ours',
    reference: 'theirs',
    subjectMedian: 50,
    referenceMedian: 100,
    ratio: 0.5,
    spread: 0,
  })
})

test('compare tells how far the ratios of the rounds lie apart', () => {
  const { ratio, spread } = compare({ name: 'a', samples: [10, 12, 30] }, { name: 'b', samples: [10, 10, 10] })
  assert.equal(ratio, 1.2)
  assert.equal(spread, 2)
})

test('percentile is the value at that part of the sorted list, the largest at the end, and NaN of none', () => {
  const values = Array.from({ length: 1_000 }, (_, i) => 1_000 - i)
  assert.deepEqual(
    [0, 0.5, 0.99, 0.999, 1].map((part) => percentile(values, part)),
    [1, 501, 991, 1_000, 1_000],
  )
  assert.ok(Number.isNaN(percentile([], 0.5)))
})

test('takeTurns lets each round begin with another, and gives what each came to by round', async () => {
  const order: string[] = []
  const results = await takeTurns(['a', 'b', 'c'], 3, async (name) => {
    order.push(name)
    return `${name}${order.length}`
  })
  assert.equal(order.join(''), 'abcbcacab')
  assert.deepEqual(results, [
    ['a1', 'a6', 'a8'],
    ['b2', 'b4', 'b9'],
    ['c3', 'c5', 'c7'],
  ])
})
