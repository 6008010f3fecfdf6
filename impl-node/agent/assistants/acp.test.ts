import assert from 'node:assert/strict'
import test from 'node:test'
import { type Bench, type BenchOptions, bench, processes, refusalOf, scripted } from './testkit.ts'

const say = (text: string) => ({ do: 'text', text })

/** What `start` says of a program that is given to Node as text. */
async function refused(t: test.TestContext, code: string, options: BenchOptions = {}): Promise<string> {
  const { conversation } = bench(t, { command: [process.execPath, '-e', code], ...options })
  return refusalOf(conversation.start())
}

test('a command that does not exist is said in a sentence, and a prompt is not accepted', async (t) => {
  const { log, conversation } = bench(t, { command: ['no-such-assistant'] })
  const sentence = 'Cannot start the assistant: the command "no-such-assistant" was not found.'
  assert.equal(await refusalOf(conversation.start()), sentence)
  assert.equal(await refusalOf(conversation.send({ prompt: 'hi' }, 'id')), sentence)
  assert.deepEqual(log.events, [])
})

test('a folder that does not exist, and a file that is no program, are said', async (t) => {
  const nowhere = bench(t, { command: [process.execPath], workspace: '/no/such/folder' })
  assert.match(await refusalOf(nowhere.conversation.start()), /the folder \/no\/such\/folder does not exist/)
  const file = bench(t, { command: [import.meta.filename] })
  assert.match(await refusalOf(file.conversation.start()), /may not be executed/)
})

test('an assistant that ends at once is told with the last line of its stderr', async (t) => {
  const code = String.raw`console.error('first'); console.error('\x1b[31mno API key\x1b[0m\n'); process.exit(7)`
  assert.equal(await refused(t, code), 'Cannot start the assistant: "node" ended with exit code 7: no API key')
})

test('the memory of stderr is bounded, and so is what is told of it', async (t) => {
  const message = await refused(t, `process.stderr.write('e'.repeat(1e6), () => process.exit(1))`)
  assert.ok(message.length < 400, message)
})

test('an assistant that writes garbage and never answers is given up', async (t) => {
  const code = `console.log('Welcome!'); console.log('[1,2]'); console.log('7'); setInterval(() => console.log('{"a":'), 5)`
  assert.match(await refused(t, code, { startTime: 300 }), /did not answer within 0.3 s$/)
})

test('an assistant of another ACP version is refused', async (t) => {
  const code = `process.stdin.once('data', () => console.log('{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":9}}'))`
  assert.match(await refused(t, code), /"node" speaks version 9 of ACP, not 1$/)
})

test('an assistant that answers nonsense, or opens no session, is refused', async (t) => {
  const answers = (...results: unknown[]) => `const answers = ${JSON.stringify(results)}
    process.stdin.on('data', () => console.log(JSON.stringify({ jsonrpc: '2.0', id: 2 - answers.length, result: answers.shift() })))`
  assert.match(await refused(t, answers({}, {})), /answered `initialize` in a form that ACP does not have$/)
  assert.match(await refused(t, answers({ protocolVersion: 1 }, {})), /opened no session$/)
})

test('an assistant that wants a login first says so', async (t) => {
  const code = `let n = 0
    process.stdin.on('data', () => console.log(JSON.stringify(n++ === 0
      ? { jsonrpc: '2.0', id: 0, result: { protocolVersion: 1 } }
      : { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'Authentication required' } })))`
  assert.match(await refused(t, code), /asks to be logged in first$/)
})

test('closing does not wait for an assistant that hangs at its start', async (t) => {
  const { conversation } = bench(t, { command: [process.execPath, '-e', 'process.stdin.resume()'] })
  const start = conversation.start()
  await conversation.close()
  assert.match(await refusalOf(start), /Cannot start the assistant: "node"/)
})

test('garbage between the messages is passed over', async (t) => {
  const garbage = ['Debugger attached.', '{"jsonrpc":', '[]', 'null', '{"jsonrpc":"2.0","method":7}'].map((text) => ({
    do: 'garbage',
    text,
  }))
  const { log, conversation } = scripted(t, { go: [say('a'), ...garbage, say('b')] })
  await conversation.send({ prompt: 'go' }, 'id')
  assert.equal((await log.settled('id')).state, 'completed')
  assert.deepEqual(
    log.of('claude.message').map(({ text }) => text),
    ['go', 'ab'],
  )
})

test('a line that is too long ends the assistant, and the next prompt starts it anew', async (t) => {
  const { log, conversation } = scripted(t, { go: [say('a'), { do: 'huge', bytes: 200_000 }] }, { lineMax: 100_000 })
  await conversation.send({ prompt: 'go' }, 'id1')
  const { state, reason } = await log.settled('id1')
  assert.deepEqual([state, reason], ['failed', 'Scripted sent a line of more than 100000 bytes'])
  await conversation.send({ prompt: 'next' }, 'id2')
  assert.equal((await log.settled('id2')).state, 'completed')
})

for (const sessions of ['resume', 'load'] as const) {
  test(`after a crash the conversation is taken up again by session/${sessions}, and nothing is told twice`, async (t) => {
    const { log, conversation } = scripted(t, { boom: [{ do: 'crash', code: 1 }] }, { script: { sessions } })
    await conversation.send({ prompt: 'boom' }, 'id1')
    const { conversationId } = conversation.status()
    assert.ok(conversationId)
    await log.settled('id1')
    await conversation.send({ prompt: 'next', conversationId }, 'id2')
    await log.settled('id2')
    assert.deepEqual(
      log.of('claude.message').map(({ text, conversationId: at }) => [text, at]),
      ['boom', 'next', 'next'].map((text) => [text, conversationId]),
    )
  })
}

test('an assistant gets the environment of the person, without what belongs to the agent', async (t) => {
  const code = `console.error(Object.keys(process.env).filter((name) => /^(MINE|HAPPY|npm)_/.test(name)).join()); process.exit(1)`
  const env = { ...process.env, MINE_A: '1', HAPPY_REMOTE_STATE: '2', npm_lifecycle_event: 'start' }
  assert.match(await refused(t, code, { env }), /: MINE_A$/)
})

test('what an assistant started ends with it, even when both are stubborn', async (t) => {
  const { log, conversation } = scripted(t, { go: [{ do: 'child' }, { do: 'wait' }] }, { script: { stubborn: true } })
  await conversation.send({ prompt: 'go' }, 'id')
  const { text } = await log.until('claude.delta')
  const pid = Number(text.replace('child ', ''))
  const runs = () => processes().some((process) => process.pid === pid)
  assert.ok(pid > 1 && (runs() || process.platform !== 'linux'))
  await conversation.close()
  assert.ok(!runs())
  assert.match((await log.settled('id')).reason ?? '', /was ended by SIGKILL$/)
})

test('what a crashed assistant left behind is ended too', async (t) => {
  const { log, conversation } = scripted(t, { go: [{ do: 'child' }, { do: 'crash', code: 1 }] })
  await conversation.send({ prompt: 'go' }, 'id')
  await log.settled('id')
  const pid = Number(log.of('claude.delta')[0]?.text.replace('child ', ''))
  assert.ok(pid > 1)
  assert.ok(!processes().some((process) => process.pid === pid))
})

const form = { properties: { name: { type: 'string', minLength: 2 }, sure: { type: 'boolean' } }, required: ['name'] }
const reactions = Object.fromEntries(
  ['accept', 'decline', 'cancel', 'error'].map((action) => [action, [say(`${action} {values}`)]]),
)
const question = (more: object = {}) => ({ do: 'question', message: 'Which?', schema: form, on: reactions, ...more })
const lastWords = ({ log }: Bench) => log.of('claude.message').at(-1)?.text

for (const [answers, words] of [
  [[{ name: 'name', value: 'größer' }], 'accept {"name":"größer"}'],
  [null, 'decline null'],
] as const) {
  test(`a question is put to people, and the assistant hears: ${words}`, async (t) => {
    const made = scripted(t, { go: [question()] })
    await made.conversation.send({ prompt: 'go' }, 'id')
    const { requestId, title, fields } = await made.log.until('question.requested')
    assert.deepEqual(
      [title, fields.map(({ name, required }) => [name, required])],
      [
        'Which?',
        [
          ['name', true],
          ['sure', false],
        ],
      ],
    )
    made.questions.answer({ requestId, answers: answers === null ? null : [...answers] }, 'device')
    await made.log.settled('id')
    assert.equal(lastWords(made), words)
  })
}

for (const [what, more] of [
  ['by a URL', { url: 'https://example.org/login' }],
  ['for something of an unknown type', { schema: { properties: { when: { type: 'moment' } } } }],
] as const) {
  test(`a question ${what} is refused, and nobody is asked`, async (t) => {
    const made = scripted(t, { go: [question(more)] })
    await made.conversation.send({ prompt: 'go' }, 'id')
    await made.log.settled('id')
    assert.equal(lastWords(made), 'error null')
    assert.deepEqual(made.log.of('question.requested'), [])
  })
}

test('a cancel ends what waits, questions and permission requests, and what is asked behind it at once', async (t) => {
  const permission = {
    do: 'permission',
    call: 'p',
    title: 'Run',
    options: [{ id: 'a', name: 'A', kind: 'allow_once' }],
  }
  const cancelled = { cancelled: [say('neither')] }
  const steps = [
    { ...permission, await: false },
    question({ call: 'first', await: false }),
    { do: 'ignoreCancel' },
    { do: 'wait', ms: 300 },
    question(),
    { ...permission, on: cancelled },
  ]
  const made = scripted(t, { go: steps })
  await made.conversation.send({ prompt: 'go' }, 'id')
  await made.log.until('question.requested')
  made.conversation.cancel('turn', 'device')
  await made.log.settled('id')
  assert.deepEqual(
    [...made.log.of('permission.resolved'), ...made.log.of('question.resolved')].map(({ outcome, by }) => [
      outcome,
      by,
    ]),
    [
      ['cancelled', 'device'],
      ['cancelled', 'device'],
    ],
  )
  assert.equal(made.log.of('question.requested').length, 1)
  assert.equal(lastWords(made), 'cancel nullneither')
})

test('a question that the assistant takes back is cancelled, and one at its death orphaned', async (t) => {
  const asks = question({ call: 'q', await: false })
  const made = scripted(t, {
    back: [asks, { do: 'wait', ms: 50 }, { do: 'withdraw', call: 'q' }, { do: 'wait' }],
    boom: [asks, { do: 'wait', ms: 50 }, { do: 'crash', code: 3 }],
  })
  await made.conversation.send({ prompt: 'back' }, 'id1')
  const first = await made.log.until('question.resolved')
  made.conversation.cancel('turn', 'device')
  await made.log.settled('id1')
  await made.conversation.send({ prompt: 'boom' }, 'id2')
  assert.equal((await made.log.settled('id2')).state, 'failed')
  const second = made.log.of('question.resolved').at(-1)
  assert.deepEqual([first.outcome, first.by, second?.outcome, second?.by], ['cancelled', 'local', 'orphaned', 'local'])
})

test('a note that something elsewhere is complete is passed over', async (t) => {
  const note = { jsonrpc: '2.0', method: 'elicitation/complete', params: { elicitationId: 'x' } }
  const made = scripted(t, { go: [{ do: 'garbage', text: JSON.stringify(note) }, say('on')] })
  await made.conversation.send({ prompt: 'go' }, 'id')
  assert.equal((await made.log.settled('id')).state, 'completed')
  assert.equal(lastWords(made), 'on')
})
