// A question as a person sees it, a line a field, and the answers that typed words mean.

import type { AnswerValue, QuestionAnswer, QuestionField, QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { UsageError } from '../command.ts'

const TAKES: Readonly<Record<QuestionField['type'], string>> = {
  text: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'y or n',
  choice: 'one of these',
  choices: 'some of these, with commas between',
}

/** Everything in it comes from the assistant and is data (rpc.show.data). */
export const formText = ({ title, fields }: QuestionRequest): string =>
  [`The assistant wants to know: ${safeLine(title)}`, ...fields.flatMap(fieldLines)].join('\n')

function fieldLines({ name, label, description, type, required, options, other, min, max, ...rest }: QuestionField) {
  const takes = [
    TAKES[type],
    other && 'or another text',
    min !== undefined && `at least ${min}`,
    max !== undefined && `at most ${max}`,
    !required && 'may be left out',
    rest.default !== undefined && `it suggests ${safeLine(String(rest.default))}`,
  ]
  const about = [label === name ? '' : `${safeLine(label)}: `, takes.filter(Boolean).join(', ')].join('')
  return [
    `  ${safeLine(name)}  ${about}`,
    ...(description ? [`     ${safeLine(description)}`] : []),
    ...(options ?? []).map((option, i) => {
      const more = option.description ? `: ${safeLine(option.description)}` : ''
      return `     ${i + 1}  ${safeLine(option.label)}${more}`
    }),
  ]
}

/**
 * Of words `name=value`, or of the value alone where there is one field. Throws UsageError for words that mean no
 * value; whether the values fit, the agent says.
 */
export function answersOf({ fields }: QuestionRequest, words: readonly string[]): QuestionAnswer[] {
  const fieldOf = (word: string) => fields.find(({ name }) => word.startsWith(`${name}=`))
  const [only] = fields
  if (only && fields.length === 1 && !words.some(fieldOf)) {
    return words.length === 0 ? [] : [{ name: only.name, value: valueMeant(only, words.join(' ')) }]
  }
  return words.map((word) => {
    const field = fieldOf(word)
    if (!field) {
      throw new UsageError(`"${word}" names no field; there are ${fields.map(({ name }) => safeLine(name)).join(', ')}`)
    }
    return { name: field.name, value: valueMeant(field, word.slice(field.name.length + 1)) }
  })
}

function valueMeant(field: QuestionField, typed: string): AnswerValue {
  const value = READ[field.type](typed, field)
  if (value === undefined) {
    throw new UsageError(`${safeLine(field.name)} takes ${TAKES[field.type]}, and not "${safeLine(typed)}"`)
  }
  return value
}

type Read = (typed: string, field: QuestionField) => AnswerValue | undefined

const numberOf: Read = (typed) => {
  const number = typed.trim() === '' ? Number.NaN : Number(typed)
  return Number.isFinite(number) ? number : undefined
}

/** Its value, its name or its number, or a text of one's own. */
function optionOf(typed: string, { options = [], other }: QuestionField): string | undefined {
  const named = options.find(({ value }) => value === typed) ?? options.find(({ label }) => label === typed)
  const found = named ?? (/^[1-9][0-9]?$/.test(typed) ? options[Number(typed) - 1] : undefined)
  return found ? found.value : other && typed !== '' ? typed : undefined
}

const READ: Readonly<Record<QuestionField['type'], Read>> = {
  text: (typed) => typed,
  number: numberOf,
  integer: numberOf,
  boolean: (typed) => (/^(y|yes|true)$/i.test(typed) ? true : /^(n|no|false)$/i.test(typed) ? false : undefined),
  choice: optionOf,
  choices(typed, field) {
    if (typed === '') return []
    const isOne = field.options?.some(({ value, label }) => value === typed || label === typed)
    const values = (isOne ? [typed] : typed.split(',')).map((part) => optionOf(part.trim(), field))
    return values.every((value) => value !== undefined) ? values : undefined
  },
}
