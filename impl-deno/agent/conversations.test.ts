import { deepEqual, equal, notEqual, ok, rejects, throws } from 'node:assert/strict'
import { scene } from '../testing/conversation-scene.ts'
import { Conversations } from './conversations.ts'

const REPLIES = [
  { when: 'where', steps: [{ do: 'text', text: '{session}' }] },
  { when: 'wait', steps: [{ do: 'wait' }] },
  { when: 'die', steps: [{ do: 'crash', code: 1 }] },
]

async function talk(script: object, wire: 'acp' | 'claude' = 'acp') {
  const made = await scene({ replies: REPLIES, ...script }, undefined, wire)
  const said = async (prompt = 'where') => {
    const { messageId } = await made.send(prompt)
    await made.ended(messageId)
    const last = made.messages('assistant').at(-1)
    return { text: last?.text, conversationId: String(last?.conversationId) }
  }
  return { ...made, said }
}

for (const [wire, sessions] of [
  ['acp', 'load'],
  ['acp', 'resume'],
  ['claude', 'resume'],
] as const) {
  Deno.test(`open() begins a conversation, and takes up that of before, by ${wire} with ${sessions}`, async () => {
    const { conversation, said, messages, all, close } = await talk({ sessions }, wire)
    const first = await said()
    const { conversationId } = await conversation.open({ new: true })
    const second = await said()
    deepEqual([second.conversationId, conversation.status.conversationId], [conversationId, conversationId])
    notEqual(second.text, first.text)
    deepEqual(await conversation.open({ id: first.conversationId }), { conversationId: first.conversationId })
    deepEqual(await said(), first)
    ok(!messages('assistant').some(({ text }) => text === 'told again'))
    deepEqual(
      all('state').map((each) => [each.state, each.conversationId === conversationId]),
      [false, true, false].flatMap((is) => ['idle', 'running', 'idle'].map((state) => [state, is])),
    )
    await close()
  })
}

Deno.test('open() refuses what is unknown, and another one while a turn runs', async () => {
  const { conversation, said, send, waitFor, ended, close } = await talk({ sessions: 'load' })
  const { conversationId } = await said()
  await rejects(conversation.open({}), { code: 'invalid-params' })
  await rejects(conversation.open({ id: conversationId, new: true }), { code: 'invalid-params' })
  await rejects(conversation.open({ id: crypto.randomUUID() }), { code: 'not-found' })
  const opened = await conversation.open({ new: true })
  const { messageId } = await send('wait')
  await waitFor('messageState', (each) => each.messageId === messageId && each.state === 'started')
  await rejects(conversation.open({ id: conversationId }), { code: 'busy' })
  deepEqual(await conversation.open({ id: opened.conversationId }), opened)
  conversation.cancel('turn', 'a'.repeat(26))
  await ended(messageId)
  await conversation.open({ id: conversationId })
  await rejects(send('x', opened.conversationId), { code: 'conflict', data: { conversationId } })
  await close()
})

Deno.test('a prompt behind open() waits for the conversation', async () => {
  const { conversation, said, send, ended, messages, close } = await talk({})
  await said()
  const [{ conversationId }, { messageId }] = await Promise.all([conversation.open({ new: true }), send('where')])
  await ended(messageId)
  equal(messages('assistant').at(-1)?.conversationId, conversationId)
  await close()
})

for (const wire of ['acp', 'claude'] as const) {
  Deno.test(`open() changes nothing where ${wire} cannot take the conversation up`, async () => {
    const { conversation, said, close } = await talk({}, wire)
    const first = await said()
    await conversation.open({ new: true })
    const second = await said()
    await rejects(conversation.open({ id: first.conversationId }), { code: 'assistant-unavailable' })
    deepEqual(await said(), second)
    equal(conversation.assistant?.available, true)
    await close()
  })
}

Deno.test('a conversation that is lost stays in the list, and the next prompt begins another', async () => {
  const { conversation, said, close } = await talk({})
  await said('die')
  const lost = conversation.status.conversationId
  const { conversationId } = await said()
  notEqual(conversationId, lost)
  deepEqual(
    conversation.list({ limit: 5 }).conversations.map(({ title, open }) => [title, open]),
    [
      ['where', true],
      ['die', false],
    ],
  )
  await close()
})

Deno.test('close() ends an assistant that is about to be opened', async () => {
  const { conversation, said, close } = await talk({})
  await said()
  await Promise.all([rejects(conversation.open({ new: true }), { code: 'assistant-unavailable' }), close()])
})

function store(path = ':memory:', assistant = 'A') {
  let time = 100
  return new Conversations(path, assistant, '/work', () => time++)
}

Deno.test('list() goes from the newest to the oldest, each once, whatever is used meanwhile', () => {
  const conversations = store()
  deepEqual(conversations.list({ limit: 1 }), { conversations: [], more: false })
  for (const title of ['one', 'two', 'three']) {
    conversations.begin(title)
    conversations.prompted(title)
    conversations.prompted('further')
  }
  const page = conversations.list({ limit: 2 })
  deepEqual([page.conversations.map(({ title }) => title), page.more], [['three', 'two'], true])
  const [, { conversationId: after = '' } = {}] = page.conversations
  const rest = conversations.list({ limit: 2, after })
  const { conversationId = '', ...one } = rest.conversations[0] ?? {}
  deepEqual([one, rest.more], [{ title: 'one', open: false, createdAt: 100, lastUsedAt: 102 }, false])
  conversations.take(conversationId, 'renamed')
  deepEqual(conversations.open, { id: conversationId, session: 'renamed' })
  deepEqual(conversations.list({ limit: 2, after }).conversations[0]?.open, true)
  throws(() => conversations.list({ limit: 2, after: crypto.randomUUID() }), { code: 'not-found' })
  conversations.close()
})

Deno.test('a conversation without a prompt is gone when it is left', () => {
  const conversations = store()
  conversations.begin('s1')
  conversations.begin('s2')
  conversations.prompted(' \n')
  conversations.begin('s3')
  deepEqual(conversations.list({ limit: 9 }).conversations.length, 2)
  conversations.close()
})

Deno.test('what is open is kept in the file, and each assistant has its own', async () => {
  const folder = await Deno.makeTempDir()
  const before = store(`${folder}/c.sqlite`)
  before.begin('s1')
  const { open } = before
  before.close()
  const other = store(`${folder}/c.sqlite`, 'B')
  deepEqual(
    [other.open, other.find(open?.id ?? ''), other.list({ limit: 9 }).conversations],
    [undefined, undefined, []],
  )
  other.begin('t1')
  other.close()
  const again = store(`${folder}/c.sqlite`)
  deepEqual(again.open, open)
  again.close()
  await Deno.remove(folder, { recursive: true })
})

Deno.test('a title is one line of 80 characters at most', () => {
  const conversations = store()
  for (const [prompt, title] of [
    ['\n Mend\r\n\tit\u0085now\u001b[1m ', 'Mend it now [1m'],
    ['🦊'.repeat(90), '🦊'.repeat(80)],
    ['a\udc00', 'a\ufffd'],
  ] as const) {
    conversations.begin('s')
    conversations.prompted(prompt)
    equal(conversations.list({ limit: 1 }).conversations[0]?.title, title)
  }
  conversations.close()
})

Deno.test('of more than 1,000 the one used longest ago is forgotten', () => {
  const conversations = store()
  for (let i = 0; i < 1_001; i++) {
    conversations.begin(`${i}`)
    conversations.prompted(`${i}`)
  }
  const ids = new Set<string>()
  let last = ''
  for (let after: string | undefined; ; ) {
    const page = conversations.list({ limit: 200, ...(after && { after }) })
    for (const { conversationId, title } of page.conversations) {
      ids.add(conversationId)
      last = title
      after = conversationId
    }
    if (!page.more) break
  }
  deepEqual([ids.size, last], [1_000, '1'])
  conversations.close()
})
