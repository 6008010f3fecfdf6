import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { type Judged, rekeyReason } from './rekey-reason.ts'

const START = 1_800_000_000_000
const session: Judged['session'] = {
  startedAt: START,
  suite: 1,
  decryptFailures: 0,
  ratchet: { nextSeq: 0, nextReceived: 0 },
}
const healthy: Judged = { session, skipLimitReached: false, peerSuites: 1, stalledFor: 0 }
const { sessionAge, sessionAgePostQuantum, sessionMessages, decryptFailures, graceTime } = limits
const withRatchet = (nextSeq: number, nextReceived: number) => ({
  session: { ...session, ratchet: { nextSeq, nextReceived } },
})

const cases: readonly [string, RekeyReason | null, Partial<Judged>, number?][] = [
  ['is as it should be', null, {}],
  ['has met a message too far ahead', 'skip-limit', { skipLimitReached: true }],
  ['has met seven changed messages', null, { session: { ...session, decryptFailures: decryptFailures - 1 } }],
  ['has met eight changed messages', 'decrypt-failures', { session: { ...session, decryptFailures } }],
  ['has reached its age', null, {}, sessionAge],
  ['is beyond its age', 'age-or-count', {}, sessionAge + 1],
  ['of suite 2 has reached its age', null, { session: { ...session, suite: 2 } }, sessionAgePostQuantum],
  ['of suite 2 is beyond its age', 'age-or-count', { session: { ...session, suite: 2 } }, sessionAgePostQuantum + 1],
  ['may send and receive one more message', null, withRatchet(sessionMessages - 1, sessionMessages - 1)],
  ['has sent all its messages', 'age-or-count', withRatchet(sessionMessages, 0)],
  ['has received all its messages', 'age-or-count', withRatchet(0, sessionMessages)],
  ['is of suite 1 while the peer has both', 'suite', { peerSuites: 3 }],
  ['has the suite of the peer', null, { session: { ...session, suite: 2 }, peerSuites: 3 }],
  ['was not acknowledged for its grace', null, { stalledFor: graceTime }],
  ['was not acknowledged for longer', 'no-session', { stalledFor: graceTime + 1 }],
]

for (const [name, reason, judged, age = 0] of cases) {
  test(`a session that ${name} is ${reason === null ? 'kept' : `replaced: ${reason}`}`, () => {
    assert.equal(rekeyReason({ ...healthy, ...judged }, START + age), reason)
  })
}
