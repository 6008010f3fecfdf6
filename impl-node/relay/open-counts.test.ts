import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenCounts } from './open-counts.ts'

test('OpenCounts gives a count back once, until its life is over', () => {
  const counts = new OpenCounts(600, 10)
  counts.remember('a', 7, 0)
  counts.remember('b', 8, 0)
  assert.equal(counts.recall('a', 599), 7)
  assert.equal(counts.recall('a', 599), 0)
  assert.equal(counts.recall('b', 600), 0)
  assert.equal(counts.recall('c', 0), 0)
  assert.equal(counts.size, 0)
})

test('OpenCounts keeps no entry for a route that took nothing', () => {
  const counts = new OpenCounts(600, 10)
  counts.remember('a', 0, 0)
  assert.equal(counts.size, 0)
})

test('OpenCounts forgets the oldest beyond its size', () => {
  const counts = new OpenCounts(600, 3)
  for (const [i, route] of ['a', 'b', 'c', 'd'].entries()) counts.remember(route, 5, i)
  assert.equal(counts.size, 3)
  assert.equal(counts.recall('a', 4), 0)
  assert.equal(counts.recall('b', 4), 5)
})

test('OpenCounts sweeps what is over, and nothing else', () => {
  const counts = new OpenCounts(600, 10)
  counts.remember('a', 1, 0)
  counts.remember('b', 1, 100)
  counts.remember('a', 2, 200) // again: now the younger one
  counts.sweep(700)
  assert.equal(counts.size, 1)
  assert.equal(counts.recall('a', 700), 2)
})
