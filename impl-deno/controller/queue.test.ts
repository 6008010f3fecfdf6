import assert from 'node:assert/strict'
import { ProtocolError } from '@happy-remote/schemas/errors.ts'
import { random } from '../crypto/primitives.ts'
import { deviceIdOfRecord, Store } from '../session/store.ts'
import { controlledScene } from '../testing/controlled.ts'
import { ManualTimers } from '../testing/manual-timers.ts'
import { MemoryBackend } from '../testing/memory-store.ts'
import { newRecord } from '../testing/records.ts'
import { CommandQueue } from './queue.ts'

const DAY = 86_400_000
const PROMPT = 'claude.sendMessage'
const accepted = { result: { messageId: '00000000-0000-4000-8000-000000000002', state: 'started' } }

async function scene() {
  const store = await Store.open(await MemoryBackend.create())
  const timers = new ManualTimers()
  const agent = random(16)
  const open = () => new CommandQueue(store, agent, timers)
  const queue = open()
  const give = async (prompt: string) => (await queue.give(PROMPT, { prompt })).id
  return { store, timers, agent, open, queue, give }
}

const texts = async (queue: CommandQueue) =>
  (await queue.list()).map(({ params }) => (params as { prompt: string }).prompt)
const states = async (queue: CommandQueue) => (await queue.list()).map(({ state }) => state)
const refused = (code: string) => (error: unknown) => error instanceof ProtocolError && error.code === code

Deno.test('a queue that is opened again is the same, and another agent has its own', async () => {
  const { store, timers, open, queue, give } = await scene()
  const a = await give('a')
  await give('b')
  await new CommandQueue(store, random(16), timers).give(PROMPT, { prompt: 'elsewhere' })
  await queue.begin(a, 'epoch 1')
  assert.deepEqual(await open().list(), await queue.list())
  assert.deepEqual(await states(open()), ['processing', 'pending'])
})

Deno.test('a queue that another one has used takes what the store has now', async () => {
  const { queue, give, open } = await scene()
  const other = open()
  const [a] = [await give('a'), await give('b')]
  await queue.begin(a, 'epoch 1')
  await queue.finish(a, 'completed')
  await other.readAgain()
  assert.deepEqual(await other.list(), await queue.list())
  assert.deepEqual([await texts(other), (await other.next())?.state], [['a', 'b'], 'pending'])
})

Deno.test('what is pending can be edited, moved and cancelled, and what may have been sent can not', async () => {
  const { queue, give, open } = await scene()
  const [a, b, c] = [await give('a'), await give('b'), await give('c')]
  await queue.edit(b, { prompt: 'better' })
  await queue.move(c, 1)
  await queue.move(a, 99)
  assert.deepEqual(await texts(open()), ['c', 'better', 'a'])
  for (let i = 0; i < 150; i++) await queue.move(i % 2 ? b : a, 2)
  assert.deepEqual(await texts(open()), ['c', 'better', 'a'])
  await queue.begin(c, 'epoch 1')
  await assert.rejects(queue.edit(c, { prompt: 'late' }), refused('conflict'))
  await assert.rejects(queue.move(c, 2), refused('conflict'))
  await assert.rejects(queue.giveAgain(c), refused('conflict'))
  await assert.rejects(queue.edit('no such id', { prompt: 'x' }), refused('not-found'))
  assert.equal((await queue.cancel(c)).state, 'uncertain')
  assert.equal((await queue.cancel(b)).state, 'cancelled')
  await assert.rejects(queue.cancel(b), refused('conflict'))
  assert.notEqual((await queue.giveAgain(b)).id, b)
})

Deno.test('what does not fit or cannot wait is refused, and nothing is kept of it', async () => {
  const { queue, open } = await scene()
  await assert.rejects(queue.give(PROMPT, {}), refused('invalid-params'))
  await assert.rejects(queue.give('claude.cancel', { scope: 'turn' }), refused('invalid-params'))
  await assert.rejects(queue.give('agent.info', {}), refused('invalid-params'))
  await assert.rejects(queue.give('toString', {}), refused('invalid-params'))
  await assert.rejects(queue.give(PROMPT, { prompt: 'x'.repeat(1_048_576) }), refused('too-large'))
  assert.deepEqual(await open().list(), [])
})

Deno.test('after a day a command is sent no more, and a day after its end it is forgotten', async () => {
  const { queue, give, open, timers } = await scene()
  const a = await give('a')
  await give('b')
  await queue.begin(a, 'epoch 1')
  timers.advance(0, DAY)
  assert.deepEqual([await states(queue), queue.isWaiting(a)], [['processing', 'pending'], true])
  timers.advance(0, 1)
  assert.equal(queue.isWaiting(a), false)
  assert.equal(await queue.next(), undefined)
  assert.deepEqual(await states(open()), ['uncertain', 'expired'])
  timers.advance(0, DAY + 1)
  assert.deepEqual(await open().list(), [])
})

Deno.test('a clock that is set back by a day loses nothing, and nothing lives for ever', async () => {
  const { queue, give, open, timers } = await scene()
  const a = await give('a')
  timers.advance(0, -DAY)
  assert.equal((await open().next())?.id, a)
  assert.equal((await queue.next())?.id, a)
  timers.advance(0, DAY + 1)
  assert.deepEqual(await states(queue), ['expired'])
})

Deno.test('10,000 commands fit; one more is refused until something has ended', async () => {
  const { agent, timers } = await scene()
  // The seal of each is another matter.
  const bare = { queuedFor: () => [], saveQueued: async () => {}, deleteQueued: async () => {} }
  const queue = new CommandQueue(bare, agent, timers)
  const first = await queue.give(PROMPT, { prompt: 'first' })
  for (let i = 1; i < 10_000; i++) await queue.give(PROMPT, { prompt: `${i}` })
  await assert.rejects(queue.give(PROMPT, { prompt: 'one more' }), refused('busy'))
  await queue.cancel(first.id)
  await queue.give(PROMPT, { prompt: 'one more' })
  assert.equal((await queue.list()).length, 10_000)
})

Deno.test('what is given twice under one id is there once, as it was given first, also when it has ended', async () => {
  const { queue, open } = await scene()
  const id = crypto.randomUUID()
  const first = await queue.give(PROMPT, { prompt: 'a' }, id)
  assert.equal(first.id, id)
  assert.deepEqual(await open().give(PROMPT, { prompt: 'b' }, id), first)
  await queue.cancel(id)
  assert.equal((await queue.give(PROMPT, { prompt: 'a' }, id)).state, 'cancelled')
  assert.deepEqual(await texts(open()), ['a'])
})

Deno.test('what the store cannot keep has not happened', async () => {
  const { agent, timers } = await scene()
  let isFull = false
  const failing = {
    queuedFor: () => [],
    saveQueued: async () => {
      if (isFull) throw new DOMException('full', 'QuotaExceededError')
    },
    deleteQueued: async () => {},
  }
  const queue = new CommandQueue(failing, agent, timers)
  const { id } = await queue.give(PROMPT, { prompt: 'a' })
  isFull = true
  await assert.rejects(queue.give(PROMPT, { prompt: 'b' }), DOMException)
  await assert.rejects(queue.edit(id, { prompt: 'c' }), DOMException)
  await assert.rejects(queue.begin(id, 'epoch 1'), DOMException)
  isFull = false
  assert.deepEqual([await texts(queue), await states(queue)], [['a'], ['pending']])
})

Deno.test('what is queued for an agent goes with the last pairing with it', async () => {
  const { store, timers } = await scene()
  const record = await newRecord(store)
  await store.savePairing(record)
  const agent = deviceIdOfRecord(record)
  await new CommandQueue(store, agent, timers).give(PROMPT, { prompt: 'a' })
  await store.deletePairing(record.pairingId)
  assert.deepEqual(store.queuedFor(agent), [])
})

Deno.test('a controller sends what is queued in order, each when the one before it is answered', async () => {
  let silent = true
  const scene = await controlledScene(({ method }) => (method === PROMPT && !silent ? accepted : null))
  const { controller } = scene
  for (const prompt of ['one', 'two', 'three']) await controller.enqueue(PROMPT, { prompt })
  await scene.moving(() => scene.of(PROMPT).length === 1, 'the first came')
  await scene.reconnect()
  await scene.moving(() => scene.of(PROMPT).length === 2, 'the first came again')
  silent = false
  await scene.moving(() => scene.of(PROMPT).some(({ params }) => Object(params).prompt === 'three'), 'all came', 1_000)
  const ids = new Map(scene.of(PROMPT).map(({ id, params }) => [Object(params).prompt, id]))
  assert.deepEqual([...ids.keys()], ['one', 'two', 'three'])
  assert.equal(new Set(scene.of(PROMPT).map(({ id }) => id)).size, 3)
  let last = ''
  const look = async () => {
    last = (await states(controller.queue)).join()
  }
  await scene.moving(() => {
    void look()
    return last === 'completed,completed,completed'
  }, 'all are completed')
  // What the agent calls the prompt is known from its answer alone.
  assert.deepEqual((await controller.queue.list())[0]?.result, accepted.result)
  scene.close()
})

Deno.test('what was sent under another epoch is uncertain, and the next one goes', async () => {
  let silent = true
  const scene = await controlledScene(({ method }) => (method === PROMPT && !silent ? accepted : null))
  const { controller } = scene
  await controller.enqueue(PROMPT, { prompt: 'one' })
  await controller.enqueue(PROMPT, { prompt: 'two' })
  await scene.moving(() => scene.of(PROMPT).length === 1, 'the first came')
  silent = false
  scene.restartAgent('another epoch')
  await scene.moving(
    () => scene.of(PROMPT).some(({ params }) => Object(params).prompt === 'two'),
    'the second came',
    500,
  )
  assert.equal(scene.of(PROMPT).filter(({ params }) => Object(params).prompt === 'one').length, 1)
  assert.equal((await states(controller.queue))[0], 'uncertain')
  scene.close()
})
