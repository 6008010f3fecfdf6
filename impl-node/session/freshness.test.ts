import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { flipped, secretOf, streaming } from '../vectors/deterministic.ts'
import { Freshness } from './freshness.ts'

const START = 1_800_000_000_000
const NONE = new Uint8Array(8)

/** Both clocks by hand. */
function underTest() {
  const clocks = { monotonic: 5_000, wall: START }
  const freshness = new Freshness(
    { monotonic: () => clocks.monotonic, wall: () => clocks.wall },
    streaming('freshness'),
  )
  const pass = (ms: number) => {
    clocks.monotonic += ms
    clocks.wall += ms
  }
  return { clocks, freshness, pass }
}

test('a challenge is fresh up to 120 s, and stale 1 ms later', () => {
  const { freshness, pass } = underTest()
  const challenge = freshness.issue()
  assert.equal(challenge.length, 8)
  assert.equal(freshness.ageOf(challenge), 0)
  pass(limits.freshness)
  assert.equal(freshness.ageOf(challenge), limits.freshness)
  assert.ok(freshness.isFresh(challenge))
  pass(1)
  assert.ok(!freshness.isFresh(challenge))
})

test('the age of a challenge is what the faster clock says', () => {
  for (const clock of ['monotonic', 'wall'] as const) {
    const { freshness, clocks } = underTest()
    const challenge = freshness.issue()
    clocks[clock] += limits.freshness
    assert.equal(freshness.ageOf(challenge), limits.freshness)
    assert.ok(freshness.isFresh(challenge))
    clocks[clock] += 1
    assert.ok(!freshness.isFresh(challenge))
  }
})

test('a wall clock that went back makes every earlier challenge stale', () => {
  const { freshness, clocks } = underTest()
  const challenge = freshness.issue()
  clocks.wall -= 1
  assert.equal(freshness.ageOf(challenge), null)
  assert.ok(!freshness.isFresh(challenge))
  clocks.wall += 1
  assert.ok(freshness.isFresh(challenge))
})

test('what was never issued is stale, zeros and near misses too', () => {
  const { freshness } = underTest()
  assert.ok(!freshness.isFresh(NONE))
  const challenge = freshness.issue()
  assert.ok(!freshness.isFresh(NONE))
  assert.ok(!freshness.isFresh(flipped(challenge, 7)))
  assert.ok(!freshness.isFresh(challenge.subarray(0, 7)))
})

test('the last 8 challenges are valid, and the 9th evicts the first', () => {
  const { freshness } = underTest()
  const challenges = Array.from({ length: limits.challenges }, () => freshness.issue())
  assert.ok(challenges.every((challenge) => freshness.isFresh(challenge)))
  const ninth = freshness.issue()
  assert.deepEqual(
    [...challenges, ninth].map((challenge) => freshness.isFresh(challenge)),
    [false, ...Array<boolean>(limits.challenges).fill(true)],
  )
})

test('a challenge may be used by several requests', () => {
  const { freshness } = underTest()
  const challenge = freshness.issue()
  assert.ok(freshness.isFresh(challenge) && freshness.isFresh(challenge))
})

test('a reconnect voids every challenge, and new ones count again', () => {
  const { freshness } = underTest()
  const challenge = freshness.issue()
  freshness.voidAll()
  assert.ok(!freshness.isFresh(challenge))
  assert.ok(freshness.isFresh(freshness.issue()))
})

test('clocks that run together never drift, however long', () => {
  const { freshness, pass } = underTest()
  const challenge = freshness.issue()
  pass(limits.freshness)
  assert.ok(!freshness.drifted())
  assert.ok(freshness.isFresh(challenge))
  pass(365 * 86_400_000)
  assert.ok(!freshness.drifted())
})

for (const [name, clock, change] of [
  ['the machine slept: the wall clock is ahead', 'wall', 1],
  ['the wall clock was set back', 'wall', -1],
  ['the monotonic clock is ahead', 'monotonic', 1],
] as const) {
  test(`a drift above 5 s voids every challenge where ${name}`, () => {
    const { freshness, clocks } = underTest()
    const challenge = freshness.issue()
    clocks[clock] += change * limits.clockDrift
    assert.ok(!freshness.drifted())
    clocks[clock] += change * (limits.clockDrift + 1)
    assert.ok(freshness.drifted())
    clocks[clock] -= change * (2 * limits.clockDrift + 1)
    assert.ok(!freshness.isFresh(challenge), 'also when the clock is right again')
  })
}

test('a drift is told once, and compared from then on', () => {
  const { freshness, clocks } = underTest()
  clocks.wall += 60_000
  assert.ok(freshness.drifted())
  assert.ok(!freshness.drifted())
  const challenge = freshness.issue()
  assert.ok(!freshness.drifted())
  assert.ok(freshness.isFresh(challenge))
})

test('a reconnect compares the clocks anew', () => {
  const { freshness, clocks } = underTest()
  clocks.wall += 60_000
  freshness.voidAll()
  assert.ok(!freshness.drifted())
})

test('the echo is zero before the peer sent a challenge', () => {
  assert.deepEqual(underTest().freshness.echo, NONE)
})

test('the echo is the newest challenge of the peer by seq, whatever the order of arrival', () => {
  const { freshness } = underTest()
  const [first, second, third] = ['1', '2', '3'].map((name) => secretOf(name, 8)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  freshness.received(second, 0, 10)
  freshness.received(first, 0, 9)
  assert.deepEqual(freshness.echo, second)
  freshness.received(third, 0, 11)
  assert.deepEqual(freshness.echo, third)
})

test('the echo follows the newest session, whose seq starts again', () => {
  const { freshness } = underTest()
  const [old, fresh] = [secretOf('old', 8), secretOf('new', 8)]
  freshness.received(old, 0, 1_000)
  freshness.received(fresh, 1, 0)
  assert.deepEqual(freshness.echo, fresh)
  freshness.received(old, 0, 1_001)
  assert.deepEqual(freshness.echo, fresh)
})

test('the echo is a copy: the frame that it came from may be reused', () => {
  const { freshness } = underTest()
  const frame = secretOf('frame', 8)
  freshness.received(frame, 0, 0)
  const before = freshness.echo.slice()
  frame.fill(0)
  assert.deepEqual(freshness.echo, before)
})

test('without clocks and randomness of its own, the system has them', () => {
  const freshness = new Freshness()
  const challenge = freshness.issue()
  assert.ok(freshness.isFresh(challenge))
  assert.ok(!freshness.drifted())
  assert.notDeepEqual(freshness.issue(), challenge)
})
