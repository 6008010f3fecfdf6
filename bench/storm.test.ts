import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomFrom, type Storm, simulate } from './storm.ts'

const storm = (more: Partial<Storm> = {}): Storm => ({
  ...{ seed: 1, clients: 2_000, survivors: 2, connect: 0.2, redis: 0.05, shards: 1, busy: 0 },
  ...{ roundTrip: 40, isSilent: false },
  ...more,
})

test('a seed decides what comes of a storm, and another seed brings something else', () => {
  assert.deepEqual(simulate(storm()), simulate(storm()))
  assert.notDeepEqual(simulate(storm()), simulate(storm({ seed: 2 })))
})

test('numbers of a seed are spread evenly', () => {
  const random = randomFrom(7)
  const tenths = Array.from({ length: 10 }, () => 0)
  for (let count = 0; count < 10_000; count++) {
    const at = Math.floor(random() * 10)
    tenths[at] = (tenths[at] ?? 0) + 1
  }
  assert.ok(tenths.every((count) => count > 900 && count < 1_100))
})

test('where the nodes have time enough, clients are back within the first delay, all at the first attempt', () => {
  const { half, all, attempts } = simulate(storm())
  assert.equal(attempts, 1)
  // Half of a second, and three ways through the network and back.
  assert.ok(half > 0.55 && half < 0.7, `${half} s`)
  assert.ok(all > 1.1 && all < 1.2, `${all} s`)
})

test('a queue that nobody gives up lasts as long as its work', () => {
  // 2,000 clients of 2 ms each at one node of which a half is left.
  const { all, attempts } = simulate(storm({ survivors: 1, connect: 2, busy: 0.5, roundTrip: 0 }))
  assert.ok(all >= 8 && all < 8.1, `${all} s`)
  assert.equal(attempts, 1)
})

test('of a crowd larger than the queue some lose their first packet, which makes it longer than its work', () => {
  // The work is 10 s; packets that were lost are sent again at 1, 3, 7 and 15 s.
  const { all, attempts } = simulate(storm({ clients: 10_000, survivors: 1, connect: 1, roundTrip: 0 }))
  assert.equal(attempts, 1)
  assert.ok(all > 10 && all < 20, `${all} s`)
})

test('whoever is turned away for 60 s begins anew', () => {
  const { all, attempts } = simulate(storm({ clients: 10_000, survivors: 1, connect: 12, roundTrip: 0 }))
  assert.ok(attempts > 1 && attempts < 3, `${attempts} attempts`)
  assert.ok(all > 120 && all < 300, `${all} s`)
})

test('what has not ended after ten minutes is said to never end', () => {
  const { half, all } = simulate(storm({ clients: 1_000, survivors: 1, connect: 1_000 }))
  assert.ok(half > 400)
  assert.equal(all, Number.POSITIVE_INFINITY)
})

test('clients of a machine that ends without a sign find out after 45 to 60 s', () => {
  const { half, all } = simulate(storm({ isSilent: true }))
  assert.ok(half > 50 && half < 56 && all > 60 && all < 62, `${half} s, ${all} s`)
})

test('Redis can be what everybody waits for, and a second shard halves it', () => {
  const [one, two] = [1, 2].map((shards) => simulate(storm({ redis: 5, shards })).all) as [number, number]
  assert.ok(one > 10 && one < 10.5 && two > 5 && two < 6, `${one} s, ${two} s`)
})
