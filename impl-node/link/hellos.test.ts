import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUITE_BITS } from '@happy-remote/schemas/constants.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { ControlHello } from '@happy-remote/schemas/session.ts'
import { Hellos } from './hellos.ts'

const CHALLENGE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const hello = (suites: number): ControlHello => ({ type: 'hello', challenge: 'AQIDBAUGBwg', suites })
const newest = { isCurrent: true, late: false }
const overtaken = { isCurrent: true, late: true }

// session.hello.suites, session.hello.challenge
for (const [role, commandEpoch] of [
  ['controller', undefined],
  ['agent', 'epoch'],
] as const) {
  test(`a hello of the ${role} tells challenge and suites${commandEpoch ? ', and the epoch of its commands' : ''}`, () => {
    const sent: ControlHello[] = []
    new Hellos(commandEpoch).say(CHALLENGE, 0, (one) => sent.push(one) > 0)
    assert.deepEqual(sent, [{ ...hello(SUITE_BITS), ...(commandEpoch && { commandEpoch }) }])
  })
}

// session.hello.interval
test('a hello is due at once, and again 30 s after the last one was tried', () => {
  const hellos = new Hellos(undefined)
  assert.equal(hellos.isDue(0), true)
  hellos.say(CHALLENGE, 1_000, () => false)
  assert.equal(hellos.isDue(1_000 + limits.helloEvery - 1), false)
  assert.equal(hellos.isDue(1_000 + limits.helloEvery), true)
})

test('a hello counts as said in a session once it went out there', () => {
  const hellos = new Hellos(undefined)
  hellos.say(CHALLENGE, 0, () => false)
  assert.equal(hellos.said, false)
  hellos.say(CHALLENGE, 0, () => true)
  assert.equal(hellos.said, true)
  hellos.begin()
  assert.equal(hellos.said, false)
})

test('what a hello of the peer says holds for the newest one only, overtaken or not', () => {
  const hellos = new Hellos(undefined)
  assert.equal(hellos.take(hello(1), { isCurrent: false, late: true }), false)
  assert.deepEqual([hellos.heard, hellos.peerSuites], [false, 0])
  assert.equal(hellos.take(hello(1), overtaken), true)
  assert.equal(hellos.take(hello(3), newest), true)
  assert.equal(hellos.take(hello(1), overtaken), false)
  assert.deepEqual([hellos.heard, hellos.peerSuites], [true, 3])
})

test('a peer that left, and another session, call for another hello; its suites stay known', () => {
  const hellos = new Hellos(undefined)
  for (const end of ['peerLeft', 'begin'] as const) {
    hellos.take(hello(3), newest)
    hellos[end]()
    assert.deepEqual([hellos.heard, hellos.peerSuites], [false, 3])
  }
})
