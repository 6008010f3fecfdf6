// `happy-remote control answer`

import { CallFailure } from '../../controller/failure.ts'
import { safeLine } from '../../controller/safe-text.ts'
import { CommandFailure, EXIT_OK, UsageError } from '../command.ts'
import { answersOf } from './form.ts'
import type { Subject } from './subject.ts'

export interface AnswerOptions {
  /** The id of a question, or its beginning. */
  readonly to?: string | undefined
  readonly decline?: boolean | undefined
}

export async function answerQuestion(
  { controller, say }: Subject,
  { to = '', decline = false }: AnswerOptions,
  words: readonly string[],
): Promise<number> {
  if (decline && words.length > 0) throw new UsageError('With --decline nothing is answered')
  const { questions = [] } = await controller.call('claude.getStatus', {})
  const [question, ...others] = questions.filter(({ requestId }) => requestId.startsWith(to))
  if (!question) throw new CommandFailure('Nothing waits for an answer', 1, 'not-found')
  if (others.length > 0) {
    const ids = [question, ...others].map(({ requestId }) => requestId.slice(0, 8)).join(', ')
    throw new UsageError(`Several questions wait; say which with --to: ${ids}`)
  }
  if (!decline && words.length === 0 && question.fields.length > 0) {
    throw new UsageError('Say the answers, <name>=<value> each, or --decline')
  }
  const { requestId, title } = question
  const answers = decline ? null : answersOf(question, words)
  try {
    const { outcome } = await controller.call('question.answer', { requestId, answers })
    say('answered', { requestId, answers, outcome }, `${outcome}: ${safeLine(title)}`)
    return EXIT_OK
  } catch (error) {
    if (!(error instanceof CallFailure) || error.code !== 'conflict') throw error
    throw new CommandFailure('Somebody else was faster', 1, 'conflict')
  }
}
