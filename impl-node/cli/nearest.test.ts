import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from './nearest.ts'

const known = ['relay', 'agent', 'pair', 'control', 'devices', 'demo']

test('nearest() finds what a slip or two, or a beginning, means; and nothing where nothing is near', () => {
  const meant: [word: string, means: string | undefined][] = [
    ['agnet', 'agent'],
    ['rely', 'relay'],
    ['con', 'control'],
    ['DEMO', 'demo'],
    ['pairs', 'pair'],
    ['x', undefined],
    ['terminal', undefined],
    ['a'.repeat(10_000), undefined],
  ]
  for (const [word, means] of meant) assert.equal(nearest(word, known), means, word.slice(0, 20))
})
