import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { ConversationList } from './conversation-list.ts'

function listed(database = new DatabaseSync(':memory:'), assistant = 'A', workspace = '/home') {
  let at = 1_000
  return new ConversationList({ database, assistant, workspace, now: () => at++ })
}

const titles = (list: ConversationList) => list.page({ limit: 200 }).conversations.map(({ title }) => title)

test('conversations are listed with the newest first, and the open one is told', () => {
  const list = listed()
  assert.deepEqual([list.open, list.page({ limit: 1 })], [null, { conversations: [], more: false }])
  const first = list.begin('s1')
  list.used('one')
  list.used('two')
  const second = list.begin('s2')
  list.used('three')
  list.take(first.conversationId, 's1')
  assert.deepEqual(list.page({ limit: 200 }), {
    conversations: [
      { conversationId: second.conversationId, title: 'three', createdAt: 1_003, lastUsedAt: 1_004, open: false },
      { conversationId: first.conversationId, title: 'one', createdAt: 1_000, lastUsedAt: 1_005, open: true },
    ],
    more: false,
  })
})

test('pages have each conversation once, whatever is used between them', () => {
  const list = listed()
  const ids = ['a', 'b', 'c'].map((session) => {
    const { conversationId } = list.begin(session)
    list.used(session)
    return conversationId
  })
  const first = list.page({ limit: 2 })
  assert.deepEqual([first.conversations.map(({ title }) => title), first.more], [['c', 'b'], true])
  list.take(ids[0] ?? '', 'a')
  const after = first.conversations.at(-1)?.conversationId ?? ''
  const second = list.page({ limit: 2, after })
  assert.deepEqual([second.conversations.map(({ title }) => title), second.more], [['a'], false])
  const refused = (error: unknown) => error instanceof ProtocolError && error.code === 'not-found'
  assert.throws(() => list.page({ limit: 2, after: '00000000-0000-4000-8000-000000000000' }), refused)
})

test('one without a prompt is forgotten when another is opened', () => {
  const list = listed()
  const first = list.begin('s1')
  list.used('one')
  const empty = list.begin('s2')
  assert.deepEqual(titles(list), ['', 'one'])
  list.take(empty.conversationId, 's2')
  list.take(first.conversationId, 's1')
  assert.deepEqual([titles(list), list.find(empty.conversationId)], [['one'], null])
})

test('what was open is open for the next program, and another assistant or workspace has its own', () => {
  const database = new DatabaseSync(':memory:')
  const list = listed(database)
  const { conversationId } = list.begin('s1')
  list.used('one')
  assert.deepEqual(listed(database).open, { conversationId, session: 's1' })
  for (const other of [listed(database, 'B'), listed(database, 'A', '/elsewhere')]) {
    assert.deepEqual([other.open, other.find(conversationId), titles(other)], [null, null, []])
    other.begin('t1')
  }
  assert.deepEqual(listed(database).open, { conversationId, session: 's1' })
})

test('a title is one line of at most 80 characters, and none is half a character', () => {
  const list = listed()
  for (const [prompt, title] of [
    [`\n  Mend\r\n\tthe\u2028build \u001b[31m`, 'Mend the build [31m'],
    ['🦊'.repeat(100), '🦊'.repeat(80)],
    ['x\ud800', 'x\ufffd'],
    ['  ', ''],
  ] as const) {
    list.begin('s')
    list.used(prompt)
    assert.equal(list.page({ limit: 1 }).conversations[0]?.title, title)
  }
})

test('of more than 1,000 the one that was used longest ago is let go', () => {
  const list = listed()
  for (let n = 0; n < 1_001; n++) {
    list.begin(`s${n}`)
    list.used(`${n}`)
  }
  assert.equal(list.page({ limit: 200 }).conversations[0]?.title, '1000')
  let after: string | undefined
  let count = 0
  let last = ''
  do {
    const { conversations, more } = list.page({ limit: 200, ...(after && { after }) })
    count += conversations.length
    last = conversations.at(-1)?.title ?? ''
    after = more ? conversations.at(-1)?.conversationId : undefined
  } while (after)
  assert.deepEqual([count, last], [1_000, '1'])
})
