// Questions at the controller: shown with what each field takes, and answered with what a person has typed
// (spec/rpc.md, Questions).

import type { QuestionAnswer, QuestionField, QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import type { Result } from '@happy-remote/schemas/rpc/registry.ts'
import type { Controller } from '../../controller/controller.ts'
import { UsageError } from '../command.ts'
import { safeLine } from '../safe-text.ts'

/** Characters of a text of the assistant that are shown on a line. */
const SHOWN = 500

const KINDS = {
  ...{ text: 'a text', number: 'a number', integer: 'a whole number', boolean: 'y or n' },
  ...{ choice: 'one of these', choices: 'some of these, with commas between' },
} as const

/** What is asked, in lines. */
export function questionLines({ title, fields, expiresAt }: QuestionRequest): string[] {
  return [
    `The assistant wants to know: ${safeLine(title, SHOWN)}`,
    ...fields.flatMap(fieldLines),
    ...(expiresAt === undefined ? [] : [`  until  ${new Date(expiresAt).toLocaleTimeString()}`]),
  ]
}

function fieldLines(field: QuestionField): string[] {
  const { name, label, description, type, required, options = [], other, default: preset } = field
  const facts = [
    `${KINDS[type]}${limitsOf(field)}`,
    ...(other ? ['or another text'] : []),
    ...(required ? [] : ['may be left out']),
    ...(preset === undefined ? [] : [`it suggests ${safeLine(String(preset), 80)}`]),
  ]
  return [
    `  ${safeLine(name, 40)}  ${label === name ? '' : `${safeLine(label, SHOWN)}: `}${facts.join(', ')}`,
    ...(description === undefined ? [] : [`    ${safeLine(description, SHOWN)}`]),
    ...options.map((option, i) => {
      const about = option.description === undefined ? '' : `: ${safeLine(option.description)}`
      return `    ${i + 1}  ${safeLine(option.label)}${about}`
    }),
  ]
}

function limitsOf({ type, min, max }: QuestionField): string {
  if (min === undefined && max === undefined) return ''
  const range = max === undefined ? `at least ${min}` : min === undefined ? `at most ${max}` : `${min} to ${max}`
  return type === 'text' ? ` of ${range} characters` : ` (${range})`
}

/**
 * What words mean as answers: `name=value` each, or the value alone where there is one field. Throws UsageError where
 * they mean none; whether they fit is for the agent to say.
 */
export function answersMeant({ fields }: QuestionRequest, words: readonly string[]): QuestionAnswer[] {
  const [only] = fields
  const isNamed = (word: string) => fields.some(({ name }) => word.startsWith(`${name}=`))
  const parts = only && fields.length === 1 && !words.some(isNamed) ? [`${only.name}=${words.join(' ')}`] : words
  return parts.map((part) => {
    const field = fields.find(({ name }) => part.startsWith(`${name}=`))
    if (!field) {
      const names = fields.map(({ name }) => `${safeLine(name, 40)}=…`).join(' ')
      throw new UsageError(`${JSON.stringify(part)} is for no field; there are ${names}.`)
    }
    return { name: field.name, value: valueMeant(field, part.slice(field.name.length + 1)) }
  })
}

function valueMeant(field: QuestionField, text: string): QuestionAnswer['value'] {
  switch (field.type) {
    case 'text':
      return text
    case 'number':
    case 'integer': {
      const number = Number(text)
      if (text.trim() === '' || !Number.isFinite(number)) throw wrong(field, text)
      return number
    }
    case 'boolean':
      if (/^(y|yes|true)$/i.test(text)) return true
      if (/^(n|no|false)$/i.test(text)) return false
      throw wrong(field, text)
    case 'choice':
      return optionMeant(field, text)
    case 'choices': {
      if (text === '') return []
      const whole = field.options?.some(({ value, label }) => value === text || label === text)
      return (whole ? [text] : text.split(',').map((part) => part.trim())).map((part) => optionMeant(field, part))
    }
  }
}

/** The value, the label, or the number of an option; or a text of its own. */
function optionMeant(field: QuestionField, text: string): string {
  const { options = [], other } = field
  const found = options.find(({ value }) => value === text) ?? options.find(({ label }) => label === text)
  const numbered = /^[1-9]\d?$/.test(text) ? options[Number(text) - 1] : undefined
  const value = (found ?? numbered)?.value ?? (other && text !== '' ? text : undefined)
  if (value === undefined) throw wrong(field, text)
  return value
}

const wrong = ({ name, type }: QuestionField, text: string): UsageError =>
  new UsageError(`${safeLine(name, 40)} takes ${KINDS[type]}, and ${JSON.stringify(safeLine(text, 80))} is none.`)

/** `answers` is null for a refusal. Throws ProtocolError: `invalid-params`, `conflict` where somebody was faster, `expired`, … */
export const answerQuestion = (
  controller: Controller,
  { requestId }: QuestionRequest,
  answers: QuestionAnswer[] | null,
): Promise<Result<'question.answer'>> => controller.call('question.answer', { requestId, answers })
