import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failures } from './failures.ts'

test('Failures lets a pair be told once in the given time', () => {
  const failures = new Failures(1_000)
  assert.ok(failures.mayTell('ab', 0))
  assert.equal(failures.mayTell('ab', 999), false)
  assert.ok(failures.mayTell('ac', 999))
  assert.ok(failures.mayTell('ab', 1_000))
})

test('Failures stays bounded and silent when more pairs fail at once than it remembers', () => {
  const failures = new Failures(1_000)
  const told = Array.from({ length: 10_000 }, (_, i) => failures.mayTell(`pair ${i}`, 0)).filter(Boolean).length
  assert.equal(told, 256)
  assert.equal(failures.size, 256)
  assert.ok(failures.mayTell('later', 1_000), 'what is over makes room')
  assert.equal(failures.size, 1)
})

test('Failures sweeps what is over', () => {
  const failures = new Failures(1_000)
  failures.sweep(0)
  failures.mayTell('ab', 0)
  failures.sweep(999)
  assert.equal(failures.size, 1)
  failures.sweep(1_000)
  assert.equal(failures.size, 0)
})
