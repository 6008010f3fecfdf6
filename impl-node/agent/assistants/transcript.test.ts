import assert from 'node:assert/strict'
import test from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import fc from 'fast-check'
import { Recorder } from './testkit.ts'
import { Transcript } from './transcript.ts'

function begun(inTurn = true) {
  const log = new Recorder()
  const state = { inTurn }
  const transcript = new Transcript({ emit: log.emit, conversationId: () => 'c1', inTurn: () => state.inTurn })
  const messages = () => log.of('claude.message').map(({ role, text }) => [role, text])
  const deltas = () => log.of('claude.delta').map(({ kind, text }) => [kind, text])
  return { log, transcript, state, messages, deltas }
}

test('pieces of one turn of the event loop are one delta, and the message is whole at its end', async () => {
  const { log, transcript, messages, deltas } = begun()
  for (const piece of ['one', ' two', ' three']) transcript.text('text', piece)
  await tick()
  assert.deepEqual(deltas(), [['text', 'one two three']])
  assert.deepEqual(messages(), [])
  transcript.text('text', ' four')
  transcript.endTurn()
  assert.deepEqual(messages(), [['assistant', 'one two three four']])
  const ids = new Set([...log.of('claude.delta'), ...log.of('claude.message')].map(({ messageId }) => messageId))
  assert.equal(ids.size, 1)
})

test('another kind, another part, a tool or an unknown update ends a message', () => {
  const { transcript, messages } = begun()
  transcript.text('thought', 'hm', 'p1')
  transcript.text('text', 'a', 'p2')
  transcript.text('text', 'b')
  transcript.text('text', 'c', 'p3')
  transcript.tool({ callId: 't', title: 'T', status: 'pending', text: '' })
  transcript.text('text', 'd')
  transcript.other({ x: 1 }, 'note')
  transcript.text('text', 'e')
  transcript.endMessage()
  assert.deepEqual(messages(), [
    ['thought', 'hm'],
    ['assistant', 'ab'],
    ['assistant', 'c'],
    ['tool', ''],
    ['assistant', 'd'],
    ['other', 'note'],
    ['assistant', 'e'],
  ])
})

test('text outside a turn is whole with the tick', async () => {
  const { transcript, messages } = begun(false)
  transcript.text('text', 'late ')
  transcript.text('text', 'word')
  await tick()
  assert.deepEqual(messages(), [['assistant', 'late word']])
})

test('a tool call keeps its message id, and output alone waits for the end of the turn', () => {
  const { log, transcript, messages } = begun()
  const call = { callId: 't', title: 'T', status: 'in_progress', input: { a: 1 }, text: '' }
  transcript.tool(call)
  transcript.tool({ ...call, text: '1%' })
  transcript.tool({ ...call, text: '2%' })
  assert.deepEqual(messages(), [['tool', '']])
  transcript.endTurn()
  transcript.endTurn()
  assert.deepEqual(messages(), [
    ['tool', ''],
    ['tool', '2%'],
  ])
  transcript.tool({ ...call, status: 'completed', text: 'done' })
  const told = log.of('claude.message')
  assert.equal(new Set(told.map(({ messageId }) => messageId)).size, 1)
  assert.deepEqual(told.at(-1)?.tool, { callId: 't', title: 'T', status: 'completed', input: { a: 1 } })
  assert.equal(told.at(-1)?.text, 'done')
})

test('output of a tool that is too long is shortened, and says so', () => {
  const { transcript, messages } = begun()
  transcript.tool({ callId: 't', title: 'T', status: 'completed', text: 'y'.repeat(131_072 + 5) })
  const [[, text = ''] = []] = messages()
  assert.ok(text.endsWith('y\n… 5 characters left out'))
})

test('deltas are the message, in order and in bounds, whatever the pieces', async () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.integer({ min: 8_000, max: 20_000 }).map(astral),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(piece, fc.boolean())), async (pieces) => {
      const { log, transcript, messages } = begun()
      for (const [text, pause] of pieces) {
        transcript.text('text', text)
        if (pause) await tick()
      }
      transcript.endTurn()
      const whole = pieces.map(([text]) => text).join('')
      const deltas = log.of('claude.delta')
      assert.equal(deltas.map(({ text }) => text).join(''), whole)
      assert.equal(
        messages()
          .map(([, text]) => text)
          .join(''),
        whole,
      )
      for (const { text } of deltas) assert.ok(text.length <= 8_192 && text.isWellFormed())
    }),
    { numRuns: 60 },
  )
})

test('a message beyond its bound goes on in a further one', () => {
  const { log, transcript } = begun()
  const text = astral(600_001)
  transcript.text('text', text)
  transcript.endTurn()
  const told = log.of('claude.message')
  assert.equal(told.map((message) => message.text).join(''), text)
  assert.equal(new Set(told.map(({ messageId }) => messageId)).size, told.length)
  for (const message of told) assert.ok(message.text.length <= 131_072 && message.text.isWellFormed())
})

test('a prompt beyond a body goes on in further messages, the first under its id', () => {
  const { log, transcript } = begun()
  const text = astral(520_001)
  transcript.user('p', text, [])
  const told = log.of('claude.message')
  assert.equal(told.map((message) => message.text).join(''), text)
  assert.equal(told[0]?.messageId, 'p')
  assert.equal(new Set(told.map(({ messageId }) => messageId)).size, told.length)
  for (const message of told) assert.ok(message.text.length <= 131_072 && message.text.isWellFormed())
  transcript.user('q', 'x'.repeat(1_000_000), [])
  assert.equal(log.of('claude.message').at(-1)?.text.length, 1_000_000)
})

test('the input of a tool and an unknown update that are too large are left out', () => {
  const { log, transcript } = begun()
  const large = { text: 'x'.repeat(200_000) }
  transcript.tool({ callId: 't', title: 'T', status: 'completed', input: large, text: '' })
  transcript.other(large, 'y'.repeat(200_000))
  const [tool, other] = log.of('claude.message')
  assert.deepEqual([tool?.tool?.input, other?.raw], [null, null])
  assert.ok((other?.text.length ?? 0) < 132_000)
})

/** `units` of text, mostly of surrogate pairs that no cut may part. */
function astral(units: number): string {
  return 'x'.repeat(units % 2) + '🙂'.repeat(units >> 1)
}
