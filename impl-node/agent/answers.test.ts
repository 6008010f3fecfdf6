import assert from 'node:assert/strict'
import test from 'node:test'
import type { AnswerValue, QuestionField } from '@happy-remote/schemas/rpc/question.ts'
import { misfit } from './answers.ts'

const field = (type: QuestionField['type'], more: Partial<QuestionField> = {}): QuestionField => ({
  ...{ name: 'a', label: 'A', type, required: false },
  ...more,
})
const options = ['x', 'y', 'z'].map((value) => ({ value, label: value }))

for (const [what, asked, good, bad] of [
  ['a text', field('text'), ['', 'any'], [1, true, ['a']]],
  ['a text of some length', field('text', { min: 2, max: 3 }), ['ab', '🦊🦊🦊'], ['a', '🦊', 'abcd']],
  ['a number', field('number', { min: -1, max: 0.5 }), [-1, 0.5, 0], [-1.1, 0.6, '0', true]],
  ['a whole number', field('integer', { min: 1 }), [1, 2 ** 60], [0, 1.5, '1']],
  ['yes or no', field('boolean'), [true, false], ['true', 0]],
  ['a choice', field('choice', { options }), ['x', 'z'], ['', 'X', 'w', ['x'], true]],
  ['a choice of another text', field('choice', { options, other: true }), ['x', 'w'], ['', 7]],
  ['a choice of nothing', field('choice'), [], ['x', '']],
  ['some choices', field('choices', { options, min: 1, max: 2 }), [['x'], ['z', 'x']], [[], ['x', 'y', 'z'], 'x']],
  ['choices that there are', field('choices', { options }), [[]], [['w'], ['x', 'x'], ['']]],
  ['choices of other texts', field('choices', { options, other: true }), [['w', 'x']], [['x', '']]],
] satisfies [string, QuestionField, AnswerValue[], AnswerValue[]][]) {
  test(`${what} fits its field, and nothing else does`, () => {
    for (const value of good) assert.equal(misfit([asked], [{ name: 'a', value }]), null, JSON.stringify(value))
    for (const value of bad) assert.equal(misfit([asked], [{ name: 'a', value }])?.field, 'a', JSON.stringify(value))
  })
}

test('what is required is there, each field once, and nothing that was not asked', () => {
  const fields = [field('text', { required: true }), field('text', { name: 'b' })]
  const a = { name: 'a', value: '1' }
  assert.equal(misfit(fields, [a]), null)
  assert.equal(misfit(fields, [{ name: 'b', value: '' }, a]), null)
  assert.deepEqual(misfit(fields, []), { field: 'a', why: 'is missing' })
  assert.deepEqual(misfit(fields, [a, a]), { field: 'a', why: 'is there twice' })
  assert.deepEqual(misfit(fields, [a, { name: 'toString', value: '' }]), { field: 'toString', why: 'is for no field' })
  assert.equal(misfit([], []), null)
})
