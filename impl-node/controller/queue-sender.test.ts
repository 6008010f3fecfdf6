import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type ErrorCode, ProtocolError } from '@happy-remote/schemas/errors.ts'
import type { QueuedRecord } from '../session/store.ts'
import type { CallOptions } from './calls.ts'
import { CommandQueue } from './queue.ts'
import { QueueSender } from './queue-sender.ts'

const DAY = 86_400_000

/** An agent whose answers the test gives. */
function scene() {
  let now = Date.UTC(2026, 0, 1)
  const store = {
    isBroken: false,
    loadQueued: () => [],
    saveQueued: (_: QueuedRecord) => {
      if (store.isBroken) throw new Error('broken')
    },
    removeQueued: () => {},
  }
  const queue = new CommandQueue(store, 'agent', () => now)
  const sent: { text: string; options: CallOptions; settle: PromiseWithResolvers<never> }[] = []
  const failures: unknown[] = []
  const agent = { ready: true, epoch: 'epoch 1' as string | null }
  const sender = new QueueSender(queue, {
    calls: {
      get epoch() {
        return agent.epoch
      },
      call: (_method, params, options = {}) => {
        const settle = Promise.withResolvers<never>()
        options.signal?.addEventListener('abort', () => settle.reject(new ProtocolError('interrupted')))
        sent.push({ text: (params as unknown as { prompt: string }).prompt, options: options as CallOptions, settle })
        return settle.promise
      },
    },
    isReady: () => agent.ready,
    onFailure: (error) => failures.push(error),
  })
  const give = (prompt: string) => queue.give('claude.sendMessage', { prompt }).id
  const answer = async (error?: ErrorCode) => {
    const { settle } = sent.at(-1) as (typeof sent)[number]
    if (error) settle.reject(new ProtocolError(error))
    else settle.resolve({} as never)
    await turn()
  }
  const states = () => queue.commands.map(({ state, code }) => (code ? `${state} ${code}` : state))
  const pass = (ms: number) => {
    now += ms
  }
  return {
    store,
    queue,
    sender,
    sent,
    failures,
    agent,
    give,
    answer,
    states,
    pass,
    texts: () => sent.map((s) => s.text),
  }
}

test('commands go one at a time, whatever the answers are', async () => {
  const { sender, give, answer, states, texts } = scene()
  for (const text of ['a', 'b', 'c', 'd']) give(text)
  sender.wake()
  sender.wake()
  assert.deepEqual([texts(), states()], [['a'], ['processing', 'pending', 'pending', 'pending']])
  await answer()
  await answer('assistant-unavailable')
  await answer('uncertain')
  assert.deepEqual(texts(), ['a', 'b', 'c', 'd'])
  await answer()
  assert.deepEqual(states(), ['completed', 'failed assistant-unavailable', 'uncertain', 'completed'])
})

test('nothing goes while the agent is away or has not told its epoch', () => {
  const { sender, give, agent, sent } = scene()
  give('a')
  agent.ready = false
  sender.wake()
  agent.ready = true
  agent.epoch = null
  sender.wake()
  assert.deepEqual(sent, [])
})

test('what an earlier program may have sent goes again under the same epoch, and is uncertain under another', async () => {
  const { queue, sender, give, answer, states, texts, agent } = scene()
  const [a] = [give('a'), give('b')]
  queue.begin(a, 'epoch 1')
  sender.wake()
  await answer()
  assert.deepEqual(texts(), ['a', 'b'])
  queue.finish(queue.next?.id ?? '', 'completed')
  await turn()
  const c = give('c')
  queue.begin(c, 'epoch 1')
  agent.epoch = 'epoch 2'
  sender.wake()
  await turn()
  assert.deepEqual(
    [texts(), states()],
    [
      ['a', 'b'],
      ['completed', 'completed', 'uncertain'],
    ],
  )
})

test('a command whose time is over is given up, and so is one that the person gives up', async () => {
  const { queue, sender, give, sent, states, pass } = scene()
  const [a] = [give('a'), give('b')]
  sender.wake()
  assert.equal(sent[0]?.options.isOver?.(), false)
  queue.cancel(a)
  await turn()
  assert.deepEqual(states(), ['uncertain', 'processing'])
  pass(DAY + 1)
  assert.equal(sent[1]?.options.isOver?.(), true)
  await turn()
  // The first one has ended a day ago, and is forgotten.
  assert.deepEqual(states(), ['uncertain'])
})

test('a closed sender leaves what is under way to the next program', async () => {
  const { sender, give, answer, states } = scene()
  give('a')
  sender.wake()
  sender.close()
  await answer('interrupted')
  assert.deepEqual(states(), ['processing'])
  sender.wake()
  assert.deepEqual(states(), ['processing'])
})

test('what cannot be written is not sent, is told, and goes when it can be written', async () => {
  const { store, sender, give, sent, failures, texts } = scene()
  give('a')
  store.isBroken = true
  sender.wake()
  await turn()
  assert.deepEqual([sent, failures.length], [[], 1])
  store.isBroken = false
  sender.wake()
  assert.deepEqual(texts(), ['a'])
})
