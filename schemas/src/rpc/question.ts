// What a question is: the assistant wants values, and no yes or no. question-answer.ts and events.ts use it.

import { type Static, Type } from 'typebox'
import { DeviceId, Timestamp, Uuid } from './method.ts'

export const AnswerValue = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Array(Type.String())])
export type AnswerValue = Static<typeof AnswerValue>

export const QuestionAnswer = Type.Object({
  name: Type.String({ description: 'Of the field.' }),
  value: AnswerValue,
})
export type QuestionAnswer = Static<typeof QuestionAnswer>
const Answers = Type.Union([Type.Array(QuestionAnswer), Type.Null()])

export const QuestionOption = Type.Object({
  value: Type.String(),
  label: Type.String(),
  description: Type.Optional(Type.String()),
})

export const QuestionField = Type.Object({
  name: Type.String({ minLength: 1, description: 'No two fields of a question have the same.' }),
  label: Type.String({ description: 'For people.' }),
  description: Type.Optional(Type.String()),
  type: Type.Union([
    Type.Literal('text'),
    Type.Literal('number'),
    Type.Literal('integer'),
    Type.Literal('boolean'),
    Type.Literal('choice'),
    Type.Literal('choices'),
  ]),
  required: Type.Boolean(),
  options: Type.Optional(Type.Array(QuestionOption, { description: 'Of a choice, or of choices.' })),
  other: Type.Optional(Type.Boolean({ description: 'A text that is none of the options may be chosen, too.' })),
  min: Type.Optional(Type.Number({ description: 'Of a text its characters, of choices their number.' })),
  max: Type.Optional(Type.Number({ description: 'As `min`.' })),
  format: Type.Optional(Type.String({ description: 'A hint: email, uri, date, date-time. Nobody refuses by it.' })),
  pattern: Type.Optional(Type.String({ description: 'A hint: a regular expression. Nobody refuses by it.' })),
  default: Type.Optional(AnswerValue),
})
export type QuestionField = Static<typeof QuestionField>

export const QuestionRequest = Type.Object({
  requestId: Uuid,
  conversationId: Type.String(),
  title: Type.String({ description: 'What the assistant wants to know, for people.' }),
  fields: Type.Array(QuestionField),
  expiresAt: Type.Optional(Timestamp),
})
export type QuestionRequest = Static<typeof QuestionRequest>

export const QuestionOutcome = Type.Union([
  Type.Literal('answered'),
  Type.Literal('declined'),
  Type.Literal('cancelled'),
  Type.Literal('expired'),
  Type.Literal('orphaned'),
  Type.Literal('local'),
])

export const QuestionResolution = Type.Object({
  requestId: Uuid,
  outcome: QuestionOutcome,
  by: Type.Union([DeviceId, Type.Literal('local')]),
  answers: Answers,
  at: Timestamp,
})
export type QuestionResolution = Static<typeof QuestionResolution>
