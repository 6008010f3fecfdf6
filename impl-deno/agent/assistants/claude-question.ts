// What Claude Code asks with its tool AskUserQuestion, as a question to people, and how their answers are put to it.

import type { AnswerValue, QuestionAnswer, QuestionField } from '@happy-remote/schemas/rpc/question.ts'
import type { Question } from '../questions.ts'
import { type JsonObject, listIn, textIn } from './json-lines.ts'

export interface ClaudeQuestion extends Question {
  /** What it hears where they have answered. */
  answer(answers: readonly QuestionAnswer[]): object
}

/** Of the input of the tool; undefined where it is of a form that is not known. */
export function claudeQuestion(input: JsonObject): ClaudeQuestion | undefined {
  const asked = listIn(input.questions)
  const texts = asked.map(({ question }) => textIn(question) ?? '')
  const fields = asked.map(fieldOf)
  const isWhole = fields.every((field) => field !== undefined)
  // It knows the answers by the texts of its questions.
  if (!isWhole || texts.length === 0 || new Set(texts).size < texts.length) return undefined
  return {
    title: texts.length === 1 ? (texts[0] as string) : `Claude Code wants to know ${texts.length} things.`,
    fields,
    answer(answers) {
      const given = new Map(answers.map(({ name, value }) => [name, oneText(value)]))
      const byText = fields.map(({ name }, i) => [texts[i], given.get(name)])
      // rpc.question.handed: all else of the input stays as it is
      return { behavior: 'allow', updatedInput: { ...input, answers: Object.fromEntries(byText) } }
    },
  }
}

const oneText = (value: AnswerValue): string => (Array.isArray(value) ? value.join(', ') : String(value))

function fieldOf({ question, header, options, multiSelect }: JsonObject, index: number): QuestionField | undefined {
  const text = textIn(question)
  const choices = listIn(options).map(({ label, description }) => ({ label: textIn(label), why: textIn(description) }))
  if (!text || !Array.isArray(options) || choices.some(({ label }) => !label)) return undefined
  const label = textIn(header)
  return {
    name: `q${index + 1}`,
    label: label || text,
    ...(label && { description: text }),
    required: true,
    options: choices.map(({ label = '', why }) => ({ value: label, label, ...(why && { description: why }) })),
    other: true,
    ...(multiSelect === true ? { type: 'choices', min: 1 } : { type: 'choice' }),
  }
}
