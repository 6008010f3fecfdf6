import assert from 'node:assert/strict'
import fc from 'fast-check'
import { equal, isZero } from '../crypto/bytes.ts'
import { ManualClock } from '../testing/devices.ts'
import { Challenges, Echo } from './freshness.ts'

const fails = (challenges: Challenges, fresh: Uint8Array) =>
  assert.throws(() => challenges.check(fresh), { code: 'stale' })

Deno.test('Challenges accepts exactly the last 8 that are at most 120 s old by both clocks', () => {
  const event = fc.oneof(
    fc.constant({ do: 'issue' as const }),
    fc.record({ do: fc.constant('wait' as const), time: fc.nat(60_000), slept: fc.nat(4_000) }),
    fc.constant({ do: 'reconnect' as const }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const clock = new ManualClock()
      const challenges = new Challenges(clock)
      let model: { challenge: Uint8Array; monotonic: number; wall: number }[] = []
      const all: Uint8Array[] = []
      for (const now of events) {
        if (now.do === 'issue') {
          const challenge = challenges.issue()
          all.push(challenge)
          model = [...model, { challenge, monotonic: clock.monotonic(), wall: clock.wall() }].slice(-8)
        } else if (now.do === 'wait') clock.advance(now.time, now.slept)
        else {
          challenges.reconnected()
          model = []
        }
        for (const challenge of all) {
          const known = model.find((one) => equal(one.challenge, challenge))
          const age = known && Math.max(clock.monotonic() - known.monotonic, clock.wall() - known.wall)
          if (age !== undefined && age <= 120_000) assert.equal(challenges.check(challenge), age)
          else fails(challenges, challenge)
        }
      }
      fails(challenges, new Uint8Array(8))
    }),
  )
})

Deno.test('Challenges refuses one that was issued in the future of the wall clock', () => {
  const clock = new ManualClock()
  const challenges = new Challenges(clock)
  const challenge = challenges.issue()
  clock.advance(0, -1)
  fails(challenges, challenge)
})

Deno.test('Challenges.drifted() voids every challenge once the clocks have parted by more than 5 s', () => {
  for (const [slept, drifted] of [
    [5_000, false],
    [5_001, true],
    [-5_001, true],
  ] as const) {
    const clock = new ManualClock()
    const challenges = new Challenges(clock)
    const challenge = challenges.issue()
    clock.advance(10, slept)
    assert.equal(challenges.drifted(), drifted)
    assert.equal(challenges.drifted(), false)
    if (slept >= 0 && !drifted) assert.equal(challenges.check(challenge), 10 + slept)
    else fails(challenges, challenge)
  }
})

Deno.test('Echo gives the challenge of the newest session and seq, in whatever order they came', () => {
  assert.ok(isZero(new Echo().newest))
  const heard = fc.record({ session: fc.nat(3), seq: fc.nat(20) })
  fc.assert(
    fc.property(fc.uniqueArray(heard, { minLength: 1, selector: (one) => one.session * 100 + one.seq }), (all) => {
      const echo = new Echo()
      for (const { session, seq } of all) echo.heard(session, seq, new Uint8Array(8).fill(session * 21 + seq))
      const newest = all.reduce((a, b) => (b.session * 100 + b.seq > a.session * 100 + a.seq ? b : a))
      assert.deepEqual(echo.newest, new Uint8Array(8).fill(newest.session * 21 + newest.seq))
    }),
  )
})
