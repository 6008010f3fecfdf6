import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { type Bench, type BenchOptions, bench, processes, refusalOf, scripted } from './testkit.ts'

const say = (text: string) => ({ do: 'text', text })
const options = [
  { id: 'allow', name: 'Allow', kind: 'allow_once' },
  { id: 'deny', name: 'Deny', kind: 'reject_once' },
]
const always = { id: 'always', name: 'Always', kind: 'allow_always' }
const answers = ['allow', 'always', 'deny', 'cancelled', 'changed', 'widened']
const on = Object.fromEntries(answers.map((id) => [id, [say(id)]]))
const ask = (more: object = {}) => ({
  ...{ do: 'permission', call: 'c', title: 't', tool: 'Bash', input: { command: 'npm test' }, options, on },
  ...more,
})

const claude = (t: TestContext, replies: Record<string, object[]>, more: BenchOptions & { script?: object } = {}) =>
  scripted(t, replies, { wire: 'claude', ...more })

const texts = ({ log }: Bench) => log.of('claude.message').map(({ role, text }) => `${role}: ${text}`)

/** Sends `prompt` as `id`, and waits until the request for its permission is there. */
async function asked({ log, conversation }: Bench, prompt = 'go', id = 'id1') {
  const count = log.of('permission.requested').length
  await conversation.send({ prompt }, id)
  return log.until('permission.requested', (params) => log.of('permission.requested').indexOf(params) === count)
}

test('a prompt is answered, in pieces and then whole, once', async (t) => {
  const made = claude(t, {
    go: [
      { do: 'thought', text: 'hm' },
      { do: 'text', text: 'Hello', size: 2, pause: 5 },
    ],
  })
  const { log, conversation } = made
  await conversation.send({ prompt: 'go' }, 'id1')
  assert.equal((await log.settled('id1')).state, 'completed')
  assert.deepEqual(texts(made), ['user: go', 'thought: hm', 'assistant: Hello'])
  const pieces = log.of('claude.delta').filter(({ kind }) => kind === 'text')
  assert.equal(pieces.map(({ text }) => text).join(''), 'Hello')
  assert.ok(pieces.length > 1)
  const { conversationId, mode, model } = conversation.status()
  const { name } = conversation.facts
  assert.deepEqual([name, mode, model], ['Claude Code', 'default', 'script'])
  assert.ok(log.of('claude.message').every((message) => message.conversationId === conversationId))
})

test('prompts are answered in order, each once its turn has ended', async (t) => {
  const made = claude(t, {})
  const ids = ['id1', 'id2', 'id3']
  for (const id of ids) await made.conversation.send({ prompt: id }, id)
  for (const id of ids) assert.equal((await made.log.settled(id)).state, 'completed')
  assert.deepEqual(
    texts(made).filter((text) => text.startsWith('assistant')),
    ids.map((id) => `assistant: ${id}`),
  )
})

test('a tool call is told when it begins and when it has ended, with what it put out', async (t) => {
  const call = { do: 'tool', call: 'c', kind: 'execute', input: { command: 'ls' } }
  const { log, conversation } = claude(t, { go: [call, { ...call, status: 'failed', output: 'no such file' }] })
  await conversation.send({ prompt: 'go' }, 'id1')
  await log.settled('id1')
  const told = log.of('claude.message').flatMap(({ tool, text }) => (tool ? [[tool.title, tool.status, text]] : []))
  assert.deepEqual(told, [
    ['Bash ls', 'in_progress', ''],
    ['Bash ls', 'failed', 'no such file'],
  ])
})

for (const option of ['allow', 'deny'] as const) {
  test(`a permission request is answered with ${option}, and the input goes back as it came`, async (t) => {
    const input = { command: 'echo "größer 🦊"', deep: { '': [null, true, 1e21, -0.5, []] } }
    const made = claude(t, { go: [ask({ input })] })
    const request = await asked(made)
    assert.deepEqual(JSON.parse(request.inputText), { tool: 'Bash', input })
    assert.deepEqual(
      request.options.map(({ kind }) => kind),
      ['allow_once', 'reject_once'],
    )
    made.book.answerLocally(request.requestId, option)
    await made.log.settled('id1')
    assert.deepEqual(texts(made), ['user: go', `assistant: ${option}`])
  })
}

test('"always" names what it allows, and ends with the conversation', async (t) => {
  const made = claude(t, { go: [ask({ options: [...options, always] })] })
  const request = await asked(made)
  const option = request.options.find(({ kind }) => kind === 'allow_always')
  assert.equal(option?.name, 'Allow Bash(as asked) in this conversation')
  made.book.answerLocally(request.requestId, 'always')
  await made.log.settled('id1')
  assert.equal(texts(made).at(-1), 'assistant: always')
})

test('what Claude Code says of a request is honoured, and shown without escapes', async (t) => {
  const more = {
    suppress_always_allow_rule: true,
    default_to_no: true,
    requires_user_interaction: true,
    decision_reason: '\u001b[31mrisky\u001b[0m',
  }
  const made = claude(t, { go: [ask({ options: [...options, always], claude: more })] })
  const request = await asked(made)
  assert.ok(request.options.every(({ kind }) => kind !== 'allow_always'))
  const { title, defaultToNo, needsInteraction } = request
  assert.deepEqual([title, defaultToNo, needsInteraction], ['Bash npm test (risky)', true, true])
})

test('rules that are none, or that do more than allow, make no option', async (t) => {
  const rules = [{ toolName: 'Bash' }]
  const suggestions = [
    { type: 'setMode', mode: 'bypassPermissions', destination: 'session' },
    { type: 'addRules', rules, behavior: 'deny', destination: 'session' },
    { type: 'addRules', rules: [], behavior: 'allow' },
    7,
  ]
  const made = claude(t, { go: [ask({ claude: { permission_suggestions: suggestions } })] })
  const request = await asked(made)
  assert.deepEqual(
    request.options.map(({ id }) => id),
    ['allow', 'deny'],
  )
})

test('a cancel ends the turn, and what was asked is taken back', async (t) => {
  const made = claude(t, { go: [ask()] })
  const { requestId } = await asked(made)
  made.conversation.cancel('turn', 'device')
  assert.equal((await made.log.settled('id1')).state, 'cancelled')
  const resolved = made.log.of('permission.resolved')
  assert.deepEqual(
    resolved.map(({ requestId, outcome }) => [requestId, outcome]),
    [[requestId, 'cancelled']],
  )
  await made.conversation.send({ prompt: 'next' }, 'id2')
  assert.equal((await made.log.settled('id2')).state, 'completed')
})

test('Claude Code takes back what it asked', async (t) => {
  const steps = [ask({ await: false }), { do: 'wait', ms: 50 }, { do: 'withdraw', call: 'c' }, { do: 'wait' }]
  const made = claude(t, { go: steps })
  const { requestId } = await asked(made)
  const { outcome } = await made.log.until('permission.resolved', (params) => params.requestId === requestId)
  assert.equal(outcome, 'cancelled')
})

test('a process that dies while it asks leaves the request orphaned and the prompt failed', async (t) => {
  const made = claude(t, { go: [ask()] })
  const { requestId } = await asked(made)
  const [program] = processes().filter(({ command }) => command.includes(made.file))
  assert.ok(program)
  process.kill(program.pid, 'SIGKILL')
  assert.deepEqual(await made.log.settled('id1').then(({ state, reason }) => [state, reason]), [
    'failed',
    'Claude Code was ended by SIGKILL',
  ])
  const [resolved] = made.log.of('permission.resolved')
  assert.deepEqual([resolved?.requestId, resolved?.outcome], [requestId, 'orphaned'])
})

test('after a crash the conversation is taken up again', async (t) => {
  const made = claude(t, { boom: [{ do: 'crash', code: 1 }] }, { script: { sessions: 'resume' } })
  await made.conversation.send({ prompt: 'boom' }, 'id1')
  const { conversationId } = made.conversation.status()
  assert.ok(conversationId)
  await made.log.settled('id1')
  await made.conversation.send({ prompt: 'next', conversationId }, 'id2')
  assert.equal((await made.log.settled('id2')).state, 'completed')
})

test('a conversation that Claude Code has forgotten is followed by a new one', async (t) => {
  const made = claude(t, { boom: [{ do: 'crash', code: 1 }] })
  await made.conversation.send({ prompt: 'boom' }, 'id1')
  const { conversationId } = made.conversation.status()
  await made.log.settled('id1')
  await made.conversation.send({ prompt: 'next' }, 'id2')
  assert.equal((await made.log.settled('id2')).state, 'completed')
  assert.notEqual(made.conversation.status().conversationId, conversationId)
})

test('a prompt that had run before, in an earlier process, does not wait for a result', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'happy-memory-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [memory, log] = [join(folder, 'uuids'), join(folder, 'prompts')]
  const script = { sessions: 'resume', memory, log }
  const made = claude(t, { boom: [{ do: 'crash', code: 1 }] }, { script })
  for (const id of ['id1', 'id1']) await made.conversation.send({ prompt: 'boom' }, id).then(() => made.log.settled(id))
  await made.log.until('claude.messageState', ({ state }) => state === 'completed')
  assert.equal(readFileSync(log, 'utf8'), '"boom"\n')
})

test('a turn that fails says why', async (t) => {
  const made = claude(t, { go: [{ do: 'fail', message: 'Credit balance is too low' }] })
  await made.conversation.send({ prompt: 'go' }, 'id1')
  const { state, reason } = await made.log.settled('id1')
  assert.deepEqual([state, reason], ['failed', 'Credit balance is too low'])
})

const database = { label: 'SQLite', description: 'One file.', preview: 'sqlite' }
const which = {
  question: 'Which database?',
  header: 'Database',
  options: [database, { label: 'Postgres' }],
  multiSelect: false,
}
const parts = { question: 'Which parts?', options: [{ label: 'Docs' }, { label: 'Tests' }], multiSelect: true }
const reactions = {
  accept: [say('{values}')],
  decline: [say('no: {values}')],
  cancel: [say('cancelled')],
  changed: [say('changed')],
}
const questions = (input: object) => ({ go: [{ do: 'question', message: '', claude: input, on: reactions }] })

/** Sends a prompt, and waits until its question is there. */
async function questioned({ log, conversation }: Bench) {
  await conversation.send({ prompt: 'go' }, 'id1')
  return log.until('question.requested')
}

test('a question asks for one of the options, or another text, and the answer goes back under its text', async (t) => {
  const made = claude(t, questions({ questions: [which], metadata: { source: 'test' } }))
  const { requestId, title, fields } = await questioned(made)
  assert.equal(title, 'Which database?')
  const options = [
    { value: 'SQLite', label: 'SQLite', description: 'One file.' },
    { value: 'Postgres', label: 'Postgres' },
  ]
  const shown = { name: 'q1', label: 'Database', description: 'Which database?' }
  assert.deepEqual(fields, [{ ...shown, required: true, options, other: true, type: 'choice' }])
  assert.deepEqual(made.log.of('permission.requested'), [])
  assert.equal(made.conversation.status().state, 'needs-answer')
  const answer = (value: string) => made.questions.answer({ requestId, answers: [{ name: 'q1', value }] }, 'device')
  assert.throws(() => answer(''), { code: 'invalid-params' })
  answer('MariaDB')
  await made.log.settled('id1')
  assert.equal(texts(made).at(-1), 'assistant: {"Which database?":"MariaDB"}')
})

test('several questions are fields of one, and several options one text', async (t) => {
  const made = claude(t, questions({ questions: [which, parts] }))
  const { requestId, title, fields } = await questioned(made)
  assert.equal(title, 'Claude Code has 2 questions.')
  assert.deepEqual(
    fields.map(({ name, label, type, min }) => [name, label, type, min]),
    [
      ['q1', 'Database', 'choice', undefined],
      ['q2', 'Which parts?', 'choices', 1],
    ],
  )
  const answers = [
    { name: 'q2', value: ['Docs', 'all else'] },
    { name: 'q1', value: 'SQLite' },
  ]
  made.questions.answer({ requestId, answers }, 'device')
  await made.log.settled('id1')
  assert.equal(texts(made).at(-1), 'assistant: {"Which database?":"SQLite","Which parts?":"Docs, all else"}')
})

test('a question that is declined is denied with a sentence', async (t) => {
  const made = claude(t, questions({ questions: [which] }))
  const { requestId } = await questioned(made)
  made.questions.answer({ requestId, answers: null }, 'device')
  await made.log.settled('id1')
  assert.equal(texts(made).at(-1), 'assistant: no: "The user declined to answer."')
})

test('a question that waits when the turn is cancelled is taken back, and one at a death is orphaned', async (t) => {
  const made = claude(t, questions({ questions: [which] }))
  await questioned(made)
  made.conversation.cancel('turn', 'device')
  assert.equal((await made.log.settled('id1')).state, 'cancelled')
  await made.conversation.send({ prompt: 'go' }, 'id2')
  await made.log.until('question.requested', (params) => made.log.of('question.requested').indexOf(params) === 1)
  const [program] = processes().filter(({ command }) => command.includes(made.file))
  assert.ok(program)
  process.kill(program.pid, 'SIGKILL')
  assert.equal((await made.log.settled('id2')).state, 'failed')
  const ends = made.log.of('question.resolved').map(({ outcome, by, answers }) => [outcome, by, answers])
  assert.deepEqual(ends, [
    ['cancelled', 'device', null],
    ['orphaned', 'local', null],
  ])
})

for (const [what, input] of [
  ['of an unknown form', { questions: [{ question: 'Which?', options: 'any' }] }],
  ['that asks the same twice', { questions: [which, which] }],
  ['that asks nothing', { questions: [] }],
] as const) {
  test(`a question ${what} is denied with a sentence, so that it is asked in words`, async (t) => {
    const made = claude(t, questions(input))
    await made.conversation.send({ prompt: 'go' }, 'id1')
    await made.log.settled('id1')
    assert.deepEqual([made.log.of('permission.requested'), made.log.of('question.requested')], [[], []])
    assert.match(texts(made).at(-1) ?? '', /no: "A question of this form cannot be answered\. Ask in your reply/)
  })
}

test('lines of unknown kinds are kept, requests of unknown kinds are refused, and garbage is passed over', async (t) => {
  const request = { type: 'control_request', request_id: 'r', request: { subtype: 'dream' } }
  const garbage = ['Debugger attached.', '{"type":', '[]', 'null', '{"type":7}', JSON.stringify(request)].map(
    (text) => ({
      do: 'garbage',
      text,
    }),
  )
  const dream = { do: 'unknown', kind: 'dream', fields: { depth: 3 } }
  const made = claude(t, { go: [say('a'), ...garbage, say('b'), dream] })
  await made.conversation.send({ prompt: 'go' }, 'id1')
  assert.equal((await made.log.settled('id1')).state, 'completed')
  assert.deepEqual(texts(made), ['user: go', 'assistant: ab', 'other: '])
  assert.deepEqual(made.log.of('claude.message').at(-1)?.raw, { type: 'dream', depth: 3 })
})

test('an assistant that ignores a cancel is ended by force', async (t) => {
  const made = claude(t, { go: [say('on'), { do: 'ignoreCancel' }, { do: 'wait', ms: 60_000 }] }, { cancelGrace: 50 })
  await made.conversation.send({ prompt: 'go' }, 'id1')
  await made.log.until('claude.delta')
  made.conversation.cancel('turn', 'device')
  assert.equal((await made.log.settled('id1')).state, 'cancelled')
})

test('a line that is too long ends the assistant, and the next prompt starts it anew', async (t) => {
  const made = claude(t, { go: [say('a'), { do: 'huge', bytes: 200_000 }] }, { lineMax: 100_000 })
  await made.conversation.send({ prompt: 'go' }, 'id1')
  const { state, reason } = await made.log.settled('id1')
  assert.deepEqual([state, reason], ['failed', 'Claude Code sent a line of more than 100000 bytes'])
  await made.conversation.send({ prompt: 'next' }, 'id2')
  assert.equal((await made.log.settled('id2')).state, 'completed')
})

test('a start that fails says so in a sentence', async (t) => {
  const of = (code: string, more: BenchOptions = {}) => {
    const { conversation } = bench(t, { wire: 'claude', command: [process.execPath, '-e', code, '--'], ...more })
    return refusalOf(conversation.start()).then((text) => text.replace(/"node[^"]*"/, '"node"'))
  }
  assert.equal(
    await of(`console.error('Invalid API key'); process.exit(1)`),
    'Cannot start the assistant: "node" ended with exit code 1: Invalid API key',
  )
  assert.match(await of('process.stdin.resume()', { startTime: 300 }), /did not answer within 0\.3 s$/)
  const refusing = `process.stdin.once('data', (line) => console.log(JSON.stringify({ type: 'control_response',
    response: { subtype: 'error', request_id: JSON.parse(line).request_id, error: 'not today' } })))`
  assert.match(await of(refusing), /refused to begin: not today$/)
  const { conversation } = bench(t, { wire: 'claude', command: ['no-such-claude'] })
  assert.match(await refusalOf(conversation.start()), /the command "no-such-claude" was not found/)
})

test('it does not see the marks of a Claude Code around the agent', async (t) => {
  const code = `console.error(Object.keys(process.env).filter((name) => /^(MINE|CLAUDE)/.test(name)).join()); process.exit(1)`
  const env = { ...process.env, MINE: '1', CLAUDECODE: '1', CLAUDE_CODE_ENTRYPOINT: 'cli', CLAUDE_CONFIG_DIR: '/x' }
  const { conversation } = bench(t, { wire: 'claude', command: [process.execPath, '-e', code, '--'], env })
  assert.match(await refusalOf(conversation.start()), /: (CLAUDE_CONFIG_DIR,MINE|MINE,CLAUDE_CONFIG_DIR)$/)
})
