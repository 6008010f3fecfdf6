import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { RekeyReason } from '@happy-remote/schemas/pairing.ts'
import { RekeyAsks } from './rekey-asks.ts'

function start() {
  const sent: string[] = []
  const session = { live: true }
  const asks = new RekeyAsks({
    inside: () => {
      if (session.live) sent.push('rekey')
      return session.live
    },
    outside: (reason) => sent.push(reason),
  })
  /** What `ms` in half seconds bring, `reason` standing. */
  let now = 0
  const advance = (ms: number, reason: RekeyReason | null) => {
    sent.length = 0
    for (const end = now + ms; now < end; ) {
      now += 500
      asks.tick(reason, now)
    }
    return [...sent]
  }
  return { asks, session, advance }
}

// pairing.rekey.ask
test('where there is a session, it is asked inside', () => {
  const { advance } = start()
  assert.deepEqual(advance(500, 'suite'), ['rekey'])
})

// pairing.rekey-ask.when
test('without a session, it is asked by REKEY_ASK', () => {
  const { session, advance } = start()
  session.live = false
  assert.deepEqual(advance(500, 'no-session'), ['no-session'])
})

// pairing.rekey-ask.again
test('as long as the reason stands it is asked again after the gap between two rekeys', () => {
  const { session, advance } = start()
  session.live = false
  assert.deepEqual(advance(500, 'no-session'), ['no-session'])
  assert.deepEqual(advance(limits.rekeyGap - 500, 'no-session'), [])
  assert.deepEqual(advance(500, 'no-session'), ['no-session'])
  assert.deepEqual(advance(2 * limits.rekeyGap, null), [])
})

// pairing.rekey.ask-unanswered
test('what was asked inside and has brought no R1 is asked by REKEY_ASK as well, though its reason is gone', () => {
  const { advance } = start()
  assert.deepEqual(advance(500, 'decrypt-failures'), ['rekey'])
  assert.deepEqual(advance(limits.rekeyGap, null), ['rekey', 'decrypt-failures'])
})

test('what has brought an R1 is not asked again without a reason', () => {
  const { asks, advance } = start()
  assert.deepEqual(advance(500, 'suite'), ['rekey'])
  asks.answered()
  assert.deepEqual(advance(2 * limits.rekeyGap, null), [])
  assert.deepEqual(advance(500, 'suite'), ['rekey'])
})
