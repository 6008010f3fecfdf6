import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import type {
  AnswerValue,
  QuestionField,
  QuestionRequest,
  QuestionResolution,
} from '@happy-remote/schemas/rpc/question.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { Questions, wrongField } from './questions.ts'

const DEVICE = 'a'.repeat(26)
const branch: QuestionField = { name: 'branch', label: 'Branch', type: 'text', required: true, min: 2 }
const fit = [{ name: 'branch', value: 'main' }]

function scene(time?: number) {
  const timers = new ManualTimers()
  const requested: QuestionRequest[] = []
  const resolved: QuestionResolution[] = []
  const events = {
    requested: (request: QuestionRequest) => void requested.push(request),
    resolved: (resolution: QuestionResolution) => void resolved.push(resolution),
    changed: () => {},
  }
  const questions = new Questions(timers, events, time)
  const asked = questions.ask('c', { title: 'Where?', fields: [branch] })
  ok(asked)
  return { timers, questions, requested, resolved, ...asked }
}

for (const [answers, outcome] of [
  [fit, 'answered'],
  [null, 'declined'],
] as const) {
  Deno.test(`a question that is ${outcome} is told to everybody, and takes no other answer`, async () => {
    const { questions, requested, resolved, requestId, answer, timers } = scene()
    deepEqual(requested, [{ requestId, conversationId: 'c', title: 'Where?', fields: [branch] }])
    deepEqual(questions.pending, requested)
    const resolution = questions.answer({ requestId, answers: answers && [...answers] }, DEVICE)
    deepEqual(resolution, { requestId, outcome, by: DEVICE, answers, at: timers.wall() })
    deepEqual([await answer, resolved, questions.pending], [{ resolution }, [resolution], []])
    throws(() => questions.answer({ requestId, answers: fit }, 'b'.repeat(26)), { code: 'conflict', data: resolution })
  })
}

Deno.test('answers that do not fit, and to what nobody asks, leave the question open', () => {
  const { questions, requestId, resolved } = scene()
  const answers = [{ name: 'branch', value: 'm' }]
  throws(() => questions.answer({ requestId, answers }, DEVICE), { code: 'invalid-params', data: { field: 'branch' } })
  throws(() => questions.answer({ requestId: crypto.randomUUID(), answers: fit }, DEVICE), { code: 'not-found' })
  deepEqual([questions.pending.length, resolved], [1, []])
})

Deno.test('a question ends by its time, by a cancel, or with its assistant', async () => {
  for (const [end, outcome, by] of [
    [({ timers }: ReturnType<typeof scene>) => timers.advance(1_000), 'expired', 'local'],
    [({ questions }: ReturnType<typeof scene>) => questions.end('cancelled', DEVICE), 'cancelled', DEVICE],
    [({ questions }: ReturnType<typeof scene>) => questions.end('orphaned', 'local'), 'orphaned', 'local'],
  ] as const) {
    const made = scene(1_000)
    end(made)
    const { resolution } = await made.answer
    deepEqual([resolution.outcome, resolution.by, resolution.answers], [outcome, by, null])
    const code = outcome === 'expired' ? 'expired' : 'conflict'
    throws(() => made.questions.answer({ requestId: made.requestId, answers: fit }, DEVICE), { code, data: resolution })
  }
})

const field = (type: QuestionField['type'], more: Partial<QuestionField> = {}): QuestionField => ({
  ...{ name: 'a', label: 'A', type, required: false },
  ...more,
})
const options = ['x', 'y', 'z'].map((value) => ({ value, label: value }))
const cases: [QuestionField, AnswerValue[], AnswerValue[]][] = [
  [field('text'), ['', 'any'], [1, true, ['a']]],
  [field('text', { min: 2, max: 3 }), ['ab', '🦊🦊🦊'], ['a', '🦊', 'abcd']],
  [field('number', { min: -1, max: 0.5 }), [-1, 0.5], [-1.1, 0.6, '0', true]],
  [field('integer', { min: 1 }), [1, 2 ** 60], [0, 1.5, '1']],
  [field('boolean'), [true, false], ['true', 0]],
  [field('choice', { options }), ['x'], ['', 'X', 'w', ['x'], true]],
  [field('choice', { options, other: true }), ['x', 'w'], ['', 7]],
  [field('choice'), [], ['x', '']],
  [field('choices', { options, min: 1, max: 2 }), [['x'], ['z', 'x']], [[], ['x', 'y', 'z'], 'x']],
  [field('choices', { options }), [[]], [['w'], ['x', 'x'], ['']]],
  [field('choices', { options, other: true }), [['w', 'x']], [['x', '']]],
]

Deno.test('a value fits its field, and nothing else does', () => {
  for (const [asked, good, bad] of cases) {
    const wrong = (value: AnswerValue) => wrongField([asked], [{ name: 'a', value }])
    for (const value of good) equal(wrong(value), null, `${asked.type} ${JSON.stringify(value)}`)
    for (const value of bad) equal(wrong(value), 'a', `${asked.type} ${JSON.stringify(value)}`)
  }
})

Deno.test('what is required is there, each field once, and nothing that was not asked', () => {
  const fields = [field('text', { required: true }), field('text', { name: 'b' })]
  const a = { name: 'a', value: '1' }
  equal(wrongField(fields, [{ name: 'b', value: '' }, a]), null)
  equal(wrongField(fields, []), 'a')
  equal(wrongField(fields, [a, a]), 'a')
  equal(wrongField(fields, [a, { name: 'toString', value: '' }]), 'toString')
  equal(wrongField([], []), null)
})
