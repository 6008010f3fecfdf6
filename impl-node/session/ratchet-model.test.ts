// A session on a network that loses, repeats, reorders and tampers, against an oracle that knows nothing
// of keys: a message opens exactly once, as itself, and everything else is refused without a trace.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ErrorCode } from '@happy-remote/schemas/errors.ts'
import { limits } from '@happy-remote/schemas/limits.ts'
import fc from 'fast-check'
import { ascii, flipped } from '../vectors/deterministic.ts'
import type { Ratchet } from './ratchet.ts'
import { exportState, importState } from './state-image.ts'
import { pairUp, stateHash } from './testing/pair-up.ts'
import { receive } from './testing/receive.ts'
import { codeOf } from './testing/refusal.ts'

interface Sent {
  readonly seq: number
  readonly text: string
  readonly message: Uint8Array
}

/** What the receiver of one direction must do, from numbers alone. */
class Oracle {
  #next = 0
  /** Skipped numbers, oldest first, with the time of skipping. */
  #skipped: { seq: number; at: number }[] = []

  expect(seq: number, now: number): { late: boolean } | ErrorCode {
    if (this.#skipped.some((entry) => entry.seq === seq && now - entry.at <= limits.skippedTtl)) {
      this.#skipped = this.#skipped.filter((entry) => entry.seq !== seq)
      return { late: true }
    }
    if (seq < this.#next) return 'replay'
    if (seq - this.#next > limits.maxSkip) return 'skip-limit'
    for (let missing = this.#next; missing < seq; missing++) this.#skipped.push({ seq: missing, at: now })
    this.#skipped = this.#skipped.filter(({ at }) => now - at <= limits.skippedTtl).slice(-limits.skippedKeys)
    this.#next = seq + 1
    return { late: false }
  }
}

class Direction {
  readonly oracle = new Oracle()
  readonly flying: Sent[] = []
  readonly sent: Sent[] = []
  readonly opened = new Set<number>()
  readonly name: string
  constructor(name: string) {
    this.name = name
  }

  send(from: Ratchet): void {
    const seq = from.nextSeq
    const text = `${this.name} ${seq}`
    const sent = { seq, text, message: from.encrypt(ascii(text)) }
    assert.equal(seq, this.sent.length)
    this.sent.push(sent)
    this.flying.push(sent)
  }

  deliver({ seq, text, message }: Sent, to: Ratchet, now: number): void {
    const expected = this.oracle.expect(seq, now)
    const before = stateHash(to)
    if (typeof expected === 'string') {
      assert.equal(
        codeOf(() => receive(to, message, now)),
        expected,
        `${text} again or too far`,
      )
      assert.equal(stateHash(to), before)
      return
    }
    const opened = receive(to, message, now)
    assert.deepEqual(opened, { plaintext: ascii(text), seq, late: expected.late })
    assert.ok(!this.opened.has(seq), `${text} opened twice`)
    assert.notEqual(stateHash(to), before)
    this.opened.add(seq)
  }
}

const index = fc.nat(0xffff)
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send'), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('send'), count: fc.constantFrom(40, 150, 258) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver'), pick: fc.constant(0) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver'), pick: index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('drop'), pick: index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('repeat'), pick: index }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tamper'), pick: index, at: index, bit: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reflect'), pick: index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1_000, 400_000, 700_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart') }) },
)
const step = fc.tuple(fc.boolean(), operation)

function play(steps: readonly (readonly [boolean, Record<string, unknown>])[]): number {
  const paired = pairUp({ name: 'model' })
  const ends = { agent: paired.agent, controller: paired.controller }
  const toController = new Direction('to controller')
  const toAgent = new Direction('to agent')
  let now = 1_800_000_000_000

  for (const [outward, operation] of steps) {
    const {
      kind,
      pick = 0,
      count = 0,
      ms = 0,
      at = 0,
      bit = 0,
    } = operation as { kind: string } & Record<string, number>
    const [direction, from, to] = outward
      ? ([toController, 'agent', 'controller'] as const)
      : ([toAgent, 'controller', 'agent'] as const)
    const { flying, sent } = direction
    const chosen = pick % Math.max(flying.length, 1)
    const flown = flying[chosen]
    const any = sent[pick % Math.max(sent.length, 1)]
    if (kind === 'send') for (let i = 0; i < count; i++) direction.send(ends[from])
    else if (kind === 'wait') now += ms
    else if (kind === 'restart') ends[to] = restarted(ends[to], now)
    else if (kind === 'deliver' && flown) direction.deliver(flying.splice(chosen, 1)[0] as Sent, ends[to], now)
    else if (kind === 'drop' && flown) flying.splice(chosen, 1)
    else if (kind === 'repeat' && any) direction.deliver(any, ends[to], now)
    else if (kind === 'tamper' && any) refuse(ends[to], flipped(any.message, at % any.message.length, bit), now)
    else if (kind === 'reflect' && any) refuse(ends[from], any.message, now)
  }
  // When the network is well again, both ends go on, unless more was lost than may be skipped.
  for (const [direction, from, to] of [
    [toController, 'agent', 'controller'],
    [toAgent, 'controller', 'agent'],
    [toController, 'agent', 'controller'],
  ] as const) {
    direction.send(ends[from])
    direction.deliver(direction.flying.pop() as Sent, ends[to], now)
  }
  return toController.opened.size + toAgent.opened.size
}

/** A restart with the stored image gives skipped keys the time of loading, so it is done where none is kept. */
function restarted(ratchet: Ratchet, now: number): Ratchet {
  return ratchet.state.skipped.size > 0 ? ratchet : importState(exportState(ratchet.state, 1), now).ratchet
}

function refuse(ratchet: Ratchet, message: Uint8Array, now: number): void {
  const before = stateHash(ratchet)
  const code = codeOf(() => receive(ratchet, message, now))
  // An old message may be refused for its age before it is found to be tampered with.
  assert.match(code, /^(version|direction|header|decrypt|replay|skip-limit)$/)
  assert.equal(stateHash(ratchet), before)
}

test('under loss, repetition, reordering, tampering and time every message opens at most once, as itself', () => {
  let opened = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
      opened += play(steps)
    }),
    { numRuns: 120 },
  )
  assert.ok(opened > 1_000, `${opened} opened`)
})
