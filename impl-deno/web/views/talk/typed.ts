// What a person has typed into a field, as the value that the field wants.

import type { AnswerValue, QuestionField } from '@happy-remote/schemas/rpc/question.ts'

/** What is typed stays as it is typed, and becomes a number when it is given. */
export function asType(type: QuestionField['type'], value: AnswerValue): AnswerValue {
  const isTyped = (type === 'number' || type === 'integer') && typeof value === 'string' && value.trim() !== ''
  const number = isTyped ? Number(value.trim().replace(',', '.')) : Number.NaN
  return Number.isFinite(number) ? number : value
}
