import { deepEqual, equal, match, ok, rejects, throws } from 'node:assert/strict'
import { scene } from '../../testing/conversation-scene.ts'
import { isAlive } from '../../testing/is-alive.ts'
import { until } from '../../testing/manual-timers.ts'
import { claudeAssistant } from './claude.ts'

const say = (text: string) => ({ do: 'text', text })
const once = { id: 'allow', name: 'Allow', kind: 'allow_once' }
const always = { id: 'always', name: 'Always', kind: 'allow_always' }
const no = { id: 'deny', name: 'Deny', kind: 'reject_once' }
const outcomes = ['allow', 'always', 'deny', 'cancelled', 'changed', 'widened']
const ask = (more: object = {}) => ({
  ...{ do: 'permission', call: 'c', title: 't', tool: 'Bash', input: { command: 'npm test' }, options: [once, no] },
  on: Object.fromEntries(outcomes.map((id) => [id, [say(id)]])),
  ...more,
})
const idsOf = (options: unknown) => (Array.isArray(options) ? options.map(({ id }) => id) : [])
const claude = (otherwise: object[], script: object = {}) => scene({ otherwise, ...script }, undefined, 'claude')

Deno.test('Claude Code answers in pieces, and what came so is not told again', async () => {
  const steps = [
    { do: 'thought', text: 'hm' },
    { do: 'text', text: 'Hello', size: 2, pause: 5 },
  ]
  const { send, messages, all, ended, states, conversation, close } = await claude(steps)
  const { messageId } = await send('go')
  await ended(messageId)
  equal(states(messageId).at(-1), 'completed')
  deepEqual(
    ['thought', 'assistant'].map((role) => messages(role).map(({ text }) => text)),
    [['hm'], ['Hello']],
  )
  ok(all('delta').length > 2)
  const { mode, model } = conversation.status
  deepEqual([mode, model], ['default', 'script'])
  await close()
})

Deno.test('its tools are told when they begin and when they end', async () => {
  const call = { do: 'tool', call: 'c', kind: 'execute', input: { command: 'ls' } }
  const { send, messages, ended, close } = await claude([call, { ...call, status: 'failed', output: 'no such file' }])
  const { messageId } = await send('go')
  await ended(messageId)
  deepEqual(
    messages('tool').map(({ tool, text }) => [tool, text]),
    ['in_progress', 'failed'].map((status) => [
      { callId: 'c', title: 'Bash ls', status, input: { command: 'ls' } },
      status === 'failed' ? 'no such file' : '',
    ]),
  )
  await close()
})

for (const option of ['allow', 'always', 'deny']) {
  Deno.test(`what it asks is answered with "${option}", and the input goes back as it came`, async () => {
    const input = { command: 'echo "größer 🦊"', deep: { '': [null, true, 1e21, -0.5, []] } }
    const { send, all, messages, waitFor, ended, answer, close } = await claude([
      ask({ input, options: [once, always, no] }),
    ])
    const { messageId } = await send('go')
    await waitFor('requested')
    const [request] = all('requested')
    deepEqual(JSON.parse(String(request?.inputText)), { tool: 'Bash', input })
    deepEqual(request?.options, [
      { id: 'allow', name: 'Allow once', kind: 'allow_once' },
      { id: 'always', name: 'Allow Bash(as asked) in this conversation', kind: 'allow_always' },
      { id: 'deny', name: 'Deny', kind: 'reject_once' },
    ])
    answer(option)
    await ended(messageId)
    equal(messages('assistant').at(-1)?.text, option)
    await close()
  })
}

Deno.test('what it says of a question is honoured, and rules that do more than allow make no option', async () => {
  const hints = {
    ...{ default_to_no: true, requires_user_interaction: true, decision_reason: '\u001b[31mrisky\u001b[0m' },
    permission_suggestions: [
      { type: 'setMode', mode: 'bypassPermissions', destination: 'session' },
      { type: 'addRules', rules: [{ toolName: 'Bash' }], behavior: 'deny', destination: 'session' },
      { type: 'addRules', rules: [], behavior: 'allow' },
      7,
    ],
  }
  const suppressed = { suppress_always_allow_rule: true }
  const { send, all, waitFor, answer, ended, close } = await claude([
    ask({ claude: hints }),
    ask({ claude: suppressed, options: [once, always, no] }),
  ])
  const { messageId } = await send('go')
  for (const count of [1, 2]) {
    await waitFor('requested', (each) => all('requested').indexOf(each) === count - 1)
    deepEqual(idsOf(all('requested').at(-1)?.options), ['allow', 'deny'])
    answer('allow')
  }
  await ended(messageId)
  const [asked] = all('requested')
  deepEqual([asked?.title, asked?.defaultToNo, asked?.needsInteraction], ['Bash npm test (risky)', true, true])
  await close()
})

Deno.test('a cancel ends its turn, what it asked is over, and the next prompt is answered', async () => {
  const { send, all, states, messages, waitFor, ended, conversation, close } = await scene(
    { replies: [{ when: 'ask', steps: [ask()] }], otherwise: [say('next')] },
    undefined,
    'claude',
  )
  const { messageId } = await send('ask')
  await waitFor('requested')
  conversation.cancel('turn', 'device')
  await ended(messageId)
  equal(states(messageId).at(-1), 'cancelled')
  deepEqual(
    all('resolved').map(({ outcome }) => outcome),
    ['cancelled'],
  )
  const next = await send('go on')
  await ended(next.messageId)
  deepEqual(
    messages('assistant').map(({ text }) => text),
    ['next'],
  )
  await close()
})

Deno.test('it takes back what it asked', async () => {
  const steps = [ask({ await: false }), { do: 'wait', ms: 50 }, { do: 'withdraw', call: 'c' }, { do: 'wait' }]
  const { send, all, waitFor, close } = await claude(steps)
  await send('go')
  await waitFor('resolved')
  equal(all('resolved')[0]?.outcome, 'cancelled')
  await close()
})

Deno.test('when it dies while it asks, the request is orphaned and the prompt has failed', async () => {
  const { send, all, states, ended, close } = await claude([
    ask({ await: false }),
    { do: 'wait', ms: 50 },
    { do: 'crash', code: 7 },
  ])
  const { messageId } = await send('go')
  await ended(messageId)
  equal(states(messageId).at(-1), 'failed')
  equal(all('messageState').at(-1)?.reason, 'The assistant has ended with exit code 7')
  deepEqual(
    all('resolved').map(({ outcome }) => outcome),
    ['orphaned'],
  )
  await close()
})

for (const sessions of ['resume', 'forget']) {
  Deno.test(`after a crash, what it remembers of the conversation is taken up: ${sessions}`, async () => {
    const replies = [{ when: 'boom', steps: [{ do: 'crash', code: 1 }] }]
    const { send, states, ended, conversation, close } = await scene({ replies, sessions }, undefined, 'claude')
    const first = await send('boom')
    await ended(first.messageId)
    const { conversationId } = conversation.status
    const second = await send('next')
    await ended(second.messageId)
    equal(states(second.messageId).at(-1), 'completed')
    equal(conversation.status.conversationId === conversationId, sessions === 'resume')
    await close()
  })
}

Deno.test('a turn that fails fails the prompt, and why is told at the computer alone', async () => {
  const { send, states, ended, troubles, all, close } = await claude([{ do: 'fail', message: 'Credit is too low' }])
  const { messageId } = await send('go')
  await ended(messageId)
  equal(states(messageId).at(-1), 'failed')
  deepEqual(troubles, ['The assistant has failed: Credit is too low'])
  ok(!JSON.stringify(all('messageState')).includes('Credit'))
  await close()
})

const which = {
  ...{ question: 'Which database?', header: 'Database', multiSelect: false },
  options: [{ label: 'SQLite', description: 'One file.', preview: 'x' }, { label: 'Postgres' }],
}
const parts = { question: 'Which parts?', options: [{ label: 'Docs' }, { label: 'Tests' }], multiSelect: true }
const reactions = Object.fromEntries(
  ['accept', 'decline', 'cancel', 'changed'].map((action) => [action, [say(`${action} {values}`)]]),
)
const asking = (input: object) => ({ do: 'question', message: '', claude: input, on: reactions })

Deno.test('its questions are asked as one, and the answers go back under their texts', async () => {
  const made = await claude([asking({ questions: [which, parts], metadata: { source: 'test' } })])
  const { messageId } = await made.send('go')
  await made.waitFor('question')
  const question = made.all('question')[0] ?? { method: '' }
  equal(question.title, 'Claude Code wants to know 2 things.')
  const [first] = question.fields as object[]
  deepEqual(first, {
    ...{ name: 'q1', label: 'Database', description: 'Which database?', type: 'choice', required: true, other: true },
    options: [
      { value: 'SQLite', label: 'SQLite', description: 'One file.' },
      { value: 'Postgres', label: 'Postgres' },
    ],
  })
  deepEqual([made.all('requested'), made.conversation.status.state], [[], 'needs-answer'])
  const some = { name: 'q2', value: ['Docs', 'all else'] }
  throws(() => made.reply([some]), { code: 'invalid-params' })
  made.reply([some, { name: 'q1', value: 'MariaDB' }])
  await made.ended(messageId)
  const words = 'accept {"Which database?":"MariaDB","Which parts?":"Docs, all else"}'
  equal(made.messages('assistant').at(-1)?.text, words)
  await made.close()
})

Deno.test('a question that is declined is denied, and one that nobody can answer with words about that', async () => {
  const made = await claude([asking({ questions: [which] }), asking({ questions: [which, which] }), asking({})])
  const { messageId } = await made.send('go')
  await made.waitFor('question')
  equal(made.all('question')[0]?.title, 'Which database?')
  made.reply(null)
  await made.ended(messageId)
  const words = String(made.messages('assistant').at(-1)?.text)
  match(words, /^decline "The user declines to answer\."(decline "Nobody can answer this form\.[^"]*"){2}$/)
  await made.close()
})

Deno.test('a question that waits is taken back when the turn is cancelled', async () => {
  const made = await claude([asking({ questions: [which] })])
  const { messageId } = await made.send('go')
  await made.waitFor('question')
  made.conversation.cancel('turn', 'a'.repeat(26))
  await made.ended(messageId)
  equal(made.states(messageId).at(-1), 'cancelled')
  deepEqual(
    made.all('questionResolved').map(({ outcome, answers }) => [outcome, answers]),
    [['cancelled', null]],
  )
  await made.close()
})

Deno.test('lines that nobody knows are kept, requests that nobody knows are refused, and garbage is passed over', async () => {
  const request = { type: 'control_request', request_id: 'r', request: { subtype: 'dream' } }
  const garbage = ['Debugger attached.', '{"type":', '[]', 'null', '{"type":7}', JSON.stringify(request)]
  const { send, states, ended, messages, close } = await claude([
    say('a'),
    ...garbage.map((text) => ({ do: 'garbage', text })),
    say('b'),
    { do: 'unknown', kind: 'dream', fields: { depth: 3 } },
  ])
  const { messageId } = await send('go')
  await ended(messageId)
  equal(states(messageId).at(-1), 'completed')
  equal(messages('assistant')[0]?.text, 'ab')
  deepEqual(messages('other')[0]?.raw, { type: 'dream', depth: 3 })
  await close()
})

Deno.test('a start that fails is told: with its last words at the computer, without them elsewhere', async () => {
  const words = `console.error('Invalid API key'); process.exit(1)`
  for (const [command, trouble] of [
    [['node', '-e', words, '--'], /^The assistant cannot be started: Invalid API key$/],
    [['no-such-claude'], /^The assistant cannot be started: .*no-such-claude/],
  ] as const) {
    const kind = claudeAssistant({ command, workspace: Deno.cwd() })
    const { send, troubles, close } = await scene({}, kind)
    await rejects(send('go'), { code: 'assistant-unavailable', message: 'The assistant cannot be started' })
    match(String(troubles.at(-1)), trouble)
    await close()
  }
})

Deno.test('a prompt that it had run before does not wait for a result', async () => {
  const folder = await Deno.makeTempDir()
  const script = { name: 'x', replies: [], otherwise: [], memory: `${folder}/uuids`, log: `${folder}/prompts` }
  const messageId = crypto.randomUUID()
  await Deno.writeTextFile(script.memory, `${messageId}\n`)
  await Deno.writeTextFile(`${folder}/script.json`, JSON.stringify(script))
  const program = new URL('../../../conformance/assistants/claude.ts', import.meta.url).pathname
  const command = ['node', '--disable-warning=ExperimentalWarning', program, '--script', `${folder}/script.json`]
  const heard: unknown[] = []
  const assistant = await claudeAssistant({ command, workspace: folder }).start({
    piece: (_, text) => void heard.push(text),
    tool: (call) => void heard.push(call),
    other: (update) => void heard.push(update),
    facts: () => {},
    ask: () => Promise.resolve(null),
    question: () => Promise.resolve(null),
    stopped: () => {},
    trouble: () => {},
  })
  equal(await assistant.prompt('go', messageId, []), 'completed')
  deepEqual(heard, [])
  await rejects(Deno.stat(script.log), Deno.errors.NotFound)
  await assistant.close()
  await Deno.remove(folder, { recursive: true })
})

Deno.test('it and what it has started end together', async () => {
  const { send, all, waitFor, close } = await claude([{ do: 'child' }, { do: 'wait' }], { stubborn: true })
  await send('go')
  await waitFor('delta')
  const pid = Number(String(all('delta')[0]?.text).replace('child ', ''))
  ok(pid > 1)
  await close()
  await until(() => !isAlive(pid), 'the child is gone')
})
