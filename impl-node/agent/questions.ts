// The book of questions: the assistant wants values, and gets them once (application.md 4).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { QuestionOutcome, QuestionRequest, QuestionResolution } from '@happy-remote/schemas/rpc/question.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import type { Static } from 'typebox'
import { misfit } from './answers.ts'
import { AskBook, type BookOptions, type Ended, sizeOf, type Unanswered } from './asks.ts'
import type { QuestionAsk, Reply } from './assistants/assistant.ts'

type Outcome = Static<typeof QuestionOutcome>

export class QuestionBook extends AskBook<QuestionRequest, Outcome, QuestionResolution> {
  constructor(options: BookOptions) {
    super('question', options)
  }

  /**
   * Enters a question and tells every controller. `decide` hands the assistant the reply, once. Null, and nothing is
   * entered, where it has more than `room` bytes.
   */
  request(
    ask: QuestionAsk,
    conversationId: string,
    decide: (reply: Reply) => void,
    room = Number.POSITIVE_INFINITY,
  ): QuestionRequest | null {
    const request: QuestionRequest = { ...this.ends, ...ask, conversationId }
    if (sizeOf(request) > room) return null
    return this.enter(request, ({ outcome, answers }) => decide(outcome === 'declined' ? 'declined' : answers))
  }

  /**
   * `question.answer` from the device `by`. Throws ProtocolError: `not-found` for an unknown question; `conflict`
   * when it has an outcome (`data` is the QuestionResolution); `expired` with the resolution; `invalid-params`
   * where an answer does not fit (`data.field` is the one).
   */
  answer({ requestId, answers }: Params<'question.answer'>, by: string): QuestionResolution {
    const { fields } = this.open(requestId)
    // rpc.question.declined
    if (answers === null) {
      return this.resolve(requestId, by, (ended) => ({ ...ended, outcome: 'declined', answers }))
    }
    // rpc.question.values
    const wrong = misfit(fields, answers)
    if (wrong) throw new ProtocolError('invalid-params', `Cannot answer: a value ${wrong.why}`, { field: wrong.field })
    return this.resolve(requestId, by, (ended) => ({ ...ended, outcome: 'answered', answers }))
  }

  protected requested(request: QuestionRequest): void {
    this.emit('question.requested', request)
  }

  protected resolved(resolution: QuestionResolution): void {
    this.emit('question.resolved', resolution)
  }

  protected unanswered(outcome: Unanswered, ended: Ended): QuestionResolution {
    return { ...ended, outcome, answers: null }
  }
}
