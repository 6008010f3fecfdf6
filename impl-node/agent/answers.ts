// Whether the answers to a question fit its fields (spec/rpc.md, Questions).

import type { AnswerValue, QuestionAnswer, QuestionField } from '@happy-remote/schemas/rpc/question.ts'

export interface Misfit {
  readonly field: string
  /** For people: goes on after "a value …". */
  readonly why: string
}

/** The first answer that does not fit; null where all do. */
export function misfit(fields: readonly QuestionField[], answers: readonly QuestionAnswer[]): Misfit | null {
  const given = new Set<string>()
  for (const { name, value } of answers) {
    const field = fields.find((one) => one.name === name)
    const why = !field ? 'is for no field' : given.has(name) ? 'is there twice' : whyNot(field, value)
    if (why !== null) return { field: name, why }
    given.add(name)
  }
  const missing = fields.find(({ name, required }) => required && !given.has(name))
  return missing ? { field: missing.name, why: 'is missing' } : null
}

function whyNot(field: QuestionField, value: AnswerValue): string | null {
  switch (field.type) {
    case 'text':
      if (typeof value !== 'string') return 'is no text'
      return within(field, [...value].length) ? null : 'is too short or too long'
    case 'integer':
    case 'number':
      if (typeof value !== 'number') return 'is no number'
      if (field.type === 'integer' && !Number.isInteger(value)) return 'is no whole number'
      return within(field, value) ? null : 'is too small or too large'
    case 'boolean':
      return typeof value === 'boolean' ? null : 'is neither true nor false'
    case 'choice':
      return typeof value === 'string' && isChoice(field, value) ? null : 'is none of the options'
    case 'choices':
      if (!Array.isArray(value) || !value.every((one) => isChoice(field, one))) return 'is not made of the options'
      if (new Set(value).size < value.length) return 'has an option twice'
      return within(field, value.length) ? null : 'has too few or too many options'
  }
}

const within = ({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: QuestionField, size: number) =>
  size >= min && size <= max

const isChoice = ({ options = [], other = false }: QuestionField, value: string): boolean =>
  options.some((option) => option.value === value) || (other && value !== '')
