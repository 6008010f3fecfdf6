import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { PeerPresence } from './peer-presence.ts'

const WALL = 1_800_000_000_000

/** When a probe goes out in the `ms` after `from`. */
function probes(presence: PeerPresence, from: number, ms: number): number[] {
  const at: number[] = []
  for (let now = from; now <= from + ms; now += 500) if (presence.takeProbe(now)) at.push(now - from)
  return at
}

test('the word of the relay makes a peer reachable and present, and shows it as nothing but offline', () => {
  const presence = new PeerPresence()
  assert.deepEqual([presence.reachable, presence.isPresent(0)], [false, false])
  presence.relaySays(true)
  assert.deepEqual([presence.reachable, presence.isPresent(0)], [true, true])
  assert.equal(presence.state(0, false), 'offline')
  assert.equal(presence.heardWall, null)
})

test('a peer that was heard is online or away for 60 s, then offline', () => {
  const presence = new PeerPresence()
  presence.heard(1_000, WALL)
  const last = 1_000 + limits.presenceFresh - 1
  assert.deepEqual([presence.state(last, false), presence.state(last, true)], ['online', 'away'])
  assert.deepEqual([presence.state(last + 1, false), presence.state(last + 1, true)], ['offline', 'offline'])
  assert.equal(presence.heardAgo(last), limits.presenceFresh - 1)
  assert.equal(presence.heardWall, WALL)
})

test('what was heard of a peer that has gone says nothing of the one that comes', () => {
  const presence = new PeerPresence()
  presence.heard(1_000, WALL)
  presence.relaySays(false)
  presence.relaySays(true)
  assert.equal(presence.state(1_001, false), 'offline')
  assert.equal(presence.heardAgo(1_001), Number.POSITIVE_INFINITY)
  // when it was there last is still known
  assert.equal(presence.heardWall, WALL)
})

test('a peer that does not get what is sent stays present for 60 s after it was heard', () => {
  const presence = new PeerPresence()
  presence.heard(1_000, WALL)
  presence.deliveryFailed(2_000)
  assert.equal(presence.reachable, false)
  assert.equal(presence.isPresent(1_000 + limits.presenceFresh - 1), true)
  assert.equal(presence.isPresent(1_000 + limits.presenceFresh), false)
})

test('a peer that the relay shows is probed after 1 s, then after twice the time up to that of a hello', () => {
  const presence = new PeerPresence()
  presence.relaySays(true)
  presence.deliveryFailed(0)
  const at = probes(presence, 0, 95_000)
  assert.deepEqual(at, [
    1_000,
    3_000,
    7_000,
    15_000,
    31_000,
    31_000 + limits.helloEvery,
    31_000 + 2 * limits.helloEvery,
  ])
})

test('a peer that the relay does not show is not probed', () => {
  const presence = new PeerPresence()
  presence.deliveryFailed(0)
  assert.deepEqual(probes(presence, 0, 60_000), [])
})

test('further failures put off no probe', () => {
  const presence = new PeerPresence()
  presence.relaySays(true)
  presence.deliveryFailed(0)
  presence.deliveryFailed(900)
  assert.deepEqual(probes(presence, 0, 1_000), [1_000])
})

for (const [name, end] of [
  ['hearing it', (presence: PeerPresence) => presence.heard(5_000, WALL)],
  ['the word of the relay', (presence: PeerPresence) => presence.relaySays(true)],
] as const) {
  test(`${name} ends the probes, and the next ones begin with the shortest delay`, () => {
    const presence = new PeerPresence()
    presence.relaySays(true)
    presence.deliveryFailed(0)
    assert.deepEqual(probes(presence, 0, 4_000), [1_000, 3_000])
    end(presence)
    assert.equal(presence.reachable, true)
    assert.deepEqual(probes(presence, 5_000, 60_000), [])
    presence.deliveryFailed(70_000)
    assert.deepEqual(probes(presence, 70_000, 1_500), [1_000])
  })
}
