import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  factsOf,
  parseHello,
  parsePermission,
  parseUpdate,
  type SessionFacts,
  sessionIdOf,
  type ToolCalls,
  tellUpdate,
} from './acp-border.ts'
import type { AssistantEvents } from './assistant.ts'

function heard() {
  const told: unknown[][] = []
  const note =
    (name: string) =>
    (...values: unknown[]) => {
      told.push([name, ...values])
    }
  const events: AssistantEvents = {
    text: note('text'),
    tool: note('tool'),
    other: note('other'),
    permission: note('permission'),
    question: note('question'),
    withdrawn: note('withdrawn'),
    session: note('session'),
    turnEnded: note('turnEnded'),
    stopped: note('stopped'),
  }
  const calls: ToolCalls = new Map()
  const facts: SessionFacts = { mode: null, model: null }
  const tell = (update: { sessionUpdate: string; [field: string]: unknown }) => tellUpdate(update, events, calls, facts)
  return { told, calls, facts, tell }
}

const text = (text: string) => ({ type: 'text', text })

for (const [name, update, expected] of [
  ['a message chunk', { sessionUpdate: 'agent_message_chunk', content: text('hi') }, ['text', 'text', 'hi', undefined]],
  [
    'a thought of a known message',
    { sessionUpdate: 'agent_thought_chunk', content: text('hm'), messageId: 'm' },
    ['text', 'thought', 'hm', 'm'],
  ],
  [
    'an image',
    { sessionUpdate: 'agent_message_chunk', content: { type: 'image', data: 'AAAA' } },
    ['text', 'text', '[image]', undefined],
  ],
  [
    'a link',
    { sessionUpdate: 'agent_message_chunk', content: { type: 'resource_link', uri: 'file:///a', name: 'a' } },
    ['text', 'text', 'file:///a', undefined],
  ],
  [
    'an embedded resource',
    { sessionUpdate: 'agent_message_chunk', content: { type: 'resource', resource: { uri: 'x:', text: 'body' } } },
    ['text', 'text', 'body', undefined],
  ],
] as const) {
  test(`${name} becomes text`, () => {
    const { told, tell } = heard()
    tell(update)
    assert.deepEqual(told, [expected])
  })
}

test('updates of a tool call name only what changed, and are told whole', () => {
  const { told, tell } = heard()
  tell({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'Edit', rawInput: { path: 'a' } })
  const diff = { type: 'diff', path: '/a', oldText: 'x', newText: 'y\nz' }
  const content = [{ type: 'content', content: text('ok') }, diff, { type: 'terminal', terminalId: 'q' }]
  tell({ sessionUpdate: 'tool_call_update', toolCallId: 't', status: 'completed', title: null, content })
  assert.deepEqual(told, [
    ['tool', { callId: 't', title: 'Edit', status: 'pending', input: { path: 'a' }, text: '' }],
    [
      'tool',
      {
        callId: 't',
        title: 'Edit',
        status: 'completed',
        input: { path: 'a' },
        text: 'ok\n--- /a\n-x\n+y\n+z\n[terminal]',
      },
    ],
  ])
})

test('raw output is told where there is no content', () => {
  const { told, tell } = heard()
  tell({ sessionUpdate: 'tool_call_update', toolCallId: 't', rawOutput: { code: 1 } })
  assert.deepEqual(told, [['tool', { callId: 't', title: 't', status: 'pending', text: '{"code":1}' }]])
})

test('a plan and a notice have a text, and are kept whole', () => {
  const { told, tell } = heard()
  const entries = ['completed', 'in_progress', 'pending'].map((status) => ({
    content: status,
    status,
    priority: 'low',
  }))
  const plan = { sessionUpdate: 'plan', entries }
  const notice = { sessionUpdate: 'notice', severity: 'info', title: 'Quota', description: 'nearly used' }
  tell(plan)
  tell(notice)
  assert.deepEqual(told, [
    ['other', plan, '[x] completed\n[>] in_progress\n[ ] pending'],
    ['other', notice, 'Quota: nearly used'],
  ])
})

test('an unknown kind, and a known one in an unknown form, are kept whole', () => {
  const { told, tell } = heard()
  const updates = [
    { sessionUpdate: 'hologram', depth: 3 },
    { sessionUpdate: 'agent_message_chunk', content: 'not a block' },
    { sessionUpdate: 'tool_call', title: 'without an id' },
    { sessionUpdate: 'plan', entries: 7 },
  ]
  for (const update of updates) tell(update)
  assert.deepEqual(
    told,
    updates.map((update) => ['other', update, '']),
  )
})

test('mode and model are facts, not messages', () => {
  const { told, facts, tell } = heard()
  tell({ sessionUpdate: 'current_mode_update', currentModeId: 'plan' })
  const model = { id: 'm', name: 'Model', category: 'model', type: 'select', currentValue: 'opus', options: [] }
  tell({ sessionUpdate: 'config_option_update', configOptions: [model] })
  tell({ sessionUpdate: 'usage_update', used: 1, size: 2 })
  assert.deepEqual(told, [])
  assert.deepEqual(facts, { mode: 'plan', model: 'opus' })
})

for (const [name, result, facts] of [
  ['nothing', {}, { mode: null, model: null }],
  ['what does not fit', { modes: 7 }, { mode: null, model: null }],
  ['modes', { modes: { currentModeId: 'ask', availableModes: [] } }, { mode: 'ask', model: null }],
  ['older models', { models: { currentModelId: 'sonnet' } }, { mode: null, model: 'sonnet' }],
  [
    'options',
    { modes: null, configOptions: [{ id: 'x', category: 'mode', currentValue: 'code' }] },
    { mode: 'code', model: null },
  ],
] as const) {
  test(`a session tells its facts by ${name}`, () => assert.deepEqual(factsOf(result), facts))
}

for (const [result, expected] of [
  [{ protocolVersion: 1 }, { version: 1, name: '', takesUp: null, takes: [] }],
  [
    { protocolVersion: 2, agentInfo: { name: 'n' } },
    { version: 2, name: 'n', takesUp: null, takes: [] },
  ],
  [
    { protocolVersion: 1, agentInfo: { name: 'n', title: 'T' }, agentCapabilities: { loadSession: true } },
    { version: 1, name: 'T', takesUp: 'load', takes: [] },
  ],
  [
    { protocolVersion: 1, agentCapabilities: { loadSession: true, sessionCapabilities: { resume: {} } } },
    { version: 1, name: '', takesUp: 'resume', takes: [] },
  ],
  [null, null],
  [{ protocolVersion: '1' }, null],
  [{ protocolVersion: 1, agentInfo: { name: 7 } }, null],
] as const) {
  test(`initialize answered by ${JSON.stringify(result)}`, () => assert.deepEqual(parseHello(result), expected))
}

test('a session has an id, or is none', () => {
  assert.equal(sessionIdOf({ sessionId: 's' }), 's')
  for (const none of [null, {}, { sessionId: '' }, { sessionId: 1 }]) assert.equal(sessionIdOf(none), null)
})

const option = { optionId: 'y', name: 'Yes', kind: 'allow_once' }

test('a permission ask has the input of its tool call, and only options that are known to allow or deny', () => {
  const { calls, tell } = heard()
  tell({ sessionUpdate: 'tool_call', toolCallId: 't', title: 'rm', name: 'Bash', rawInput: { command: 'rm' } })
  const options = [option, { optionId: 'z', name: 'Perhaps', kind: 'allow_until_tuesday' }]
  assert.deepEqual(
    parsePermission({ sessionId: 's', toolCall: { toolCallId: 't', title: 'Remove' }, options }, calls),
    {
      sessionId: 's',
      tool: 'Bash',
      title: 'Remove',
      input: { command: 'rm' },
      options: [{ id: 'y', name: 'Yes', kind: 'allow_once' }],
    },
  )
})

test('an ask without raw input is about all that was said of the call', () => {
  const toolCall = { toolCallId: 't', kind: 'delete', title: 'Delete', locations: [{ path: '/a' }], status: 'pending' }
  const parsed = parsePermission({ sessionId: 's', toolCall, options: [option] }, new Map())
  assert.deepEqual(parsed?.input, { kind: 'delete', title: 'Delete', locations: [{ path: '/a' }] })
  assert.equal(parsed?.tool, 'delete')
})

test('no JSON whatever breaks the border', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('agent_message_chunk', 'tool_call', 'plan', 'notice'),
      (value, kind) => {
        const { told, calls, tell } = heard()
        parseUpdate(value)
        factsOf(value)
        parsePermission(value, calls)
        const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { content: value }
        tell({ ...fields, sessionUpdate: kind })
        assert.equal(told.length, 1)
      },
    ),
    { numRuns: 500 },
  )
})
