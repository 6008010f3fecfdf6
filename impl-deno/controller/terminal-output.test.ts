import assert from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import fc from 'fast-check'
import { concat, utf8 } from '../crypto/bytes.ts'
import type { Session } from '../session/session.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { TerminalOutput } from './terminal-output.ts'

const SESSION = {} as Session

function scene() {
  const timers = new ManualTimers()
  const log: string[] = []
  const told: Uint8Array[] = []
  const output = new TerminalOutput(timers, {
    output: (offset, bytes) => {
      assert.equal(
        offset,
        told.reduce((sum, one) => sum + one.length, 0),
      )
      told.push(bytes)
    },
    gap: (from, to) => void log.push(`gap ${from} ${to}`),
    grant: (stream, upTo) => void log.push(`grant ${stream} ${upTo}`),
    missing: () => void log.push('missing'),
    complete: () => void log.push('complete'),
  })
  output.attached({ session: SESSION, stream: 1, offset: 0 }, 0)
  return { timers, log, output, text: () => new TextDecoder().decode(concat(...told)) }
}

Deno.test('output is told in order and each byte once, whatever the order and the overlap of its chunks', () => {
  const whole = utf8('abcdefghijklmnopqrstuvwxyz0123456789')
  const span = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 9 }))
  fc.assert(
    fc.property(fc.array(span, { maxLength: 30 }), (spans) => {
      const { output, text } = scene()
      for (const [from, size] of spans) output.chunk(from, whole.slice(from, from + size), true)
      for (let at = whole.length; at > 0; at -= 5)
        output.chunk(Math.max(0, at - 5), whole.slice(Math.max(0, at - 5), at), true)
      assert.equal(text(), 'abcdefghijklmnopqrstuvwxyz0123456789')
    }),
  )
})

Deno.test('a hole is asked for after a moment in which nothing filled it', () => {
  const { timers, log, output } = scene()
  output.chunk(5, utf8('later'), true)
  timers.advance(200)
  assert.deepEqual(log, [])
  output.chunk(0, utf8('first'), true)
  timers.advance(1_000)
  assert.deepEqual(log, [])
  output.chunk(20, utf8('more'), true)
  timers.advance(250)
  assert.deepEqual(log, ['missing'])
})

Deno.test('credit is granted each time that half of it is used, from what was taken in', () => {
  const { log, output } = scene()
  const half = limits.terminalWindow / 2
  output.chunk(0, new Uint8Array(half - 1), true)
  assert.deepEqual(log, [])
  output.chunk(half - 1, new Uint8Array(1), true)
  assert.deepEqual(log, [`grant 1 ${half + limits.terminalWindow}`])
})

Deno.test('what is no longer kept is a gap, told once', () => {
  const { log, output } = scene()
  output.chunk(0, utf8('0123456789'), true)
  output.attached({ session: SESSION, stream: 2, offset: 50, gap: { from: 10, to: 50 } })
  assert.deepEqual([log, output.next], [['gap 10 50'], 50])
})

Deno.test('a terminal is complete when all its output was told; a tail that was lost is asked for', () => {
  const { timers, log, output } = scene()
  output.chunk(0, utf8('01234'), true)
  output.ended(10)
  timers.advance(2_000)
  assert.deepEqual(log, ['missing'])
  output.chunk(5, utf8('56789'), true)
  assert.deepEqual(log, ['missing', 'complete'])
})
