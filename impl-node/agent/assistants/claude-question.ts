// What Claude Code asks by its tool AskUserQuestion, as a question with a field each, and the reply to it.

import type { QuestionField } from '@happy-remote/schemas/rpc/question.ts'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { QuestionAsk, Reply } from './assistant.ts'

const input = Compile(
  Type.Object({
    questions: Type.Array(
      Type.Object({
        question: Type.String({ minLength: 1 }),
        header: Type.Optional(Type.String()),
        options: Type.Array(
          Type.Object({ label: Type.String({ minLength: 1 }), description: Type.Optional(Type.String()) }),
        ),
        multiSelect: Type.Optional(Type.Boolean()),
      }),
      { minItems: 1 },
    ),
  }),
)

export interface ClaudeQuestion extends Omit<QuestionAsk, 'requestId' | 'expiresAt'> {
  /** The response to `can_use_tool`. */
  respond(reply: Reply): object
}

/** Null where the input of the tool is not of the form that we know. */
export function parseQuestions(given: unknown): ClaudeQuestion | null {
  if (!input.Check(given)) return null
  const { questions } = given
  // Its answers are told apart by the text of the question.
  if (new Set(questions.map(({ question }) => question)).size < questions.length) return null
  const fields = questions.map(({ question, header, options, multiSelect }, index): QuestionField => {
    const shown = { label: header || question, ...(header && { description: question }) }
    const chosen = options.map(({ label, description }) => ({
      value: label,
      label,
      ...(description && { description }),
    }))
    const ask = { name: `q${index + 1}`, ...shown, required: true, options: chosen, other: true }
    return multiSelect ? { ...ask, type: 'choices', min: 1 } : { ...ask, type: 'choice' }
  })
  const [first] = questions
  const title = questions.length === 1 && first ? first.question : `Claude Code has ${questions.length} questions.`
  return {
    title,
    fields,
    respond(reply) {
      if (reply === null) return { behavior: 'deny', message: 'Nobody answered.' }
      if (reply === 'declined') return { behavior: 'deny', message: 'The user declined to answer.' }
      const answers = questions.map(({ question }, index) => {
        const value = reply.find(({ name }) => name === `q${index + 1}`)?.value
        // Of several it wants one text.
        return [question, Array.isArray(value) ? value.join(', ') : value]
      })
      // The answers stand in the input, and the rest of it is as it came.
      return { behavior: 'allow', updatedInput: { ...given, answers: Object.fromEntries(answers) } }
    },
  }
}
