import assert from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import fc from 'fast-check'
import { toBase64url } from '../crypto/base64url.ts'
import { utf8 } from '../crypto/bytes.ts'
import { hash } from '../crypto/primitives.ts'
import type { Session } from '../session/session.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { IncomingBodies } from './incoming-bodies.ts'

const SESSION = {} as Session

function scene(text: string, more: { length?: number; sha256?: string } = {}) {
  const timers = new ManualTimers()
  const bodies = new IncomingBodies(timers)
  const bytes = utf8(text)
  const log: unknown[] = []
  const reference = { stream: 1, length: bytes.length, sha256: toBase64url(hash(bytes)), ...more }
  const outcome = {
    done: (value: unknown) => void log.push(value),
    failed: ({ code }: { code: string }) => void log.push(code),
  }
  const expect = () => bodies.expect(SESSION, reference, outcome)
  const chunk = (offset: number, piece: Uint8Array) => bodies.chunk(SESSION, { streamId: 1, offset, bytes: piece })
  return { timers, bodies, bytes, log, expect, chunk }
}

Deno.test('a body is whole after its chunks in any order, repeated and overlapping', () => {
  const text = JSON.stringify({ text: 'abcdefghijklmnopqrstuvwxyz'.repeat(8) })
  const span = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 1, max: 60 }))
  fc.assert(
    fc.property(fc.array(span, { maxLength: 40 }), (spans) => {
      const { bytes, log, expect, chunk } = scene(text)
      expect()
      for (const [from, size] of spans) chunk(from, bytes.slice(from, from + size))
      for (let at = bytes.length - 1; at >= 0; at -= 7)
        chunk(Math.max(0, at - 6), bytes.slice(Math.max(0, at - 6), at + 1))
      assert.deepEqual(log, [JSON.parse(text)])
    }),
    { numRuns: 200 },
  )
})

Deno.test('a body ends as interrupted where it contradicts itself, its length, its hash or JSON', () => {
  const differing = scene('{"a":1}')
  differing.expect()
  differing.chunk(0, differing.bytes.slice(0, 4))
  differing.chunk(2, utf8('xx'))
  const long = scene('{"a":1}')
  long.expect()
  long.chunk(0, utf8('{"a":1}}'))
  const hashed = scene('{"a":1}', { sha256: toBase64url(hash(utf8('other'))) })
  hashed.expect()
  hashed.chunk(0, hashed.bytes)
  const noJson = scene('{"a":1')
  noJson.expect()
  noJson.chunk(0, noJson.bytes)
  for (const { log } of [differing, long, hashed, noJson]) assert.deepEqual(log, ['interrupted'])
})

Deno.test('a body that is too large is refused at once and its chunks belong to nobody', () => {
  const { log, expect, chunk } = scene('{}', { length: limits.bodyLeast + 1 })
  expect()
  assert.deepEqual(log, ['too-large'])
  assert.equal(chunk(0, utf8('{}')), false)
})

Deno.test('a body is dropped 30 s after its last new byte, and repeated bytes are not new', () => {
  const { timers, bytes, log, expect, chunk } = scene('{"a":1}')
  expect()
  timers.advance(29_000)
  chunk(0, bytes.slice(0, 3))
  timers.advance(29_000)
  chunk(0, bytes.slice(0, 3))
  assert.deepEqual(log, [])
  timers.advance(1_000)
  assert.deepEqual(log, ['interrupted'])
})

Deno.test('only() drops the bodies of every session but the current one', () => {
  const { bodies, log, expect, chunk } = scene('{}')
  expect()
  bodies.only(SESSION)
  assert.deepEqual(log, [])
  bodies.only({} as Session)
  assert.deepEqual(log, ['interrupted'])
  assert.equal(chunk(0, utf8('{}')), false)
})
