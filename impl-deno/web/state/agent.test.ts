import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEntry } from '@happy-remote/schemas/rpc/journal.ts'
import type { Controller, ControllerEvent } from '../../controller/controller.ts'
import { CallFailure } from '../../controller/failure.ts'
import type { QueuedCommand } from '../../controller/queued-command.ts'
import { Agent } from './agent.ts'
import { Drafts } from './drafts.ts'

const [a, b] = [1, 2].map((n) => `00000000-0000-4000-8000-00000000000${n}`) as [string, string]
const idle = { state: 'idle', conversationId: a, mode: null, model: null, queued: 0, pending: [] } as const

const message = (seq: number, conversationId: string, text = `${seq}`): JournalEntry => ({
  ...{ epoch: 'e', seq, at: seq, kind: 'claude.message' },
  body: { conversationId, messageId: `00000000-0000-4000-8000-${String(seq).padStart(12, '0')}`, role: 'user', text },
})

/** An agent whose computer answers as `answer` says, and what was called and queued. */
function scene(answer: (method: string, params: object) => unknown = () => ({})) {
  const calls: [string, object][] = []
  const queued: object[] = []
  let queue: QueuedCommand[] = []
  let changed: (command: QueuedCommand) => void = () => {}
  let tell: (event: ControllerEvent) => void = () => {}
  const controller = {
    ...{ record: { peerName: 'desk', lastHeardAt: null }, capabilities: ['observe', 'prompt'] },
    ...{ silentFor: 0, online: true, away: false },
    listen: (listener: typeof tell) => {
      tell = listener
    },
    call: async (method: string, params: object) => {
      calls.push([method, params])
      if (method === 'agent.info' || method === 'device.list') throw new CallFailure('timeout', 'no')
      return answer(method, params)
    },
    enqueue: async (_: string, params: object) => void queued.push(params),
    queue: {
      listen: (listener: typeof changed) => {
        changed = listener
      },
      list: async () => queue,
    },
  } as unknown as Controller
  const kept = new Map<string, Uint8Array | undefined>()
  const agent = new Agent(controller, {
    ...{ known: { entries: [] }, drafts: new Drafts(), alias: '' },
    keep: async (what, content) => void kept.set(what, content),
  })
  const take = (...entries: JournalEntry[]) => {
    for (const entry of entries) tell({ type: 'entry', entry, arrival: 'live' })
  }
  const becomes = async (command: QueuedCommand) => {
    queue = [command]
    changed(command)
    await new Promise(setImmediate)
  }
  return { agent, calls, queued, kept, take, becomes, tell: (event: ControllerEvent) => tell(event) }
}

const textsOf = (agent: Agent): string[] =>
  agent.shown.value.map(({ item: { value } }) => (value.kind === 'prompt' ? value.text : value.kind))

const state = (conversationId: string, what: 'idle' | 'running' = 'idle'): ControllerEvent => ({
  ...{ type: 'event', method: 'claude.state', live: true, journaled: true },
  params: { state: what, conversationId },
})

test('only what belongs to the open conversation is shown, and a gap in any', () => {
  const { agent, take, tell } = scene()
  const left: JournalEntry = {
    ...{ epoch: 'e', seq: 0, at: 0 },
    kind: 'device.revoked',
    body: { deviceId: 'a'.repeat(26) },
  }
  take(left, message(1, a), message(2, b))
  tell({ type: 'missed', missed: { why: 'restarted' } })
  take({ epoch: 'e', seq: 3, at: 3, kind: 'device.revoked', body: { deviceId: 'a'.repeat(26) } })
  // Before the computer has said which one is open it is that of the newest entry.
  assert.deepEqual(textsOf(agent), ['2', 'missed', 'event'])
  tell({ type: 'status', status: { ...idle, pending: [] } })
  // What happened before the first one that is known belongs to it.
  assert.deepEqual(textsOf(agent), ['event', '1', 'missed'])
  tell(state(b))
  assert.deepEqual(textsOf(agent), ['2', 'missed', 'event'])
})

test('a prompt names the conversation that the person sees', async () => {
  const { agent, queued, tell } = scene()
  await agent.prompt('First of all')
  tell({ type: 'status', status: { ...idle, pending: [] } })
  await agent.prompt('Second')
  assert.deepEqual(queued, [{ prompt: 'First of all' }, { prompt: 'Second', conversationId: a }])
})

test('another conversation is opened when what ran has ended, and not before', async () => {
  const { agent, calls, tell } = scene((method) =>
    method === 'claude.listConversations'
      ? { conversations: [], more: false }
      : method === 'claude.getStatus'
        ? idle
        : { success: true },
  )
  const opened = () => calls.some(([method]) => method === 'claude.openConversation')
  tell({ type: 'status', status: { ...idle, state: 'running', queued: 1, pending: [] } })
  assert.equal(agent.isOccupied.value, true)
  const opening = agent.openConversation({ id: b }, true)
  await new Promise(setImmediate)
  assert.deepEqual(
    calls.filter(([method]) => method === 'claude.cancel'),
    [['claude.cancel', { scope: 'turn-and-queue' }]],
  )
  tell(state(a))
  await new Promise(setImmediate)
  // The prompt that waited is not told as dropped yet.
  assert.equal(opened(), false)
  tell({
    ...{ type: 'event', method: 'claude.messageState', live: true, journaled: true },
    params: { messageId: a, state: 'cancelled' },
  })
  await opening
  assert.equal(opened(), true)
})

test('what was before is read until some of the open conversation has come', async () => {
  // Of 1,000 entries the oldest 100 belong to the conversation that was opened again.
  const all = Array.from({ length: 1_000 }, (_, i) => message(i + 1, i < 100 ? a : b))
  const { agent, calls, take, tell } = scene((method, params) => {
    if (method !== 'journal.subscribe') return { conversations: [], more: false }
    const before = (params as { beforeSeq: number }).beforeSeq
    return { epoch: 'e', lastSeq: 1_000, entries: all.slice(Math.max(0, before - 201), before - 1) }
  })
  take(...all.slice(800))
  tell({ type: 'status', status: { ...idle, pending: [] } })
  assert.deepEqual(textsOf(agent), [])
  assert.equal(agent.hasEarlier.value, true)
  await agent.readEarlier()
  assert.equal(textsOf(agent).length, 100)
  assert.equal(agent.hasEarlier.value, false)
  assert.equal(calls.filter(([method]) => method === 'journal.subscribe').length, 4)
})

test('nothing is read from before the conversation began', async () => {
  const { agent, take, tell } = scene(() => ({
    ...{ more: false },
    conversations: [{ conversationId: a, title: 'A', createdAt: 500, lastUsedAt: 501, open: true }],
  }))
  take(message(499, b), message(501, a))
  tell({ type: 'status', status: { ...idle, pending: [] } })
  await new Promise(setImmediate)
  assert.equal(agent.conversation.oldest.value, 499)
  assert.equal(agent.hasEarlier.value, false)
})

test('a prompt that came back from the computer is shown once, whatever the computer calls it', async () => {
  const { agent, take, becomes } = scene()
  const { body } = message(1, a) as { body: { messageId: string } }
  const command: QueuedCommand = {
    ...{ id: b, method: 'claude.sendMessage', params: { prompt: '1' }, rank: 1, givenAt: 1, code: null },
    ...{ state: 'processing', endedAt: null, epoch: 'e' },
  }
  await becomes(command)
  assert.equal(agent.outbox.value.length, 1)
  await becomes({ ...command, state: 'completed', endedAt: 2, result: { messageId: body.messageId, state: 'started' } })
  assert.equal(agent.outbox.value.length, 1)
  take(message(1, a))
  assert.equal(agent.outbox.value.length, 0)
})

test('what is kept of a draft is gone as soon as it is in the queue', async () => {
  const { agent, kept } = scene()
  Object.assign(agent.controller, { enqueue: async () => ({}) })
  agent.drafts.prompt.value = 'one'
  await agent.save()
  assert.equal(Drafts.read(kept.get('draft')).prompt.value, 'one')
  await agent.giveDraft()
  assert.deepEqual([kept.has('draft'), kept.get('draft')], [true, undefined])
})

test('what is written while a prompt is put into the queue is the next one, and a prompt that is not taken comes back', async () => {
  const { agent } = scene()
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const given: unknown[] = []
  const taken = [first.promise, second.promise]
  Object.assign(agent.controller, {
    enqueue: (_: string, { prompt }: { prompt: string }) => taken[given.push(prompt) - 1],
  })
  agent.drafts.prompt.value = 'one'
  const one = agent.giveDraft()
  assert.equal(agent.drafts.prompt.value, '')
  agent.drafts.prompt.value = 'two'
  first.resolve()
  await one
  assert.deepEqual([given, agent.drafts.prompt.value], [['one'], 'two'])
  const two = agent.giveDraft()
  agent.drafts.prompt.value = 'three'
  second.reject(new Error('full'))
  await assert.rejects(two, /full/)
  assert.equal(agent.drafts.prompt.value, 'two\nthree')
})
