// `control answer`: answers what the assistant wants to know, or declines to.

import type { QuestionRequest } from '@happy-remote/schemas/rpc/question.ts'
import { EXIT, UsageError } from '../command.ts'
import { safeLine } from '../safe-text.ts'
import { choose } from './approve.ts'
import { answerQuestion, answersMeant } from './questions.ts'
import type { Sub, SubContext } from './sub.ts'

function answersFor(question: QuestionRequest, { flags, words }: SubContext) {
  if (flags.decline) {
    if (words.length > 0) throw new UsageError('With --decline nothing is answered.')
    return null
  }
  if (words.length > 0 || question.fields.length === 0) return answersMeant(question, words)
  throw new UsageError('Say the answers, <name>=<value> each, or --decline.')
}

async function run(context: SubContext): Promise<number> {
  const { controller, flags, say } = context
  const { questions = [] } = await controller.call('claude.getStatus', {})
  const wanted = typeof flags.to === 'string' ? flags.to : undefined
  const question = choose(questions, wanted)
  const answers = answersFor(question, context)
  const { outcome } = await answerQuestion(controller, question, answers)
  const { requestId, title } = question
  say(`${outcome}: ${safeLine(title)}`, { event: 'answered', requestId, answers, outcome })
  return EXIT.ok
}

export const answer: Sub = {
  name: 'answer',
  usage: 'answer <name>=<value>…',
  summary: 'answer what the assistant wants to know; --decline refuses',
  details: `  --to <request id>  which question, where several wait; its beginning is enough
  --decline          refuse to answer

\`control status\` shows what is asked. Where it is one thing, the value stands
alone. An option is meant by its number, its name or its value; several of them
have commas between.

JSON: answered {requestId, answers, outcome}.

Exit codes: 0 answered, 1 nothing waits, or somebody was faster.
`,
  options: { to: { type: 'string' }, decline: { type: 'boolean' } },
  run,
}
