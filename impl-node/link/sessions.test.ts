import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import { Session } from '../session/session.ts'
import { Sessions } from './sessions.ts'
import { Pair } from './wire.fake.ts'

const NOW = 1_800_000_000_000

/** The session of an agent, and those of the controller that opens what it seals. */
function start() {
  const pair = new Pair()
  const agent = new Session(pair.parts('agent').ratchet, NOW)
  const current = new Session(pair.parts('controller').ratchet, NOW)
  const sessions = new Sessions()
  const seal = () => agent.seal('control', new Uint8Array(), new Uint8Array(8))
  return { agent, current, sessions, seal, open: (sealed: Uint8Array) => sessions.open(sealed, NOW) }
}

test('a frame tells whether those before it are missing, and one that was overtaken tells nothing', () => {
  const { current, sessions, seal, open } = start()
  sessions.begin(current, NOW)
  const frames = [seal(), seal(), seal(), seal()] as const
  const missing = [frames[0], frames[2], frames[1], frames[3]].map((frame) => open(frame).missing)
  assert.deepEqual(missing, [false, true, false, false])
})

test('the first frame of the awaited session tells whether those before it are missing', () => {
  for (const lost of [0, 1]) {
    const { current, sessions, seal, open } = start()
    sessions.await(current)
    for (let i = 0; i < lost; i++) seal()
    const { began, missing } = open(seal())
    assert.deepEqual([began, missing], [true, lost > 0])
  }
})

test('a session that goes on misses nothing of what it had opened before', () => {
  const { current, sessions, seal, open } = start()
  current.open(seal(), NOW)
  sessions.begin(current, NOW)
  assert.equal(open(seal()).missing, false)
})

test('a message too far ahead is remembered until another session is current', () => {
  const { agent, current, sessions, open } = start()
  sessions.begin(current, NOW)
  const ahead = () => {
    for (let i = 0; i <= limits.maxSkip; i++) agent.ratchet.encrypt(new Uint8Array(256))
    return agent.ratchet.encrypt(new Uint8Array(256))
  }
  assert.throws(() => open(ahead()), { code: 'skip-limit' })
  assert.equal(sessions.skipLimitReached, true)
  sessions.begin(new Session(new Pair().parts('controller').ratchet, NOW), NOW)
  assert.equal(sessions.skipLimitReached, false)
})
