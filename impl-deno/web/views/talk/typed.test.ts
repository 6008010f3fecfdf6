import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asType } from './typed.ts'

test('a number is one when it is given, however it is written', () => {
  assert.equal(asType('number', '1.50'), 1.5)
  assert.equal(asType('number', '-0,5'), -0.5)
  assert.equal(asType('integer', ' 7 '), 7)
})

test('what is no number is given as it was typed, so that the computer names the field', () => {
  assert.equal(asType('number', 'many'), 'many')
  assert.equal(asType('number', ' '), ' ')
  assert.equal(asType('text', '12'), '12')
  assert.deepEqual(asType('choices', ['1']), ['1'])
})
