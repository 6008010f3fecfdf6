import assert from 'node:assert/strict'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Request } from '@happy-remote/schemas/rpc/envelope.ts'
import { toBase64url } from '../crypto/base64url.ts'
import { utf8 } from '../crypto/bytes.ts'
import { controlledScene } from '../testing/controlled.ts'
import { until } from '../testing/manual-timers.ts'
import { CallFailure } from './failure.ts'
import { permissionAnswer } from './permission.ts'

const cancel = { scope: 'turn' } as const
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no failure',
    (error) => (error instanceof CallFailure ? error.code : String(error)),
  )

Deno.test('a controller catches up after a pairing, and again after each interruption', async () => {
  const scene = await controlledScene(() => null)
  assert.deepEqual([scene.of('claude.getStatus').length, scene.of('terminal.list').length], [1, 1])
  await scene.reconnect()
  await scene.moving(
    () => scene.of('terminal.list').length === 2 && scene.of('claude.getStatus').length === 2,
    'it caught up',
  )
  assert.deepEqual(scene.told('status')[0]?.status.state, 'idle')
  scene.close()
})

Deno.test('a request that is answered stale is sent again at once, under its id, with the new challenge', async () => {
  const challenge = toBase64url(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  const scene = await controlledScene(({ method }, count) => {
    if (method !== 'claude.cancel') return null
    return count === 1 ? { error: { code: 'stale', message: '', data: { challenge } } } : { result: { success: true } }
  })
  assert.deepEqual(await scene.settled(scene.controller.call('claude.cancel', cancel)), { success: true })
  const [first, second] = scene.of('claude.cancel')
  assert.equal(first?.id, second?.id)
  scene.close()
})

Deno.test('a request that is answered stale time and again waits a little, so that many at once come to an end', async () => {
  const challenge = toBase64url(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  const scene = await controlledScene(({ method }, count) => {
    if (method === 'git.status') return { error: { code: 'not-found', message: '' } }
    if (method !== 'claude.cancel') return null
    return count <= 4 ? { error: { code: 'stale', message: '', data: { challenge } } } : { result: { success: true } }
  })
  const call = scene.controller.call('claude.cancel', cancel)
  // No time passes, so whatever waits for a timer waits for ever.
  await until(() => scene.of('claude.cancel').length === 3, 'it is sent again twice at once')
  // The first is answered behind the third answer, the second arrives behind what this might have led to.
  for (let i = 0; i < 2; i++) assert.equal(await failure(scene.controller.call('git.status', {})), 'not-found')
  assert.equal(scene.of('claude.cancel').length, 3)
  assert.deepEqual(await scene.settled(call), { success: true })
  assert.equal(new Set(scene.of('claude.cancel').map(({ id }) => id)).size, 1)
  scene.close()
})

Deno.test('a call waits for no company, however soon it follows another', async () => {
  const scene = await controlledScene(({ method }) =>
    method === 'claude.cancel' ? { result: { success: true } } : null,
  )
  for (const count of [1, 2, 3]) {
    const call = scene.controller.call('claude.cancel', cancel)
    // No time passes, so whatever waits for a timer waits for ever.
    await until(() => scene.of('claude.cancel').length === count, 'it has arrived')
    assert.deepEqual(await call, { success: true })
  }
  scene.close()
})

Deno.test('a read without an answer is given up after 30 s, and a command never', async () => {
  const scene = await controlledScene(() => null)
  const read = failure(scene.controller.call('agent.info', {}))
  const abort = new AbortController()
  const command = failure(scene.controller.call('claude.cancel', cancel, abort.signal))
  await scene.moving(
    () => scene.of('agent.info').length === 1 && scene.of('claude.cancel').length === 1,
    'both arrived',
  )
  let outcome = ''
  void read.then((code) => {
    outcome = code
  })
  // In steps, so that the relay's answers to ping are heard in between.
  await scene.moving(() => outcome !== '', 'the read is given up', 1_000)
  assert.equal(outcome, 'timeout')
  let over = false
  void command.then(() => {
    over = true
  })
  await scene.moving(() => scene.of('claude.cancel').length > 6, 'the command is repeated', 1_000)
  assert.equal(new Set(scene.of('claude.cancel').map(({ id }) => id)).size, 1)
  assert.equal(over, false)
  abort.abort()
  assert.equal(await command, 'rejected')
  scene.close()
})

Deno.test('a command goes on after a lost connection and after a rekey, under its id', async () => {
  let silent = true
  const scene = await controlledScene(({ method }) =>
    method === 'claude.cancel' && !silent ? { result: { success: true } } : null,
  )
  const command = scene.controller.call('claude.cancel', cancel)
  await scene.moving(() => scene.of('claude.cancel').length === 1, 'it arrived')
  await scene.reconnect()
  await scene.moving(() => scene.of('claude.cancel').length === 2, 'it was repeated after the reconnection')
  silent = false
  const { session } = scene.agent().link
  scene.controller.connection.link.rekey()
  await scene.moving(() => scene.agent().link.session !== session, 'another session is current')
  assert.deepEqual(await scene.settled(command), { success: true })
  assert.equal(new Set(scene.of('claude.cancel').map(({ id }) => id)).size, 1)
  scene.close()
})

Deno.test('a command goes on as soon as an agent that had fallen silent is heard, without another hello', async () => {
  let silent = true
  const scene = await controlledScene(({ method }) =>
    method === 'claude.cancel' && !silent ? { result: { success: true } } : null,
  )
  const pass = scene.relay.pass
  scene.relay.pass = () => []
  const command = scene.controller.call('claude.cancel', cancel)
  await scene.moving(() => scene.controller.away, 'the agent counts as away', 500)
  scene.relay.pass = pass
  silent = false
  let answer: unknown
  void command.then((result) => {
    answer = result
  })
  // Which an agent may send that takes the controller for away, too.
  void scene.agent().link.control({ type: 'ack' })
  // While time stands still but for that of a batch, so that no hello is due.
  await until(() => !scene.controller.away, 'the agent is heard')
  scene.timers.advance(limits.batchDelay)
  await until(() => answer !== undefined, 'the command is answered')
  assert.deepEqual(answer, { success: true })
  scene.close()
})

// rpc.show.online
Deno.test('the word of the relay alone shows no agent as back that was not heard for 60 s', async () => {
  const scene = await controlledScene(() => null)
  const { link } = scene.controller.connection
  assert.equal(scene.controller.online, true)
  const pass = scene.relay.pass
  scene.relay.pass = () => []
  await scene.moving(() => scene.controller.silentFor > limits.presenceFresh, '60 s have passed', 1_000)
  const shown = scene.told('presence').length
  assert.deepEqual(scene.told('presence').at(-1)?.away, true)
  link.presence(false)
  link.presence(true)
  assert.equal(scene.controller.online, false)
  assert.equal(scene.told('presence').length, shown)
  scene.relay.pass = pass
  void scene.agent().link.control({ type: 'ack' })
  await scene.moving(() => scene.controller.online, 'it is heard again')
  assert.deepEqual(scene.told('presence').at(-1)?.away, false)
  scene.close()
})

Deno.test('a command that was sent under another commandEpoch is uncertain and not repeated; a read is repeated', async () => {
  const scene = await controlledScene(() => null)
  const command = failure(scene.controller.call('claude.cancel', cancel))
  const read = scene.controller.call('agent.info', {})
  await scene.moving(
    () => scene.of('claude.cancel').length === 1 && scene.of('agent.info').length === 1,
    'both arrived',
  )
  scene.agent().close()
  scene.restartAgent('second')
  await scene.moving(() => scene.of('agent.info').length > 1, 'the read is repeated')
  assert.equal(await command, 'uncertain')
  assert.equal(scene.of('claude.cancel').length, 1)
  scene.close()
  await failure(read)
})

Deno.test('an error of the agent is a failure with its code and data, also one that is not known', async () => {
  const scene = await controlledScene(({ method }) =>
    method === 'claude.cancel' ? { error: { code: 'from-the-future', message: 'no', data: { at: 3 } } } : null,
  )
  await assert.rejects(scene.settled(scene.controller.call('claude.cancel', cancel)), {
    code: 'from-the-future',
    data: { at: 3 },
  })
  scene.close()
})

Deno.test('events are told under their names, known or not, and say whether they are live', async () => {
  const scene = await controlledScene(() => null)
  const id = crypto.randomUUID()
  const say = (method: string, params: object) =>
    scene.settled(scene.agent().rpc.send({ id, type: 'event', method, params }))
  await say('claude.state', { state: 'running', conversationId: null })
  await say('weather.changed', { to: 'rain' })
  await say('claude.state', { state: 'no such state', conversationId: null })
  await scene.moving(() => scene.told('event').length === 2 && scene.told('trouble').length > 0, 'they were told')
  assert.deepEqual(
    scene.told('event').map(({ method, live }) => [method, live]),
    [
      ['claude.state', true],
      ['weather.changed', true],
    ],
  )
  scene.close()
})

Deno.test('a result of another shape is a failure and no value, and the session goes on', async () => {
  const wrong = [null, 'text', [], { success: 'yes' }, {}]
  const scene = await controlledScene(({ method }) => {
    if (method !== 'claude.cancel') return null
    return { result: wrong.length > 0 ? wrong.shift() : { success: true } }
  })
  while (wrong.length > 0) {
    assert.equal(await failure(scene.settled(scene.controller.call('claude.cancel', cancel))), 'internal')
  }
  assert.deepEqual(await scene.settled(scene.controller.call('claude.cancel', cancel)), { success: true })
  scene.close()
})

Deno.test('a request that nobody needs to take is too-large at once, and nothing of it is sent', async () => {
  const scene = await controlledScene(({ method }) =>
    method === 'claude.sendMessage' ? { result: { messageId: crypto.randomUUID(), state: 'started' } } : null,
  )
  const give = (size: number) =>
    scene.controller.call('claude.sendMessage', { prompt: 'x'.repeat(size - '{"prompt":""}'.length) })
  assert.equal(await failure(give(1_048_577)), 'too-large')
  await scene.settled(give(1_048_576))
  assert.equal(scene.of('claude.sendMessage').length, 1)
  scene.close()
})

Deno.test('a request of the agent is answered with unknown-method', async () => {
  const scene = await controlledScene(() => null)
  const answers: unknown[] = []
  const before = scene.agentSide.messages.push
  scene.agentSide.messages.push = (...entries) => {
    for (const { message } of entries) if (message.type === 'response') answers.push(message)
    return before(...entries)
  }
  await scene.settled(
    scene.agent().rpc.send({ id: crypto.randomUUID(), type: 'request', method: 'agent.info', params: {} }),
  )
  await scene.moving(() => answers.length === 1, 'it was answered')
  assert.equal((answers[0] as { error: { code: string } }).error.code, 'unknown-method')
  scene.close()
})

Deno.test('a controller that hears pairing.revoked erases the record, and its calls fail', async () => {
  const scene = await controlledScene(() => null)
  const command = failure(scene.controller.call('claude.cancel', cancel))
  await scene.moving(() => scene.of('claude.cancel').length === 1, 'it arrived')
  await scene.agent().sayRevoked()
  await scene.moving(() => scene.told('revoked').length === 1, 'it was told')
  assert.deepEqual([scene.store.pairings, await command], [[], 'revoked'])
  scene.close()
})

Deno.test('revoke() ends the pairing at the agent and here', async () => {
  const scene = await controlledScene(({ method }) =>
    method === 'session.revoke' ? { result: { success: true } } : null,
  )
  await scene.settled(scene.controller.revoke())
  const [asked] = scene.of('session.revoke') as [Request & { params: { deviceId: string } }]
  assert.match(asked.params.deviceId, /^[a-z2-7]{26}$/)
  assert.deepEqual(scene.store.pairings, [])
  scene.close()
})

Deno.test('permissionAnswer() hashes the text that was shown, whatever the request says', () => {
  const request = { requestId: '6f1c9a52-0d3e-4b7a-9c55-2f8e4d1b7a90' }
  const [one, other] = ['{"tool":"a"}', '{"tool":"b"}'].map((text) => permissionAnswer(request, text, 'allow'))
  assert.notEqual(one?.inputHash, other?.inputHash)
  assert.match(one?.inputHash as string, /^[A-Za-z0-9_-]{43}$/)
})

Deno.test('a prompt of more than 64 KiB arrives whole, also when a rekey comes between', async () => {
  let calls = 0
  const scene = await controlledScene(({ method }) => {
    if (method !== 'claude.sendMessage') return null
    calls++
    return { result: { messageId: crypto.randomUUID(), state: 'started' } }
  })
  const prompt = 'long '.repeat(40_000)
  scene.controller.connection.link.rekey()
  await scene.settled(scene.controller.call('claude.sendMessage', { prompt }))
  assert.ok(calls >= 1 && limits.messageMax < utf8(prompt).length)
  assert.deepEqual(scene.of('claude.sendMessage')[0]?.params, { prompt })
  scene.close()
})

Deno.test('a request with a body that is answered interrupted is sent again, another one is not', async () => {
  const scene = await controlledScene(({ method }, count) => {
    if (method !== 'claude.sendMessage') return null
    if (count === 1) return { error: { code: 'interrupted', message: '' } }
    return { result: { messageId: crypto.randomUUID(), state: 'started' } }
  })
  const send = (prompt: string) => scene.settled(scene.controller.call('claude.sendMessage', { prompt }))
  await send('x'.repeat(limits.messageMax))
  const [first, second] = scene.of('claude.sendMessage')
  assert.deepEqual(first, second)
  assert.equal(await failure(send('short')), 'interrupted')
  assert.equal(scene.of('claude.sendMessage').length, 3)
  scene.close()
})
