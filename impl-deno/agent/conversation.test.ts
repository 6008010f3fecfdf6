import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { scene, type Told } from '../testing/conversation-scene.ts'
import { isAlive } from '../testing/is-alive.ts'
import { until } from '../testing/manual-timers.ts'
import { acpAssistant } from './assistants/acp.ts'

const DEVICE = 'a'.repeat(26)
const ask = (more: object = {}) => ({
  ...{ do: 'permission', call: 'c1', title: 'Run it', tool: 'Bash' },
  options: [
    { id: 'yes', name: 'Allow', kind: 'allow_once' },
    { id: 'no', name: 'Deny', kind: 'reject_once' },
  ],
  ...more,
})
const text = (words: string, more: object = {}) => ({ do: 'text', text: words, ...more })

const kinds = (told: readonly Told[]) => told.map(({ method, state, role }) => [method, state ?? role].join(' '))

Deno.test('a prompt is started, told whole, answered in pieces and as a whole, and completed', async () => {
  const { send, told, messages, all, ended, conversation, close } = await scene({
    otherwise: [text('Hello {prompt}', { size: 2 })],
  })
  const { messageId, state } = await send('you')
  equal(state, 'started')
  await ended(messageId)
  deepEqual(
    messages('user').map((each) => [each.messageId, each.text]),
    [[messageId, 'you']],
  )
  const [whole] = messages('assistant')
  equal(whole?.text, 'Hello you')
  equal(
    all('delta')
      .map((each) => each.text)
      .join(''),
    'Hello you',
  )
  ok(all('delta').every((each) => each.messageId === whole?.messageId))
  deepEqual(kinds(told.filter(({ method }) => method !== 'delta')), [
    'state idle',
    'message user',
    'state running',
    'messageState started',
    'message assistant',
    'messageState completed',
    'state idle',
  ])
  equal(conversation.status.conversationId, told.at(-1)?.conversationId)
  await close()
})

Deno.test('a prompt is told, and what becomes of it, before it is accepted: nothing accepted is lost by a kill', async () => {
  const { conversation, told, close } = await scene({ otherwise: [{ do: 'wait' }] })
  for (const [prompt, state] of [
    ['one', 'started'],
    ['two', 'queued'],
  ] as const) {
    const accepted = await conversation.send({ prompt })
    const { messageId } = accepted
    equal(accepted.state, state)
    deepEqual(
      told.filter((each) => each.messageId === messageId).map((each) => each.state ?? each.text),
      [prompt, state],
    )
  }
  await close()
})

Deno.test('a hundred prompts may wait, also at once, and one more is refused until there is room', async () => {
  const { send, pause, conversation, close } = await scene({ otherwise: [{ do: 'wait' }] })
  pause.lasting = { pauseId: crypto.randomUUID(), by: DEVICE, at: 0 }
  await Promise.all(Array.from({ length: 99 }, (_, i) => send(`${i}`)))
  const [last, tooMany] = [send('99'), send('100')]
  await rejects(tooMany, { code: 'busy' })
  equal((await last).state, 'queued')
  equal(conversation.status.queued, 100)
  await rejects(send('another'), { code: 'busy' })
  conversation.cancel('turn-and-queue', DEVICE)
  equal((await send('after that')).state, 'queued')
  await close()
})

Deno.test('prompts run one at a time and in their order', async () => {
  const { send, states, told, ended, conversation, close } = await scene({
    replies: [{ when: 'slow', steps: [{ do: 'wait', ms: 100 }] }],
  })
  const [first, second, third] = await Promise.all([send('slow'), send('2'), send('3')])
  deepEqual([first?.state, second?.state, third?.state], ['started', 'queued', 'queued'])
  equal(conversation.status.queued, 2)
  await ended(third?.messageId as string)
  deepEqual(states(second?.messageId as string), ['queued', 'started', 'completed'])
  const order = told.filter(({ method, state }) => method === 'messageState' && state !== 'queued')
  deepEqual(
    order.map(({ messageId }) => messageId),
    [first, first, second, second, third, third].map((each) => each?.messageId),
  )
  await close()
})

Deno.test('a question needs an answer, and the assistant hears it', async () => {
  const steps = [
    { do: 'tool', call: 'c1', title: 'rm', status: 'pending', input: { command: 'rm -rf build' } },
    ask({ on: { yes: [text('done')], no: [text('left')] } }),
  ]
  const { send, all, messages, waitFor, ended, answer, conversation, close } = await scene({ otherwise: steps })
  const { messageId } = await send('go')
  await waitFor('requested')
  equal(conversation.status.state, 'needs-answer')
  equal(all('requested')[0]?.inputText, '{"tool":"Bash","input":{"command":"rm -rf build"}}')
  answer('no')
  await ended(messageId)
  equal(messages('assistant')[0]?.text, 'left')
  deepEqual(
    all('state').map(({ state }) => state),
    ['idle', 'running', 'needs-answer', 'running', 'idle'],
  )
  await close()
})

Deno.test('cancel ends the turn and what it asks, and with the queue what waits', async () => {
  const { send, states, all, waitFor, ended, conversation, close } = await scene({ otherwise: [ask(), { do: 'wait' }] })
  const first = await send('1')
  const second = await send('2')
  await waitFor('requested')
  equal(conversation.cancel('turn-and-queue', DEVICE), true)
  await ended(first.messageId)
  deepEqual(
    [states(first.messageId), states(second.messageId)],
    [
      ['started', 'cancelled'],
      ['queued', 'cancelled'],
    ],
  )
  deepEqual(
    all('resolved').map(({ outcome, by, option }) => [outcome, by, option]),
    [['cancelled', DEVICE, null]],
  )
  equal(conversation.cancel('turn', DEVICE), false)
  await close()
})

Deno.test('in a pause the running turn goes on, and what waits begins when it is over', async () => {
  const { conversation, pause, send, states, ended, close } = await scene({
    replies: [{ when: 'first', steps: [{ do: 'wait' }] }],
    otherwise: [text('done')],
  })
  const first = await send('first')
  const second = await send('second')
  const lasting = { pauseId: crypto.randomUUID(), by: 'local', at: 1 }
  pause.lasting = lasting
  deepEqual(conversation.status.paused, lasting)
  equal(conversation.status.state, 'running')
  conversation.cancel('turn', DEVICE)
  await ended(first.messageId)
  deepEqual([conversation.status.state, conversation.status.queued], ['idle', 1])
  equal((await send('third')).state, 'queued')
  pause.lasting = null
  conversation.resume()
  await ended(second.messageId)
  deepEqual(states(second.messageId), ['queued', 'started', 'completed'])
  equal('paused' in conversation.status, false)
  await close()
})

Deno.test('cancel of the turn alone lets the next prompt run', async () => {
  const { send, states, waitFor, ended, conversation, close } = await scene({
    replies: [{ when: '1', steps: [{ do: 'wait' }] }],
  })
  const first = await send('1')
  const second = await send('2')
  await waitFor('messageState', ({ state }) => state === 'started')
  conversation.cancel('turn', DEVICE)
  await ended(second.messageId)
  deepEqual([states(first.messageId), states(second.messageId).at(-1)], [['started', 'cancelled'], 'completed'])
  await close()
})

Deno.test('an assistant that dies fails its prompt, orphans its question, says why, and starts again for the next', async () => {
  const replies = [{ when: 'die', steps: [ask({ await: false }), { do: 'wait', ms: 50 }, { do: 'crash', code: 42 }] }]
  const { send, states, all, ended, conversation, close } = await scene({ replies, otherwise: [text('here')] })
  const first = await send('die')
  const second = await send('next')
  const before = conversation.status.conversationId
  await ended(second.messageId)
  deepEqual(
    [states(first.messageId), states(second.messageId)],
    [
      ['started', 'failed'],
      ['queued', 'started', 'completed'],
    ],
  )
  deepEqual(
    all('resolved').map(({ outcome }) => outcome),
    ['orphaned'],
  )
  const reasons = all('state').flatMap(({ reason }) => reason ?? [])
  deepEqual(reasons, ['The assistant has ended with exit code 42'])
  ok(before !== conversation.status.conversationId)
  await rejects(conversation.send({ prompt: 'x', conversationId: String(before) }), { code: 'conflict' })
  await close()
})

for (const sessions of ['resume', 'load'] as const) {
  Deno.test(`after its death an assistant that can ${sessions} goes on with the conversation`, async () => {
    const replies = [{ when: 'die', steps: [{ do: 'crash', code: 1 }] }]
    const { send, messages, ended, conversation, close } = await scene({ sessions, replies, otherwise: [text('here')] })
    await ended((await send('die')).messageId)
    const { conversationId } = conversation.status
    const { messageId } = await send('next', String(conversationId))
    await ended(messageId)
    equal(conversation.status.conversationId, conversationId)
    deepEqual(
      messages('assistant').map((each) => each.text),
      ['here'],
    )
    await close()
  })
}

Deno.test('an assistant that cannot be started is unavailable, and its last words are for this computer alone', async () => {
  const folder = await Deno.makeTempDir()
  for (const [command, words] of [
    [['/no/such/program'], /cannot be started/],
    [['sh', '-c', 'echo secret words >&2; exit 3'], /secret words/],
  ] as const) {
    const kind = acpAssistant({ name: 'none', command, workspace: folder })
    const { conversation, troubles, close } = await scene({}, kind)
    equal(conversation.assistant?.available, true)
    await rejects(conversation.send({ prompt: 'x' }), ({ code, message }) => {
      ok(!message.includes('secret'))
      return code === 'assistant-unavailable'
    })
    match(troubles.join(), words)
    equal(conversation.assistant?.available, false)
    await close()
  }
  await Deno.remove(folder)
})

Deno.test('an agent without an assistant says so', async () => {
  const { conversation, close } = await scene({}, null)
  equal(conversation.assistant, null)
  await rejects(conversation.send({ prompt: 'x' }), { code: 'assistant-unavailable' })
  await close()
})

Deno.test('a prompt for another conversation is not found', async () => {
  const { conversation, close } = await scene({})
  await rejects(conversation.send({ prompt: 'x', conversationId: 'elsewhere' }), { code: 'not-found' })
  await close()
})

Deno.test('unknown updates, garbage, a failing prompt and a tool call are told as what they are', async () => {
  const otherwise = [
    { do: 'garbage', text: 'no json' },
    { do: 'unknown', kind: 'from_the_future', fields: { x: 1 } },
    { do: 'tool', call: 't', title: 'npm test', status: 'pending', input: { a: 1 } },
    { do: 'tool', call: 't', status: 'completed', output: '12 passed' },
    { do: 'fail', message: 'secret words' },
  ]
  const { send, messages, all, ended, close } = await scene({ otherwise })
  const { messageId } = await send('go')
  await ended(messageId)
  deepEqual(
    messages('other').map(({ raw }) => raw),
    [{ sessionUpdate: 'from_the_future', x: 1 }],
  )
  const [pending, completed] = messages('tool')
  equal(pending?.messageId, completed?.messageId)
  deepEqual(
    [completed?.text, completed?.tool],
    ['12 passed', { callId: 't', title: 'npm test', status: 'completed', input: { a: 1 } }],
  )
  const end = all('messageState').at(-1)
  equal(end?.state, 'failed')
  ok(!String(end?.reason).includes('secret'))
  await close()
})

Deno.test('a question that the assistant takes back is cancelled', async () => {
  const otherwise = [
    ask({ await: false }),
    { do: 'wait', ms: 50 },
    { do: 'withdraw', call: 'c1' },
    { do: 'wait', ms: 50 },
  ]
  const { send, all, ended, close } = await scene({ otherwise })
  const { messageId } = await send('go')
  await ended(messageId)
  deepEqual(
    all('resolved').map(({ outcome, by }) => [outcome, by]),
    [['cancelled', 'local']],
  )
  await close()
})

Deno.test('closing ends a stubborn assistant and what it has left behind', async () => {
  const { send, messages, ended, close } = await scene({ stubborn: true, otherwise: [{ do: 'child' }] })
  await ended((await send('go')).messageId)
  const pid = Number(/child ([0-9]+)/.exec(String(messages('assistant')[0]?.text))?.[1])
  await close()
  await until(() => !isAlive(pid), 'the process is gone')
})

Deno.test('a very long answer comes in several whole messages, none of them lost', async () => {
  const { send, messages, ended, close } = await scene({ otherwise: [{ do: 'huge', bytes: 300_000 }] })
  await ended((await send('go')).messageId)
  equal(
    messages('assistant')
      .map((each) => String(each.text).length)
      .join(),
    '131072,131072,37856',
  )
  await close()
})

Deno.test('a prompt too large for one message is told in several, no character cut, and the assistant hears it whole', async () => {
  const { send, messages, ended, close } = await scene({ otherwise: [text('heard {beginning}')] })
  const prompt = `x${'🦊'.repeat(260_000)}`
  const { messageId } = await send(prompt)
  await ended(messageId)
  const texts = messages('user').map((each) => String(each.text))
  equal(texts.join(''), prompt)
  ok(texts.length > 1 && texts.every((each) => each.length <= 131_072 && each.isWellFormed()))
  equal(new Set(messages('user').map((each) => each.messageId)).size, texts.length)
  equal(messages('user')[0]?.messageId, messageId)
  await close()
})

Deno.test('what is too large to be shown is refused, and the person is told', async () => {
  const input = { text: 'x'.repeat(600_000) }
  const on = { no: [text('denied')], yes: [text('allowed')], cancelled: [text('cancelled')] }
  const { send, all, messages, ended, close } = await scene({
    otherwise: [ask({ call: 'a', input, await: false, on }), ask({ call: 'b', input, on })],
  })
  await ended((await send('go')).messageId)
  deepEqual(
    messages('assistant').map((each) => each.text),
    ['denied'],
  )
  equal(all('requested').length, 1)
  match(String(messages('other')[0]?.text), /too large/)
  await close()
})

const form = { properties: { name: { type: 'string', minLength: 2 } }, required: ['name'] }
const reactions = Object.fromEntries(
  ['accept', 'decline', 'cancel', 'error'].map((action) => [action, [{ do: 'text', text: `${action} {values}` }]]),
)
const question = (more: object = {}) => ({ do: 'question', message: 'Which?', schema: form, on: reactions, ...more })

for (const [answers, words] of [
  [[{ name: 'name', value: 'größer' }], 'accept {"name":"größer"}'],
  [null, 'decline null'],
] as const) {
  Deno.test(`a question is put to people, and the assistant hears: ${words}`, async () => {
    const { send, waitFor, all, reply, ended, messages, conversation, close } = await scene({ otherwise: [question()] })
    const { messageId } = await send('go')
    await waitFor('question')
    deepEqual(
      all('question').map(({ title, fields }) => [title, fields]),
      [['Which?', [{ name: 'name', label: 'name', type: 'text', required: true, min: 2 }]]],
    )
    deepEqual([conversation.status.state, conversation.status.questions?.length], ['needs-answer', 1])
    reply(answers && [...answers])
    await ended(messageId)
    equal(messages('assistant').at(-1)?.text, words)
    equal(conversation.status.questions, undefined)
    await close()
  })
}

Deno.test('a question by a URL, or for what is unknown, is refused, and nobody is asked', async () => {
  const otherwise = [
    question({ url: 'https://example.org/login' }),
    question({ schema: { properties: { when: { type: 'moment' } } } }),
  ]
  const { send, all, ended, messages, close } = await scene({ otherwise })
  await ended((await send('go')).messageId)
  equal(messages('assistant').at(-1)?.text, 'error nullerror null')
  deepEqual(all('question'), [])
  await close()
})

Deno.test('a cancel ends what waits, and what is asked behind it at once', async () => {
  const otherwise = [
    ask({ await: false }),
    question({ call: 'first', await: false }),
    { do: 'ignoreCancel' },
    { do: 'wait', ms: 300 },
    question(),
  ]
  const { send, waitFor, conversation, all, ended, messages, close } = await scene({ otherwise })
  const { messageId } = await send('go')
  await waitFor('question')
  conversation.cancel('turn', 'device')
  await ended(messageId)
  const ends = [...all('resolved'), ...all('questionResolved')].map(({ outcome, by }) => [outcome, by])
  deepEqual(ends, [
    ['cancelled', 'device'],
    ['cancelled', 'device'],
  ])
  deepEqual([all('question').length, messages('assistant').at(-1)?.text], [1, 'cancel null'])
  await close()
})

Deno.test('a question that the assistant takes back is cancelled, and one at its death orphaned', async () => {
  const asks = question({ call: 'q', await: false })
  const replies = [
    { when: 'back', steps: [asks, { do: 'wait', ms: 50 }, { do: 'withdraw', call: 'q' }, { do: 'wait', ms: 50 }] },
    { when: 'boom', steps: [asks, { do: 'wait', ms: 50 }, { do: 'crash', code: 3 }] },
  ]
  const { send, all, ended, states, close } = await scene({ replies })
  await ended((await send('back')).messageId)
  const { messageId } = await send('boom')
  await ended(messageId)
  equal(states(messageId).at(-1), 'failed')
  deepEqual(
    all('questionResolved').map(({ outcome, by }) => [outcome, by]),
    [
      ['cancelled', 'local'],
      ['orphaned', 'local'],
    ],
  )
  await close()
})

Deno.test('a note that something elsewhere is complete is passed over', async () => {
  const note = { jsonrpc: '2.0', method: 'elicitation/complete', params: { elicitationId: 'x' } }
  const otherwise = [
    { do: 'garbage', text: JSON.stringify(note) },
    { do: 'text', text: 'on' },
  ]
  const { send, ended, messages, states, close } = await scene({ otherwise })
  const { messageId } = await send('go')
  await ended(messageId)
  deepEqual([states(messageId).at(-1), messages('assistant').at(-1)?.text], ['completed', 'on'])
  await close()
})
