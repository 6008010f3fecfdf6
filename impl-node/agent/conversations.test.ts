import assert from 'node:assert/strict'
import test from 'node:test'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { type Bench, type BenchOptions, scripted, type Wire } from './assistants/testkit.ts'

const inSession = [{ do: 'text', text: '{session}' }]
const refusal = (code: string) => (error: unknown) => error instanceof ProtocolError && error.code === code

const scene = (t: test.TestContext, options: BenchOptions & { script?: object } = {}) =>
  scripted(t, { where: inSession, wait: [{ do: 'wait' }], boom: [{ do: 'crash', code: 1 }] }, options)

let count = 0
/** Gives a prompt, and tells what the assistant said in which conversation. */
async function said({ conversation, log }: Bench, prompt = 'where') {
  const id = `id${count++}`
  await conversation.send({ prompt }, id)
  await log.settled(id)
  const { text, conversationId, role } = log.of('claude.message').at(-1) ?? {}
  return { text, conversationId, role }
}

for (const [wire, sessions] of [
  ['acp', 'load'],
  ['acp', 'resume'],
  ['claude', 'resume'],
] as [Wire, string][]) {
  test(`another conversation is begun, and the first taken up again (${wire}, ${sessions})`, async (t) => {
    const on = scene(t, { wire, script: { sessions } })
    const first = await said(on)
    const { conversationId } = await on.conversation.open({ new: true })
    assert.notEqual(conversationId, first.conversationId)
    assert.equal(on.conversation.status().conversationId, conversationId)
    const second = await said(on)
    assert.equal(second.conversationId, conversationId)
    assert.notEqual(second.text, first.text)
    await on.conversation.open({ id: first.conversationId ?? '' })
    assert.deepEqual(await said(on), first)
    assert.ok(!on.log.of('claude.message').some(({ text }) => text === 'told again'))
    assert.deepEqual(
      on.log.of('claude.state').map(({ state, conversationId: at }) => [state, at === conversationId]),
      [
        ...[['idle', false] as const, ['running', false] as const, ['idle', false] as const],
        ...[['idle', true] as const, ['running', true] as const, ['idle', true] as const],
        ...[['idle', false] as const, ['running', false] as const, ['idle', false] as const],
      ],
    )
  })
}

test('only one of what there is can be opened, and not while something runs or waits', async (t) => {
  const on = scene(t, { script: { sessions: 'load' } })
  const { conversationId: first = '' } = await said(on)
  await assert.rejects(on.conversation.open({}), refusal('invalid-params'))
  await assert.rejects(on.conversation.open({ id: first, new: true }), refusal('invalid-params'))
  await assert.rejects(on.conversation.open({ id: 'elsewhere' }), refusal('not-found'))
  const { conversationId: second } = await on.conversation.open({ new: true })
  await on.conversation.send({ prompt: 'wait' }, 'waits')
  await on.log.until('claude.messageState', ({ messageId, state }) => messageId === 'waits' && state === 'started')
  await assert.rejects(on.conversation.open({ id: first }), refusal('busy'))
  await assert.rejects(on.conversation.open({ new: true }), refusal('busy'))
  assert.deepEqual(await on.conversation.open({ id: second }), { conversationId: second })
  on.conversation.cancel('turn', 'phone')
  assert.equal((await on.log.settled('waits')).state, 'cancelled')
  await on.conversation.open({ id: first })
  await assert.rejects(on.conversation.send({ prompt: 'x', conversationId: second }, 'x'), (error) => {
    assert.ok(error instanceof ProtocolError)
    assert.deepEqual([error.code, error.data], ['conflict', { conversationId: first }])
    return true
  })
})

test('a prompt that comes behind an opening goes to the conversation that is opened', async (t) => {
  const on = scene(t)
  const { conversationId: first } = await said(on)
  const opening = on.conversation.open({ new: true })
  const sent = on.conversation.send({ prompt: 'where' }, 'behind')
  const { conversationId } = await opening
  assert.equal((await sent).state, 'started')
  await on.log.settled('behind')
  assert.notEqual(conversationId, first)
  assert.equal(on.log.of('claude.message').at(-1)?.conversationId, conversationId)
})

for (const [wire, why] of [
  ['acp', /takes up no earlier conversation/],
  ['claude', /No conversation found/],
] as [Wire, RegExp][]) {
  test(`where ${wire} cannot take a conversation up, the open one stays open`, async (t) => {
    const on = scene(t, { wire })
    const { conversationId: first = '' } = await said(on)
    await on.conversation.open({ new: true })
    const second = await said(on)
    await assert.rejects(on.conversation.open({ id: first }), (error) => {
      assert.ok(error instanceof ProtocolError)
      assert.equal(error.code, 'assistant-unavailable')
      assert.match(error.message, why)
      return true
    })
    assert.deepEqual(await said(on), second)
  })
}

test('a conversation that the assistant has lost is followed by a new one, and stays listed', async (t) => {
  const on = scene(t)
  await said(on, 'boom')
  const lost = on.conversation.status().conversationId ?? ''
  const { conversationId } = await said(on)
  assert.notEqual(conversationId, lost)
  assert.deepEqual(
    on.conversation.list({ limit: 10 }).conversations.map(({ title, open }) => [title, open]),
    [
      ['where', true],
      ['boom', false],
    ],
  )
  await assert.rejects(on.conversation.send({ prompt: 'x', conversationId: lost }, 'x'), refusal('conflict'))
})

test('an agent that closes while a conversation is opened ends both assistants', async (t) => {
  const on = scene(t)
  await said(on)
  const opening = assert.rejects(on.conversation.open({ new: true }), refusal('assistant-unavailable'))
  await on.conversation.close()
  await opening
})
