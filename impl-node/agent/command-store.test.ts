import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { diskCommandStore } from './command-store.ts'

test('an id, its outcome and the epoch outlive the program', () => {
  const db = new DatabaseSync(':memory:')
  const store = diskCommandStore(db)
  store.accept('a', '1', 'print')
  store.accept('a', '2', 'print')
  store.finish('a', '1', { result: { n: 1 } })
  const next = diskCommandStore(db)
  assert.equal(next.epoch, store.epoch)
  assert.deepEqual(next.find('a', '1'), { fingerprint: 'print', outcome: { result: { n: 1 } } })
  assert.deepEqual(next.find('a', '2'), { fingerprint: 'print', outcome: null })
  assert.equal(next.find('b', '1'), undefined)
})

test('an epoch that was lost with its ids is another one', () => {
  const epochs = [1, 2].map(() => diskCommandStore(new DatabaseSync(':memory:')).epoch)
  assert.notEqual(epochs[0], epochs[1])
})

test('what was not seen for 72 h is deleted when the next command comes', () => {
  let now = 0
  const db = new DatabaseSync(':memory:')
  const store = diskCommandStore(db, () => now)
  store.accept('a', '1', 'print')
  now = 80 * 3_600_000
  store.accept('a', '2', 'print')
  assert.deepEqual({ ...db.prepare('SELECT count(*) AS n FROM command').get() }, { n: 1 })
})
