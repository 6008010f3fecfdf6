import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { ControlMessage } from '@happy-remote/schemas/session.ts'
import type { PairingRecord } from '../session/record.ts'
import { Confirmation } from './confirmation.ts'
import { LiveRecord } from './live-record.ts'
import { Pair } from './wire.fake.ts'

const M3 = Uint8Array.of(1, 3, 0, 1)

/** A confirmation whose clock runs in half seconds, and when it has sent M3. */
class Run {
  readonly at: number[] = []
  readonly stored: PairingRecord[] = []
  readonly acks: ControlMessage[] = []
  readonly record = new LiveRecord(new Pair().records.controller, (record) => this.stored.push(record))
  bound = true
  #now = 0
  readonly confirmation: Confirmation

  constructor(runEndedAt: number | null = 0) {
    this.confirmation = new Confirmation({
      record: this.record,
      name: 'phone',
      proof: M3,
      runEndedAt,
      sendProof: (proof) => {
        assert.equal(proof, M3)
        if (this.bound) this.at.push(this.#now)
        return this.bound
      },
      acknowledge: (ack) => this.acks.push(ack),
    })
  }

  connect(): void {
    this.confirmation.sendProof(this.#now)
  }

  advance(ms: number): void {
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now += 500
      this.confirmation.tick(this.#now)
    }
  }
}

// pairing.controller.m3-resend
test('M3 goes out again 2, 4, 8 and 16 s after its first sending', () => {
  const run = new Run()
  run.advance(3_000)
  assert.deepEqual(run.at, [])
  run.connect()
  run.advance(60_000)
  assert.deepEqual(run.at, [3_000, 5_000, 7_000, 11_000, 19_000])
})

test('M3 goes out on each connection, and what was due without one goes out then', () => {
  const run = new Run()
  run.connect()
  run.bound = false
  run.advance(5_000)
  run.bound = true
  run.connect()
  run.advance(1_000)
  run.connect()
  run.advance(60_000)
  run.connect()
  assert.deepEqual(run.at, [0, 5_000, 6_000, 8_000, 16_000, 66_000])
})

test('M3 is no more sent once the agent has spoken', () => {
  const run = new Run()
  run.connect()
  run.confirmation.heard()
  run.advance(60_000)
  run.connect()
  assert.deepEqual(run.at, [0])
})

const complete = { type: 'pair.complete' as const, agentName: 'desk', capabilities: ['observe', 'nobody-knows-it'] }

// pairing.controller.confirm, session.control.capabilities
test('pair.complete confirms the record, with the name and the capabilities that are known here', () => {
  const { confirmation, record, stored } = new Run()
  assert.equal(confirmation.completed(complete), true)
  const { state, peerName, capabilities } = record.now
  assert.deepEqual([state, peerName, capabilities], ['stored', 'desk', ['observe']])
  assert.equal(stored.length, 1)
})

// pairing.controller.ack
test('each pair.complete is acknowledged, and stored where it tells something new', () => {
  const { confirmation, stored, acks } = new Run()
  confirmation.completed(complete)
  assert.equal(confirmation.completed(complete), false)
  assert.equal(stored.length, 1)
  confirmation.completed({ ...complete, capabilities: ['observe', 'prompt'] })
  assert.equal(stored.length, 2)
  assert.deepEqual(acks, Array(3).fill({ type: 'pair.ack', deviceName: 'phone' }))
})

// pairing.controller.complete-time
test('a confirmation is overdue 90 s after the run, and never where the record comes from the store', () => {
  const of = (runEndedAt: number | null) => new Run(runEndedAt).confirmation
  assert.equal(of(1_000).isOverdue(1_000 + limits.completeTime - 1), false)
  assert.equal(of(1_000).isOverdue(1_000 + limits.completeTime), true)
  assert.equal(of(null).isOverdue(limits.unconfirmedTtl), false)
})

// pairing.controller.delete-unconfirmed
test('a record expires ten minutes after it was stored', () => {
  const { confirmation, record } = new Run()
  const end = record.now.createdAt + limits.unconfirmedTtl
  assert.equal(confirmation.isExpired(end), false)
  assert.equal(confirmation.isExpired(end + 1), true)
})
