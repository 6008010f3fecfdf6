import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { QuestionField, QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import { UsageError } from '../command.ts'
import { answersMeant, questionLines } from './questions.ts'

const field = (name: string, type: QuestionField['type'], more: Partial<QuestionField> = {}): QuestionField => ({
  ...{ name, label: name, type, required: false },
  ...more,
})
const question = (...fields: QuestionField[]): QuestionRequest => ({
  ...{ requestId: '00000000-0000-4000-8000-000000000000', conversationId: 'c', title: 'Which?' },
  fields,
})
const options = [
  { value: 'a', label: 'First' },
  { value: 'b', label: 'Second, or last' },
]
const all = question(
  field('text', 'text'),
  field('number', 'number'),
  field('sure', 'boolean'),
  field('one', 'choice', { options }),
  field('some', 'choices', { options }),
)
const meant = (asked: QuestionRequest, ...words: string[]) =>
  Object.fromEntries(answersMeant(asked, words).map(({ name, value }) => [name, value]))

test('name=value is an answer of the type that the field has', () => {
  assert.deepEqual(meant(all, 'text=a=b, c', 'number=-1.5', 'sure=y', 'one=First', 'some=1,b'), {
    ...{ text: 'a=b, c', number: -1.5, sure: true, one: 'a', some: ['a', 'b'] },
  })
  assert.deepEqual(meant(all, 'text=', 'sure=no', 'one=2', 'some=Second, or last'), {
    ...{ text: '', sure: false, one: 'b', some: ['b'] },
  })
  assert.deepEqual(meant(all, 'some='), { some: [] })
  assert.deepEqual(meant(all), {})
})

test('what means nothing for its field is wrong use', () => {
  const wrong = ['hello', 'other=1', 'number=x', 'number=', 'sure=maybe', 'one=c', 'one=3', 'one=', 'some=a,c']
  for (const word of wrong) assert.throws(() => answersMeant(all, [word]), UsageError, word)
})

test('of a single field the value stands alone, with its spaces, and another text where one may be given', () => {
  assert.deepEqual(meant(question(field('text', 'text')), 'two', 'words'), { text: 'two words' })
  assert.deepEqual(meant(question(field('text', 'text')), 'text=x'), { text: 'x' })
  const open = question(field('one', 'choice', { options, other: true }))
  assert.deepEqual(meant(open, 'something', 'else'), { one: 'something else' })
  assert.deepEqual(meant(open, '1'), { one: 'a' })
})

test('a question is shown with what each field takes, and nothing of it reaches the screen but text', () => {
  const evil = '\u001b[2J\u202eevil'
  const shown = questionLines({
    ...question(
      field('name', 'text', { label: `The${evil} name`, description: evil, required: true, min: 2, max: 8 }),
      field('parts', 'choices', { options: [{ value: 'x', label: evil, description: evil }], min: 1, other: true }),
      field('tries', 'integer', { max: 5, default: 3 }),
    ),
    title: `Which${evil}?`,
  })
  assert.deepEqual(shown, [
    'The assistant wants to know: Whichevil?',
    '  name  Theevil name: a text of 2 to 8 characters',
    '    evil',
    '  parts  some of these, with commas between (at least 1), or another text, may be left out',
    '    1  evil: evil',
    '  tries  a whole number (at most 5), may be left out, it suggests 3',
  ])
})
