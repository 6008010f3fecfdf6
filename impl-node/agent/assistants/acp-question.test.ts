import assert from 'node:assert/strict'
import test from 'node:test'
import { parseQuestion, responseTo } from './acp-question.ts'

const params = (properties: unknown, more: object = {}) => ({
  ...{ mode: 'form', sessionId: 's', message: 'Which?' },
  ...{ requestedSchema: { type: 'object', properties, ...more } },
})
const fieldsOf = (properties: unknown, more: object = {}) => parseQuestion(params(properties, more))?.fields

test('each type of property becomes a field', () => {
  const titled = [
    { const: 'a', title: 'A' },
    { const: 'b', title: 'B', description: 'the other' },
  ]
  const options = [
    { value: 'a', label: 'A' },
    { value: 'b', label: 'B', description: 'the other' },
  ]
  const properties = {
    text: { type: 'string', title: 'Text', description: 'Some', minLength: 1, maxLength: 9, format: 'email' },
    expression: { type: 'string', pattern: '^a+$', default: 'aa' },
    one: { type: 'string', enum: ['x'] },
    titled: { type: 'string', oneOf: titled },
    number: { type: 'number', minimum: 0.5, maximum: null },
    whole: { type: 'integer', maximum: 3, default: 2 },
    sure: { type: 'boolean', default: false },
    some: { type: 'array', items: { type: 'string', enum: ['x'] }, minItems: 1 },
    titles: { type: 'array', items: { anyOf: titled }, maxItems: 2, default: ['a'] },
  }
  assert.deepEqual(fieldsOf(properties, { required: ['sure', 'one'] }), [
    {
      name: 'text',
      label: 'Text',
      description: 'Some',
      required: false,
      type: 'text',
      min: 1,
      max: 9,
      format: 'email',
    },
    { name: 'expression', label: 'expression', required: false, default: 'aa', type: 'text', pattern: '^a+$' },
    { name: 'one', label: 'one', required: true, type: 'choice', options: [{ value: 'x', label: 'x' }] },
    { name: 'titled', label: 'titled', required: false, type: 'choice', options },
    { name: 'number', label: 'number', required: false, type: 'number', min: 0.5 },
    { name: 'whole', label: 'whole', required: false, default: 2, type: 'integer', max: 3 },
    { name: 'sure', label: 'sure', required: true, default: false, type: 'boolean' },
    { name: 'some', label: 'some', required: false, type: 'choices', options: [{ value: 'x', label: 'x' }], min: 1 },
    { name: 'titles', label: 'titles', required: false, default: ['a'], type: 'choices', options, max: 2 },
  ])
})

test('a form without properties asks for no values', () => {
  assert.deepEqual(parseQuestion(params(undefined)), { sessionId: 's', title: 'Which?', fields: [] })
})

test('names that an object has by itself are names like others', () => {
  const { properties } = JSON.parse('{"properties":{"__proto__":{"type":"boolean"},"toString":{"type":"boolean"}}}')
  assert.deepEqual(
    fieldsOf(properties)?.map(({ name }) => name),
    ['__proto__', 'toString'],
  )
  const reply = [{ name: '__proto__', value: true }]
  assert.equal(JSON.stringify(responseTo(reply)), '{"action":"accept","content":{"__proto__":true}}')
})

for (const [what, value] of [
  ['a URL', { mode: 'url', sessionId: 's', message: 'Visit', url: 'https://example.org', elicitationId: 'e' }],
  ['a mode of later', { ...params({}), mode: 'voice' }],
  ['a form outside a session', { ...params({}), sessionId: undefined, requestId: 7 }],
  ['a property of a type that is unknown', params({ a: { type: 'date' } })],
  ['a property that is none', params({ a: 'string' })],
  ['a property without a name', params({ '': { type: 'string' } })],
  ['choices of nothing', params({ a: { type: 'array', items: { type: 'number' } } })],
  ['a limit that is none', params({ a: { type: 'string', minLength: -1 } })],
  ['something required that is not asked for', params({ a: { type: 'string' } }, { required: ['b'] })],
  ['nothing', undefined],
] as const) {
  test(`${what} is no question`, () => assert.equal(parseQuestion(value), null))
}

test('a reply is accept with the values as they are, decline, or cancel', () => {
  const reply = [
    { name: 'a', value: ['x', 'y'] },
    { name: 'b', value: 0.5 },
  ]
  assert.deepEqual(responseTo(reply), { action: 'accept', content: { a: ['x', 'y'], b: 0.5 } })
  assert.deepEqual(responseTo([]), { action: 'accept', content: {} })
  assert.deepEqual(responseTo('declined'), { action: 'decline' })
  assert.deepEqual(responseTo(null), { action: 'cancel' })
})
