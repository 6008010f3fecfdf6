import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallFailure } from '../../controller/failure.ts'
import { answering } from '../testing/answering.ts'
import { Conversations } from './conversations.ts'

const idOf = (n: number): string => `00000000-0000-4000-8000-00000000000${n}`
const summary = (n: number, open = false) => ({
  ...{ conversationId: idOf(n), title: `Number ${n}`, createdAt: n, lastUsedAt: n, open },
})

function scene(answer: (method: string, params: object) => unknown) {
  const { controller, calls } = answering(answer)
  return { conversations: new Conversations(controller), calls }
}

test('the list comes in pages, and tells which one is open', async () => {
  const { conversations, calls } = scene((_, params) =>
    'after' in params
      ? { conversations: [summary(1)], more: false }
      : { conversations: [summary(3), summary(2, true)], more: true },
  )
  await conversations.read()
  assert.equal(conversations.open.value?.title, 'Number 2')
  assert.equal(conversations.hasMore.value, true)
  await conversations.readMore()
  assert.deepEqual(
    conversations.list.value?.map(({ title }) => title),
    ['Number 3', 'Number 2', 'Number 1'],
  )
  assert.equal(conversations.hasMore.value, false)
  assert.deepEqual(calls[1], ['claude.listConversations', { limit: 50, after: idOf(2) }])
})

test('a list whose end has gone meanwhile is read anew', async () => {
  const { conversations } = scene((_, params) => {
    if ('after' in params) throw new CallFailure('not-found', 'no')
    return { conversations: [summary(4)], more: false }
  })
  await conversations.read()
  await conversations.readMore()
  assert.equal(conversations.list.value?.length, 1)
})

test('one that was opened is open in the list, and one that was refused changes nothing', async () => {
  let open = 1
  const { conversations } = scene((method, params) => {
    if (method === 'claude.listConversations') {
      return { conversations: [summary(2, open === 2), summary(1, open === 1)], more: false }
    }
    const { id } = params as { id?: string }
    if (id === undefined) throw new CallFailure('busy', 'no')
    open = 2
    return { conversationId: id }
  })
  await conversations.read()
  await assert.rejects(conversations.take({ new: true }), { code: 'busy' })
  assert.equal(conversations.open.value?.conversationId, idOf(1))
  await conversations.take({ id: idOf(2) })
  assert.equal(conversations.open.value?.conversationId, idOf(2))
})
