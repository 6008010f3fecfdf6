import assert from 'node:assert/strict'
import test from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { questionRequested, questionResolved } from '@happy-remote/schemas/rpc/events.ts'
import { Compile } from 'typebox/compile'
import type { QuestionAsk, Reply } from './assistants/assistant.ts'
import { Recorder } from './assistants/testkit.ts'
import { QuestionBook } from './questions.ts'

const PHONE = 'aaaaaaaaaaaaaaaaaaaaaaaaaa'
const LAPTOP = 'baaaaaaaaaaaaaaaaaaaaaaaaa'
const requestId = '11111111-1111-4111-8111-111111111111'
const answers = [{ name: 'branch', value: 'main' }]
const ask: QuestionAsk = {
  requestId,
  title: 'Where?',
  fields: [{ name: 'branch', label: 'Branch', type: 'text', required: true, max: 4 }],
}

function opened(time?: number) {
  const log = new Recorder()
  const book = new QuestionBook({ emit: log.emit, now: () => 5_000, ...(time !== undefined && { time }) })
  const replies: Reply[] = []
  const request = book.request(ask, 'c1', (reply) => replies.push(reply))
  return { log, book, replies, request }
}

const refusal = (code: string, data?: unknown) => (error: unknown) => {
  assert.ok(error instanceof ProtocolError)
  assert.equal(error.code, code)
  if (data !== undefined) assert.deepEqual(error.data, data)
  return true
}

test('a question is told to everybody and waits', () => {
  const { log, book, request } = opened()
  assert.ok(Compile(questionRequested.params).Check(request))
  assert.deepEqual(log.of('question.requested'), [{ ...ask, conversationId: 'c1' }])
  assert.deepEqual(book.pending, [request])
})

for (const [given, outcome, reply] of [
  [answers, 'answered', answers],
  [null, 'declined', 'declined'],
] as const) {
  test(`the first answer counts: the question is ${outcome}, for everybody`, () => {
    const { log, book, replies } = opened()
    const params = { requestId, answers: given === null ? null : [...given] }
    const resolution = book.answer(params, PHONE)
    assert.deepEqual(resolution, { requestId, outcome, by: PHONE, answers: given, at: 5_000 })
    assert.ok(Compile(questionResolved.params).Check(resolution))
    assert.deepEqual([log.of('question.resolved'), replies, book.pending], [[resolution], [reply], []])
    assert.throws(() => book.answer({ requestId, answers }, LAPTOP), refusal('conflict', resolution))
    assert.equal(replies.length, 1)
  })
}

test('answers that do not fit are refused with the field, and the question stays open', () => {
  const { book, replies } = opened()
  for (const wrong of [[], [{ name: 'branch', value: 'trunk' }], [{ name: 'branch', value: 7 }]]) {
    assert.throws(
      () => book.answer({ requestId, answers: wrong }, PHONE),
      refusal('invalid-params', { field: 'branch' }),
    )
  }
  assert.deepEqual(replies, [])
  assert.equal(book.answer({ requestId, answers }, PHONE).outcome, 'answered')
})

test('an answer to a question that there is not is not-found', () => {
  const unknown = requestId.replaceAll('1', '2')
  assert.throws(() => opened().book.answer({ requestId: unknown, answers: null }, PHONE), refusal('not-found'))
})

for (const [what, end, outcome, by] of [
  ['a cancelled turn', (book: QuestionBook) => book.cancelAll(LAPTOP), 'cancelled', LAPTOP],
  ['an assistant that is gone', (book: QuestionBook) => book.orphanAll(), 'orphaned', 'local'],
  ['an assistant that asks no more', (book: QuestionBook) => book.withdraw(requestId), 'cancelled', 'local'],
] as const) {
  test(`${what} ends the question as ${outcome}`, () => {
    const { log, book, replies } = opened()
    end(book)
    const resolution = { requestId, outcome, by, answers: null, at: 5_000 }
    assert.deepEqual([log.of('question.resolved'), replies], [[resolution], [null]])
    assert.throws(() => book.answer({ requestId, answers }, PHONE), refusal('conflict', resolution))
  })
}

test('a question whose time is over is expired', () => {
  const { log, book, replies } = opened(0)
  const [resolution] = log.of('question.resolved')
  assert.deepEqual([resolution?.outcome, resolution?.by, replies], ['expired', 'local', [null]])
  assert.throws(() => book.answer({ requestId, answers }, PHONE), refusal('expired', resolution))
})
