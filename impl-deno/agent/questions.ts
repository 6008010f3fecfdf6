// What the assistant wants to know, and the first answer to each (spec/rpc.md, Questions).

import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import type {
  AnswerValue,
  QuestionAnswer,
  QuestionField,
  QuestionRequest,
  QuestionResolution,
} from '@happy-remote/schemas/rpc/question.ts'
import type { Params } from '@happy-remote/schemas/rpc/registry.ts'
import type { Timers } from '../link/timers.ts'
import { Asked, type AskedEvents, type Ending } from './asked.ts'

/** What an assistant wants to know. */
export type Question = Pick<QuestionRequest, 'title' | 'fields'>

export type QuestionEvents = AskedEvents<QuestionRequest, QuestionResolution>

export class Questions {
  readonly #asked: Asked<QuestionRequest, QuestionResolution, { readonly resolution: QuestionResolution }>

  /** Each waits for `time` ms, or without end. */
  constructor(timers: Timers, events: QuestionEvents, time?: number) {
    this.#asked = new Asked(timers, {
      name: 'question',
      events,
      time,
      unanswered: (outcome, end) => ({ ...end, outcome, answers: null }),
    })
  }

  get pending(): QuestionRequest[] {
    return this.#asked.pending
  }

  /** Bytes of all that wait, as JSON. */
  get size(): number {
    return this.#asked.size
  }

  /** Asks everybody, and resolves with the outcome. Undefined where it has more bytes than `room`: nobody is asked. */
  ask(conversationId: string, { title, fields }: Question, room = Number.POSITIVE_INFINITY) {
    return this.#asked.ask((given) => ({ ...given, conversationId, title, fields }), room)
  }

  /** Throws ProtocolError as the answer to a `question.answer` that does not count. */
  answer({ requestId, answers }: Params<'question.answer'>, by: string): QuestionResolution {
    const { fields } = this.#asked.open(requestId)
    // rpc.question.values
    const field = answers && wrongField(fields, answers)
    if (field !== null) {
      throw new ProtocolError('invalid-params', 'Cannot answer: the value of a field does not fit', { field })
    }
    // rpc.question.declined
    const outcome = answers ? 'answered' : 'declined'
    return this.#asked.settle(requestId, by, (end) => ({ resolution: { ...end, outcome, answers } }))
  }

  /** Ends one that is no longer asked, or all of them. `by` is a device id or `local`. */
  end(outcome: Ending, by: string, requestId?: string): void {
    this.#asked.end(outcome, by, requestId)
  }
}

/** The name of the first field whose value does not fit, of one that is there twice or not at all; null where all do. */
export function wrongField(fields: readonly QuestionField[], answers: readonly QuestionAnswer[]): string | null {
  const open = new Map(fields.map((field) => [field.name, field]))
  for (const { name, value } of answers) {
    const field = open.get(name)
    if (!field || !fits(field, value)) return name
    open.delete(name)
  }
  return [...open.values()].find(({ required }) => required)?.name ?? null
}

function fits(field: QuestionField, value: AnswerValue): boolean {
  const { type, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = field
  const isWithin = (size: number) => min <= size && size <= max
  const isChoice = (text: string) =>
    field.options?.some((option) => option.value === text) || (field.other === true && text.length > 0)
  if (typeof value === 'boolean') return type === 'boolean'
  if (typeof value === 'number') {
    return (type === 'number' || (type === 'integer' && Number.isInteger(value))) && isWithin(value)
  }
  if (typeof value === 'string') {
    // In code points.
    if (type === 'text') return isWithin(Array.from(value).length)
    return type === 'choice' && isChoice(value) === true
  }
  return type === 'choices' && value.every(isChoice) && new Set(value).size === value.length && isWithin(value.length)
}
