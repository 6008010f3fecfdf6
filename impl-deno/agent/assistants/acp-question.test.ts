import { deepEqual, equal } from 'node:assert/strict'
import type { CreateElicitationRequest } from '@agentclientprotocol/sdk'
import { acpAnswer, acpQuestion } from './acp-question.ts'

const form = (properties: object, more: object = {}) =>
  ({
    ...{ mode: 'form', sessionId: 's', message: 'Which?' },
    requestedSchema: { type: 'object', properties, ...more },
  }) as CreateElicitationRequest
const fieldsOf = (properties: object, more: object = {}) => acpQuestion(form(properties, more), 's')?.fields
const options = [{ value: 'x', label: 'X', description: 'the first' }]

Deno.test('each type of property is asked for', () => {
  const titled = [{ const: 'x', title: 'X', description: 'the first' }]
  const properties = {
    text: { type: 'string', title: 'Text', description: 'Some', minLength: 0, maxLength: 9, format: 'email' },
    word: { type: 'string', pattern: '^a+$', default: 'aa', minLength: null },
    one: { type: 'string', oneOf: titled },
    number: { type: 'number', minimum: 0.5 },
    whole: { type: 'integer', maximum: 3, default: 2 },
    sure: { type: 'boolean', default: false },
    some: { type: 'array', items: { type: 'string', enum: ['x'] }, minItems: 1 },
    titles: { type: 'array', items: { anyOf: titled }, maxItems: 2 },
  }
  deepEqual(fieldsOf(properties, { required: ['sure'] }), [
    {
      name: 'text',
      label: 'Text',
      type: 'text',
      required: false,
      description: 'Some',
      min: 0,
      max: 9,
      format: 'email',
    },
    { name: 'word', label: 'word', type: 'text', required: false, default: 'aa', pattern: '^a+$' },
    { name: 'one', label: 'one', type: 'choice', required: false, options },
    { name: 'number', label: 'number', type: 'number', required: false, min: 0.5 },
    { name: 'whole', label: 'whole', type: 'integer', required: false, default: 2, max: 3 },
    { name: 'sure', label: 'sure', type: 'boolean', required: true, default: false },
    { name: 'some', label: 'some', type: 'choices', required: false, options: [{ value: 'x', label: 'x' }], min: 1 },
    { name: 'titles', label: 'titles', type: 'choices', required: false, options, max: 2 },
  ])
  deepEqual(fieldsOf({}), [])
})

Deno.test('what cannot be asked is no question', () => {
  const url = { mode: 'url', sessionId: 's', message: 'Visit', url: 'https://example.org', elicitationId: 'e' }
  equal(acpQuestion(url, 's'), undefined)
  equal(acpQuestion(form({}), 'another'), undefined)
  equal(fieldsOf({ when: { type: 'moment' } }), undefined)
  equal(fieldsOf({ '': { type: 'string' } }), undefined)
  equal(fieldsOf({ some: { type: 'array', items: { type: 'moment' } } }), undefined)
  equal(fieldsOf({ a: { type: 'string' } }, { required: ['b'] }), undefined)
})

Deno.test('answers go to the assistant as they are, also under a name that every object has', () => {
  const answers = [
    { name: 'a', value: ['x', 'y'] },
    { name: '__proto__', value: 0.5 },
  ]
  equal(JSON.stringify(acpAnswer(answers)), '{"action":"accept","content":{"a":["x","y"],"__proto__":0.5}}')
  deepEqual(acpAnswer(null), { action: 'decline' })
  deepEqual(acpAnswer(undefined), { action: 'cancel' })
})
