import assert from 'node:assert/strict'
import { RATCHET_TYPES } from '@happy-remote/schemas/session.ts'
import { utf8 } from '../crypto/bytes.ts'
import { until } from '../testing/manual-timers.ts'
import { pairingScene } from '../testing/pairing.ts'

const id = (n: number) => `6f1c9a52-0d3e-4b7a-9c55-${String(n).padStart(12, '0')}`

async function pairedScene() {
  const scene = await pairingScene()
  await scene.pair()
  const [agent, controller] = [scene.agent.connection, scene.controller.connection]
  assert.ok(agent && controller)
  return { ...scene, ends: { agent, controller } }
}

Deno.test('a message of more than 64 KiB goes as a body, in both directions', async () => {
  const { agent, controller, ends, close } = await pairedScene()
  const params = { prompt: 'é'.repeat(100_000) }
  void ends.controller.rpc.send({ id: id(1), type: 'request', method: 'claude.sendMessage', params })
  await until(() => agent.messages.length === 1, 'the agent has the request')
  const [heard] = agent.messages
  assert.deepEqual(heard?.message, { id: id(1), type: 'request', method: 'claude.sendMessage', params })
  assert.equal(heard?.received.frame?.contentType, 'rpc')
  const result = { list: Array.from({ length: 20_000 }, (_, i) => i) }
  void ends.agent.rpc.send({ id: id(1), type: 'response', result })
  await until(() => controller.messages.length === 1, 'the controller has the response')
  assert.deepEqual(controller.messages[0]?.message, { id: id(1), type: 'response', result })
  close()
})

Deno.test('each body has a stream of its own, and a chunk of another stream is the owner`s', async () => {
  const { agent, controller, ends, close } = await pairedScene()
  const params = { prompt: 'x'.repeat(70_000) }
  for (const n of [1, 2])
    void ends.controller.rpc.send({ id: id(n), type: 'request', method: 'claude.sendMessage', params })
  await until(() => agent.messages.length === 2, 'the agent has both')
  const session = ends.agent.link.session
  assert.ok(session)
  const stream = session.newStream()
  await ends.agent.rpc.sendChunk(session, stream, 7, utf8('output'))
  await until(() => controller.chunks.length === 1, 'the controller has the chunk')
  assert.deepEqual(controller.chunks[0], { streamId: 1, offset: 7, bytes: utf8('output') })
  close()
})

Deno.test('what cannot be read is answered with a control error, which nobody answers', async () => {
  const { agent, controller, ends, close } = await pairedScene()
  await ends.controller.link.send('rpc', utf8('{'))
  await ends.controller.link.send('batch', utf8('{"type":"batch","messages":[]}'))
  await until(() => controller.log.filter((line) => line.startsWith('complaint')).length === 2, 'both were answered')
  assert.deepEqual(controller.log.slice(-2), ['complaint parse-error', 'complaint invalid-request'])
  assert.deepEqual([agent.messages, agent.log.filter((line) => line.startsWith('complaint'))], [[], []])
  close()
})

Deno.test('what belongs to a session that is over is not sent in the next one', async () => {
  const { ends, close, relay } = await pairedScene()
  const session = ends.agent.link.session
  assert.ok(session)
  ends.controller.link.rekey()
  await until(() => ends.agent.link.session !== session, 'another session is current')
  await assert.rejects(ends.agent.rpc.sendChunk(session, 1, 0, utf8('x')), { code: 'interrupted' })
  assert.ok(relay.log.includes(4))
  close()
})

Deno.test('a body whose session is over is interrupted at once', async () => {
  const { agent, ends, close } = await pairedScene()
  const reference = { stream: 1, length: 100_000, sha256: 'A'.repeat(43) }
  const request = { id: id(1), type: 'request', method: 'claude.sendMessage', params: reference }
  await ends.controller.link.send('rpc', utf8(JSON.stringify(request)))
  const session = ends.agent.link.session
  ends.controller.link.rekey()
  await until(() => ends.agent.link.session !== session, 'another session is current')
  await until(() => agent.log.at(-1) === 'body interrupted', 'the body is dropped')
  assert.deepEqual(agent.messages, [])
  close()
})

/** The controller is away for the agent until there is another session. */
async function awayScene() {
  const scene = await pairedScene()
  const { agent, ends, relay } = scene
  const session = ends.agent.link.session
  // Nothing of the controller comes behind a large request, so that none of its frames is on its way any more.
  let isLast = false
  relay.pass = (payload) => {
    if (payload[1] !== RATCHET_TYPES.controllerToAgent || ends.agent.link.session !== session) return [payload]
    if (isLast) return []
    isLast = payload.length > 10_000
    return [payload]
  }
  const request = {
    id: id(3),
    type: 'request' as const,
    method: 'claude.sendMessage',
    params: { prompt: 'x'.repeat(20_000) },
  }
  void ends.controller.rpc.send(request).catch(() => {})
  await until(() => agent.messages.length === 1, 'the agent has the request')
  ends.agent.link.deliveryFailed()
  return { ...scene, session }
}

Deno.test('a message with a body that waits for its peer goes whole in the session that is current then', async () => {
  const { controller, ends, session, close } = await awayScene()
  const params = { conversationId: 'c', messageId: id(2), role: 'assistant', text: 'x'.repeat(100_000) }
  const sent = ends.agent.rpc.send({ id: id(1), type: 'event', method: 'claude.message', params })
  assert.ok(ends.agent.rpc.backlog > params.text.length)
  ends.controller.link.rekey()
  assert.notEqual(await sent, session)
  await until(() => controller.messages.length === 1, 'the controller has it')
  assert.deepEqual(controller.messages[0]?.message, { id: id(1), type: 'event', method: 'claude.message', params })
  assert.equal(ends.agent.rpc.backlog, 0)
  close()
})

const said = (n: number, text: string) => ({
  id: id(n),
  type: 'event' as const,
  method: 'claude.message',
  params: { conversationId: 'c', messageId: id(n), role: 'assistant', text },
})

Deno.test('events come in the order in which they were sent, with and without bodies, and an answer does not wait', async () => {
  const { controller, ends, close } = await pairedScene()
  const { rpc } = ends.agent
  const sent = [
    rpc.send(said(1, 'before')),
    rpc.send(said(2, 'x'.repeat(400_000))),
    rpc.send(said(3, 'x'.repeat(300_000))),
    rpc.send(said(4, 'x'.repeat(70_000))),
    rpc.send(said(5, 'Done.')),
    rpc.send(said(6, 'completed'), { urgent: true }),
    rpc.send({ id: id(7), type: 'response', result: {} }, { urgent: true }),
  ]
  await Promise.all(sent)
  await until(() => controller.messages.length === sent.length, 'the controller has all')
  const ids = controller.messages.map(({ message }) => message.id)
  assert.deepEqual(ids, [1, 7, 2, 3, 4, 5, 6].map(id))
  close()
})

Deno.test('events behind a body that waits for a peer that is away keep their order in the next session', async () => {
  const { controller, ends, session, close } = await awayScene()
  const { rpc } = ends.agent
  const sent = [
    rpc.send(said(1, 'x'.repeat(200_000))),
    rpc.send(said(2, 'x'.repeat(70_000))),
    rpc.send(said(3, 'Done.')),
  ]
  assert.ok(rpc.backlog > 270_000)
  ends.controller.link.rekey()
  for (const each of await Promise.all(sent)) assert.notEqual(each, session)
  await until(() => controller.messages.length === sent.length, 'the controller has all')
  assert.deepEqual(
    controller.messages.map(({ message }) => message.id),
    [1, 2, 3].map(id),
  )
  assert.equal(rpc.backlog, 0)
  close()
})

Deno.test('events behind a body come to their end with the connection', async () => {
  const { ends, close } = await awayScene()
  const { rpc } = ends.agent
  const sent = [
    rpc.send(said(1, 'x'.repeat(200_000))),
    rpc.send(said(2, 'x'.repeat(70_000))),
    rpc.send(said(3, 'Done.')),
  ]
  const outcomes = Promise.allSettled(sent)
  close()
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.equal(rpc.backlog, 0)
})
