import { deepEqual, equal, throws } from 'node:assert/strict'
import type { QuestionField, QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import { UsageError } from '../command.ts'
import { answersOf, formText } from './form.ts'

const field = (name: string, type: QuestionField['type'], more: Partial<QuestionField> = {}): QuestionField => ({
  ...{ name, label: name, type, required: false },
  ...more,
})
const question = (...fields: QuestionField[]): QuestionRequest => ({
  ...{ requestId: crypto.randomUUID(), conversationId: 'c', title: 'Which?' },
  fields,
})
const options = [
  { value: 'a', label: 'First' },
  { value: 'b', label: 'Second, or last' },
]
const all = question(
  field('text', 'text'),
  field('tries', 'integer'),
  field('sure', 'boolean'),
  field('one', 'choice', { options }),
  field('some', 'choices', { options }),
)
const meant = (asked: QuestionRequest, ...words: string[]) =>
  Object.fromEntries(answersOf(asked, words).map(({ name, value }) => [name, value]))

Deno.test('answersOf() reads name=value as the field takes it', () => {
  deepEqual(meant(all, 'text=a=b, c', 'tries=-1', 'sure=y', 'one=First', 'some=1,b'), {
    ...{ text: 'a=b, c', tries: -1, sure: true, one: 'a', some: ['a', 'b'] },
  })
  deepEqual(meant(all, 'sure=no', 'one=2', 'some=Second, or last'), { sure: false, one: 'b', some: ['b'] })
  deepEqual([meant(all), meant(all, 'some=')], [{}, { some: [] }])
  for (const word of ['hello', 'other=1', 'tries=x', 'tries=', 'sure=maybe', 'one=c', 'one=3', 'some=a,c']) {
    throws(() => answersOf(all, [word]), UsageError, word)
  }
})

Deno.test('answersOf() takes the value alone where there is one field', () => {
  const text = question(field('text', 'text'))
  deepEqual(
    [meant(text, 'two', 'words'), meant(text, 'text=x'), meant(text)],
    [{ text: 'two words' }, { text: 'x' }, {}],
  )
  const open = question(field('one', 'choice', { options, other: true }))
  deepEqual([meant(open, 'something', 'else'), meant(open, '1')], [{ one: 'something else' }, { one: 'a' }])
})

Deno.test('formText() shows what each field takes, and lets no escape sequence through', () => {
  const evil = '\u001b[2J\u202eevil'
  const fields = [
    field('name', 'text', { label: `The${evil} name`, description: evil, required: true, min: 2 }),
    field('parts', 'choices', { options: [{ value: 'x', label: evil, description: evil }], max: 2, default: ['x'] }),
  ]
  equal(
    formText({ ...question(...fields), title: `Which${evil}?` }),
    `The assistant wants to know: Whichevil?
  name  Theevil name: a text, at least 2
     evil
  parts  some of these, with commas between, at most 2, may be left out, it suggests x
     1  evil: evil`,
  )
})
