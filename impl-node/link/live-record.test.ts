import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PairingRecord } from '../session/record.ts'
import { LiveRecord } from './live-record.ts'
import { Pair } from './wire.fake.ts'

/** The unconfirmed record of a controller, and what was stored of it. */
function start() {
  const stored: PairingRecord[] = []
  const disk = { full: false }
  const first = new Pair({ suite: 1 }).records.controller
  const record = new LiveRecord(first, (changed) => {
    if (disk.full) throw new Error('disk full')
    stored.push(changed)
  })
  return { first, record, stored, disk }
}

test('a change is stored and then holds, and the rest of the record stays', () => {
  const { first, record, stored } = start()
  record.change({ peerName: 'desk' })
  assert.deepEqual(stored, [{ ...first, peerName: 'desk' }])
  assert.equal(record.now, stored[0])
})

test('a change that cannot be stored does not hold', () => {
  const { first, record, disk } = start()
  disk.full = true
  assert.throws(() => record.confirm(), /disk full/)
  assert.equal(record.now, first)
  assert.equal(record.isStored, false)
})

test('a record is confirmed once, and stored again only with something new', () => {
  const { record, stored } = start()
  record.confirm()
  assert.equal(record.isStored, true)
  record.confirm()
  assert.equal(stored.length, 1)
  record.confirm({ peerName: 'desk' })
  assert.deepEqual(
    stored.map(({ state, peerName }) => [state, peerName]),
    [
      ['stored', ''],
      ['stored', 'desk'],
    ],
  )
})

// pairing.rekey.record
test('a rekey is stored where it brought another suite or another certificate', () => {
  const { first, record, stored } = start()
  const { peer } = first
  record.pin(peer, 1)
  assert.equal(stored.length, 0)
  record.pin(peer, 2)
  record.pin({ ...peer, epoch: peer.epoch + 1 }, 2)
  assert.deepEqual(
    stored.map(({ suite, peer: { epoch } }) => [suite, epoch]),
    [
      [2, peer.epoch],
      [2, peer.epoch + 1],
    ],
  )
})
