import assert from 'node:assert/strict'
import { unlinkSync } from 'node:fs'
import test from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Bench, scripted } from './assistants/testkit.ts'
import type { Caller } from './handler.ts'
import { claudeHandlers } from './methods/claude.ts'

const PHONE = 'aaaaaaaaaaaaaaaaaaaaaaaaaa'
const LAPTOP = 'baaaaaaaaaaaaaaaaaaaaaaaaa'

const say = (text: string) => ({ do: 'text', text })
const untilCancelled = { do: 'wait' }
const crash = { do: 'crash', code: 3 }
const asks = (more: object = {}) => ({
  do: 'permission',
  call: 'tests',
  title: 'Run npm test',
  tool: 'Bash',
  input: { command: 'npm test' },
  options: [
    { id: 'yes', name: 'Allow', kind: 'allow_once' },
    { id: 'no', name: 'Deny', kind: 'reject_once' },
  ],
  on: { yes: [say('allowed')], no: [say('denied')], cancelled: [say('cancelled')] },
  ...more,
})

/** What a device would call, through the handlers. */
function calls({ conversation, book, questions }: Bench) {
  const handlers = claudeHandlers(conversation, book, questions)
  const caller = (deviceId: string): Caller => ({
    deviceId,
    capabilities: new Set(),
    openStream: () => assert.fail('no stream is wanted'),
    afterResponse: () => assert.fail('nothing follows a response'),
  })
  const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
  return {
    id,
    send: async (prompt: string, n: number, conversationId?: string) =>
      handlers['claude.sendMessage']({ prompt, ...(conversationId && { conversationId }) }, caller(PHONE), id(n)),
    cancel: (scope: 'turn' | 'turn-and-queue') => handlers['claude.cancel']({ scope }, caller(PHONE), id(900)),
    status: async () => handlers['claude.getStatus']({}, caller(PHONE), id(901)),
    answer: async (params: { requestId: string; inputHash: string; option: string }, deviceId = PHONE) =>
      handlers['permission.answer'](params, caller(deviceId), id(902)),
  }
}

const refusal = (code: string) => (error: unknown) => error instanceof ProtocolError && error.code === code
const texts = ({ log }: Bench, role = 'assistant') =>
  log.of('claude.message').flatMap((message) => (message.role === role ? [message.text] : []))

test('a prompt streams its answer, and the whole message follows', async (t) => {
  const on = scripted(t, {
    hello: [
      { do: 'thought', text: 'hm' },
      { do: 'text', text: 'Hello, world', size: 3 },
    ],
  })
  const { id, send, status } = calls(on)
  assert.deepEqual(await send('hello', 1), { messageId: id(1), state: 'started' })
  assert.deepEqual((await on.log.settled(id(1))).state, 'completed')
  assert.deepEqual(on.log.statesOf(id(1)), ['started', 'completed'])
  assert.deepEqual(
    on.log.of('claude.message').map(({ role, text }) => [role, text]),
    [
      ['user', 'hello'],
      ['thought', 'hm'],
      ['assistant', 'Hello, world'],
    ],
  )
  const deltas = on.log.of('claude.delta').filter(({ kind }) => kind === 'text')
  assert.equal(deltas.map(({ text }) => text).join(''), 'Hello, world')
  assert.equal(deltas[0]?.messageId, on.log.of('claude.message')[2]?.messageId)
  assert.deepEqual(
    on.log.of('claude.state').map(({ state }) => state),
    ['idle', 'running', 'idle'],
  )
  assert.equal((await status()).state, 'idle')
})

test('facts of the assistant are in the status', async (t) => {
  const on = scripted(
    t,
    { plan: [{ do: 'mode', mode: 'plan' }] },
    { script: { mode: 'ask', modes: ['ask', 'plan'], model: 'm1' } },
  )
  const { id, send, status } = calls(on)
  assert.deepEqual(await status(), {
    state: 'idle',
    conversationId: null,
    mode: null,
    model: null,
    queued: 0,
    pending: [],
  })
  await on.conversation.start()
  assert.equal(on.conversation.facts.name, 'Scripted')
  const { mode, model, conversationId } = await status()
  assert.deepEqual([mode, model], ['ask', 'm1'])
  await send('plan', 1, conversationId ?? '')
  await on.log.settled(id(1))
  assert.equal((await status()).mode, 'plan')
  await assert.rejects(send('plan', 2, 'another conversation'), refusal('not-found'))
  assert.deepEqual(on.log.statesOf(id(2)), [])
})

for (const [option, outcome] of [
  ['yes', 'allowed'],
  ['no', 'denied'],
] as const) {
  test(`an answer of ${option} reaches the assistant, a second one does not`, async (t) => {
    const on = scripted(t, { test: [say('May I?'), asks()] })
    const { id, send, status, answer } = calls(on)
    await send('test', 1)
    const { requestId, inputHash, inputText } = await on.log.until('permission.requested')
    assert.equal(inputText, '{"tool":"Bash","input":{"command":"npm test"}}')
    assert.deepEqual(texts(on), ['May I?'], 'what was said before is whole before the question')
    const now = await status()
    assert.equal(now.state, 'needs-answer')
    assert.deepEqual(now.pending, on.log.of('permission.requested'))

    const wrong = inputHash.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
    await assert.rejects(answer({ requestId, inputHash: wrong, option }), refusal('conflict'))
    assert.equal((await answer({ requestId, inputHash, option })).outcome, outcome)
    await assert.rejects(answer({ requestId, inputHash, option: 'yes' }, LAPTOP), refusal('conflict'))
    await on.log.settled(id(1))
    assert.deepEqual(texts(on), ['May I?', outcome])
    await assert.rejects(answer({ requestId, inputHash, option: 'yes' }, LAPTOP), refusal('conflict'))
    assert.deepEqual(
      on.log.of('claude.state').map(({ state }) => state),
      ['idle', 'running', 'needs-answer', 'running', 'idle'],
    )
  })
}

test('a cancelled turn answers what waits as cancelled, and the assistant hears it', async (t) => {
  const on = scripted(t, { test: [{ do: 'ignoreCancel' }, asks()] })
  const { id, send, cancel, answer, status } = calls(on)
  await send('test', 1)
  const { requestId, inputHash } = await on.log.until('permission.requested')
  assert.deepEqual(await cancel('turn'), { success: true })
  assert.deepEqual(
    on.log.of('permission.resolved').map(({ outcome, by, option }) => [outcome, by, option]),
    [['cancelled', PHONE, null]],
  )
  await assert.rejects(answer({ requestId, inputHash, option: 'yes' }), refusal('conflict'))
  await on.log.settled(id(1))
  assert.deepEqual(texts(on), ['cancelled'])

  await send('test', 2)
  await on.log.until('permission.requested', (request) => request.requestId !== requestId)
  assert.equal((await status()).state, 'needs-answer', 'the next turn asks again')
})

test('prompts run one after the other, in the order in which they came', async (t) => {
  const on = scripted(t, { wait: [untilCancelled] })
  const { id, send, cancel, status } = calls(on)
  const sent = await Promise.all(['wait', 'b', 'c', 'd'].map((prompt, n) => send(prompt, n)))
  assert.deepEqual(
    sent.map(({ state }) => state),
    ['started', 'queued', 'queued', 'queued'],
  )
  assert.equal((await status()).queued, 3)
  await assert.rejects(send('again', 2), refusal('conflict'))
  await on.log.until('claude.messageState', ({ messageId, state }) => messageId === id(0) && state === 'started')
  await cancel('turn')
  await on.log.settled(id(3))
  assert.deepEqual(texts(on), ['b', 'c', 'd'])
  assert.deepEqual(on.log.statesOf(id(0)), ['started', 'cancelled'])
  for (const n of [1, 2, 3]) assert.deepEqual(on.log.statesOf(id(n)), ['queued', 'started', 'completed'])
  assert.deepEqual(
    on.log.of('claude.state').map(({ state }) => state),
    ['idle', 'running', 'idle'],
    'it is not idle between two turns',
  )
})

test('cancelling turn and queue leaves nothing to run', async (t) => {
  const on = scripted(t, { wait: [say('working'), untilCancelled] })
  const { id, send, cancel } = calls(on)
  for (const n of [0, 1, 2]) await send('wait', n)
  await on.log.until('claude.delta')
  assert.deepEqual(await cancel('turn-and-queue'), { success: true })
  assert.deepEqual(on.log.statesOf(id(1)), ['queued', 'cancelled'])
  assert.deepEqual(on.log.statesOf(id(2)), ['queued', 'cancelled'])
  await on.log.settled(id(0))
  assert.deepEqual(on.log.statesOf(id(0)), ['started', 'cancelled'])
  assert.deepEqual(await cancel('turn-and-queue'), { success: false })
  assert.deepEqual(texts(on), ['working'])
})

test('a prompt can be cancelled while the assistant still starts', async (t) => {
  const on = scripted(t, {})
  const { id, send, cancel } = calls(on)
  const first = send('a', 0)
  const second = send('b', 1)
  assert.deepEqual(await cancel('turn'), { success: true })
  assert.deepEqual(await first, { messageId: id(0), state: 'queued' })
  assert.deepEqual(on.log.statesOf(id(0)), ['cancelled'])
  assert.deepEqual(await second, { messageId: id(1), state: 'started' })
  await on.log.settled(id(1))
  assert.deepEqual(texts(on), ['b'])
})

test('more prompts than may wait are refused as busy', async (t) => {
  const on = scripted(t, { wait: [untilCancelled] })
  const { send, cancel } = calls(on)
  await send('wait', 0)
  await Promise.all(Array.from({ length: 100 }, (_, n) => send('more', n + 1)))
  await assert.rejects(send('one more', 101), refusal('busy'))
  await cancel('turn-and-queue')
})

test('a turn that ignores a cancel and ends by itself is told as it ended', async (t) => {
  const on = scripted(t, { go: [{ do: 'ignoreCancel' }, say('working'), untilCancelled, say(' on')] })
  const { id, send, cancel } = calls(on)
  await send('go', 1)
  await on.log.until('claude.delta')
  await cancel('turn')
  assert.equal((await on.log.settled(id(1))).state, 'completed')
  assert.deepEqual(texts(on), ['working on'])
})

test('an assistant that goes on after a cancel is ended, and the next prompt starts it anew', async (t) => {
  const never = { do: 'wait', ms: 600_000 }
  const on = scripted(t, { go: [{ do: 'ignoreCancel' }, say('working'), never] }, { cancelGrace: 0 })
  const { id, send, cancel } = calls(on)
  await send('go', 1)
  await send('next', 2)
  await on.log.until('claude.delta')
  await cancel('turn')
  assert.equal((await on.log.settled(id(1))).state, 'cancelled')
  assert.equal((await on.log.settled(id(2))).state, 'completed')
  assert.deepEqual(texts(on), ['working', 'next'])
})

test('what the assistant asks after a cancel is answered cancelled, and nobody is bothered', async (t) => {
  const on = scripted(t, { go: [{ do: 'ignoreCancel' }, say('working'), untilCancelled, asks()] })
  const { id, send, cancel } = calls(on)
  await send('go', 1)
  await on.log.until('claude.delta')
  await cancel('turn')
  await on.log.settled(id(1))
  assert.deepEqual(texts(on), ['workingcancelled'])
  assert.deepEqual(on.log.of('permission.requested'), [])
})

test('what the assistant asks no more is cancelled, and nobody can answer it', async (t) => {
  const on = scripted(t, {
    go: [asks({ await: false }), asks({ call: 'b', on: { yes: [{ do: 'withdraw', call: 'tests' }] } }), untilCancelled],
  })
  const { send, answer } = calls(on)
  await send('go', 1)
  await on.log.until('permission.requested', () => on.log.of('permission.requested').length === 2)
  const [first, second] = on.log.of('permission.requested')
  assert.ok(first && second)
  await answer({ requestId: second.requestId, inputHash: second.inputHash, option: 'yes' })
  const resolved = await on.log.until('permission.resolved', ({ requestId }) => requestId === first.requestId)
  assert.deepEqual([resolved.outcome, resolved.by, resolved.option], ['cancelled', 'local', null])
  const late = answer({ requestId: first.requestId, inputHash: first.inputHash, option: 'yes' })
  await assert.rejects(late, refusal('conflict'))
})

test('what is not answered when the turn ends is cancelled', async (t) => {
  const on = scripted(t, { go: [asks({ await: false })] })
  const { id, send } = calls(on)
  await send('go', 1)
  await on.log.settled(id(1))
  assert.deepEqual(
    on.log.of('permission.resolved').map(({ outcome }) => outcome),
    ['cancelled'],
  )
})

test('a crash orphans the pending question, fails the turn, and the next prompt starts anew', async (t) => {
  const steps = [say('half'), asks({ await: false }), { do: 'stderr', text: 'out of memory' }, crash]
  const on = scripted(t, { boom: steps })
  const { id, send, answer, status } = calls(on)
  await send('boom', 1)
  const before = (await status()).conversationId
  const { requestId, inputHash } = await on.log.until('permission.requested')
  const settled = await on.log.settled(id(1))
  assert.equal(settled.state, 'failed')
  assert.equal(settled.reason, 'Scripted ended with exit code 3: out of memory')
  const idle = await on.log.until('claude.state', ({ state, reason }) => state === 'idle' && reason !== undefined)
  assert.equal(idle.reason, settled.reason)
  assert.deepEqual(
    on.log.of('permission.resolved').map(({ outcome, by }) => [outcome, by]),
    [['orphaned', 'local']],
  )
  await assert.rejects(answer({ requestId, inputHash, option: 'yes' }), refusal('conflict'))
  assert.deepEqual(texts(on), ['half'])

  assert.equal((await send('again', 2)).state, 'started')
  assert.equal((await on.log.settled(id(2))).state, 'completed')
  assert.deepEqual(texts(on), ['half', 'again'])
  assert.notEqual((await status()).conversationId, before)
})

test('prompts behind a crash still run', async (t) => {
  const on = scripted(t, { boom: [crash] })
  const { id, send } = calls(on)
  await Promise.all([send('boom', 1), send('boom', 2), send('fine', 3)])
  await on.log.settled(id(3))
  assert.deepEqual(
    [1, 2, 3].map((n) => on.log.statesOf(id(n)).at(-1)),
    ['failed', 'failed', 'completed'],
  )
})

test('prompts that wait have failed when the assistant cannot be started again', async (t) => {
  const on = scripted(t, { boom: [crash] })
  const { id, send } = calls(on)
  await on.conversation.start()
  unlinkSync(on.file)
  await Promise.all([send('boom', 1), send('b', 2), send('c', 3)])
  const { state, reason } = await on.log.settled(id(3))
  assert.equal(state, 'failed')
  assert.match(reason ?? '', /^Cannot start the assistant: .* ended with exit code 2: Cannot use the script/)
  await on.log.until('claude.state', ({ state }) => state === 'idle')
  assert.deepEqual(
    [1, 2, 3].map((n) => on.log.statesOf(id(n)).at(-1)),
    ['failed', 'failed', 'failed'],
  )
  assert.deepEqual(texts(on), [])
  await assert.rejects(send('d', 4), refusal('assistant-unavailable'))
})

test('a prompt can be cancelled while the assistant starts anew', async (t) => {
  const on = scripted(t, { boom: [crash] })
  const { id, send, cancel } = calls(on)
  await Promise.all([send('boom', 1), send('never', 2)])
  await on.log.settled(id(1))
  assert.deepEqual(await cancel('turn'), { success: true })
  assert.deepEqual(on.log.statesOf(id(2)), ['queued', 'cancelled'])
  await send('fine', 3)
  await on.log.settled(id(3))
  assert.deepEqual(on.log.statesOf(id(2)), ['queued', 'cancelled'])
  assert.deepEqual(texts(on), ['fine'])
})

test('a prompt that the assistant refuses has failed, and says why', async (t) => {
  const on = scripted(t, { no: [{ do: 'fail', message: 'over quota' }] })
  const { id, send } = calls(on)
  await send('no', 1)
  const { state, reason } = await on.log.settled(id(1))
  assert.equal(state, 'failed')
  assert.match(reason ?? '', /over quota/)
  await send('yes', 2)
  assert.equal((await on.log.settled(id(2))).state, 'completed')
})

test('an update of an unknown kind is kept whole', async (t) => {
  const on = scripted(t, { odd: [say('a'), { do: 'unknown', kind: 'hologram', fields: { depth: [3] } }, say('b')] })
  const { id, send } = calls(on)
  await send('odd', 1)
  await on.log.settled(id(1))
  assert.deepEqual(
    on.log.of('claude.message').map(({ role, text, raw }) => [role, text, raw]),
    [
      ['user', 'odd', undefined],
      ['assistant', 'a', undefined],
      ['other', '', { sessionUpdate: 'hologram', depth: [3] }],
      ['assistant', 'b', undefined],
    ],
  )
})

test('a huge chunk arrives whole, in deltas that fit one message each', async (t) => {
  const bytes = 3_000_000
  const on = scripted(t, { big: [{ do: 'huge', bytes }] })
  const { id, send } = calls(on)
  await send('big', 1)
  await on.log.settled(id(1))
  assert.equal(
    on.log
      .of('claude.delta')
      .map(({ text }) => text)
      .join('').length,
    bytes,
  )
  assert.equal(texts(on).join('').length, bytes)
  for (const { text } of on.log.of('claude.delta')) assert.ok(text.length <= 8_192)
})

test('a tool call and its result are one message', async (t) => {
  const tool = { do: 'tool', call: 't', title: 'ls', input: { command: 'ls' }, status: 'pending' }
  const on = scripted(t, { tool: [tool, { do: 'tool', call: 't', status: 'completed', output: 'a.txt' }] })
  const { id, send } = calls(on)
  await send('tool', 1)
  await on.log.settled(id(1))
  const told = on.log.of('claude.message').filter(({ role }) => role === 'tool')
  assert.deepEqual(
    told.map(({ text, tool }) => [tool?.status, text]),
    [
      ['pending', ''],
      ['completed', 'a.txt'],
    ],
  )
  assert.equal(new Set(told.map(({ messageId }) => messageId)).size, 1)
})

test('closing fails what runs and what waits, and takes no more', async (t) => {
  const on = scripted(t, { wait: [say('working'), untilCancelled] })
  const { id, send } = calls(on)
  await send('wait', 1)
  await send('more', 2)
  await on.log.until('claude.delta')
  await on.conversation.close()
  assert.deepEqual(on.log.statesOf(id(1)), ['started', 'failed'])
  assert.deepEqual(on.log.statesOf(id(2)), ['queued', 'failed'])
  await assert.rejects(send('late', 3), refusal('assistant-unavailable'))
})
