import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CAPABILITIES, DEFAULT_CAPABILITIES, LABELS, label, SUITE_BITS, SUITES } from './constants.ts'

test('label() is the prefix, the name and one zero byte', () => {
  assert.equal(Buffer.from(label('sas')).toString('latin1'), 'HRC/1 sas\0')
})

test('no label is the beginning of another, so no two derivations can meet', () => {
  const all = LABELS.map((name) => Buffer.from(label(name)).toString('hex'))
  for (const one of all)
    assert.deepEqual(
      all.filter((other) => other.startsWith(one)),
      [one],
    )
})

test('the bitmap of suites has bit i for suite i + 1', () => {
  assert.equal(
    SUITES.reduce((bits, suite) => bits | (1 << (suite - 1)), 0),
    SUITE_BITS,
  )
})

test('what is granted by default lacks git.push and admin', () => {
  assert.deepEqual(
    CAPABILITIES.filter((name) => !DEFAULT_CAPABILITIES.includes(name)),
    ['git.push', 'admin'],
  )
})
