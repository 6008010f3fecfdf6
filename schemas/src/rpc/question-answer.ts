import { Type } from 'typebox'
import { defineMethod, Uuid } from './method.ts'
import { QuestionAnswer, QuestionResolution } from './question.ts'

export const questionAnswer = defineMethod({
  name: 'question.answer',
  kind: 'command',
  capability: 'approve',
  doc: 'Answers a question with values, or declines it with null. The first answer wins; a later one is `conflict` with the outcome.',
  params: Type.Object({
    requestId: Uuid,
    answers: Type.Union([Type.Array(QuestionAnswer), Type.Null()], { description: 'null: the person declines.' }),
  }),
  result: QuestionResolution,
  errors: ['not-found', 'expired', 'paused'],
})
