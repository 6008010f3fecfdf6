import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { mock, type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { generateIdentity } from '../crypto/identity.ts'
import type { RelaySocket } from '../link/socket.ts'
import { Pair } from '../link/wire.fake.ts'
import { Controller } from './controller.ts'

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A controller on a wire whose other end is a bare link, in steps and without timers. */
function connected(t: TestContext, { fresh = false } = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  t.after(() => mock.timers.reset())
  const pair = new Pair()
  const agent = pair.start('agent', { fresh })
  const { identity, ratchet } = pair.parts('controller')
  const wire = pair.wire.socket('controller')
  const socket = { ...wire, state: { name: 'open' }, close: () => {}, cut: () => {}, retryNow: () => {} }
  const controller = new Controller({
    identity,
    record: pair.records.controller,
    name: 'phone',
    save: () => {},
    socket: socket as unknown as RelaySocket,
    ...(!fresh && { ratchet }),
    clocks: pair.time,
  })
  t.after(() => {
    controller.close()
    pair.stop()
  })
  pair.wire.run()
  return { pair, agent, controller }
}

test('whenReady says that the relay cannot be reached, and why', async (t) => {
  const pair = new Pair()
  const port = await unusedPort()
  const record = { ...pair.records.controller, state: 'stored' as const, relay: `ws://127.0.0.1:${port}` }
  const controller = new Controller({ identity: generateIdentity(), record, name: 'phone', save: () => {} })
  t.after(() => controller.close())
  await new Promise<void>((resolve) => controller.on('status', ({ relay }) => relay.name === 'waiting' && resolve()))
  await assert.rejects(controller.whenReady(1), { code: 'timeout', message: /relay cannot be reached: .*ECONNREFUSED/ })
})

test('whenReady says that the agent is not there', async (t) => {
  const { pair, controller } = connected(t)
  await controller.whenReady(1)
  pair.wire.disconnect('agent')
  pair.wire.run()
  const waiting = controller.whenReady(100)
  mock.timers.tick(100)
  await assert.rejects(waiting, { code: 'timeout', message: /agent is not connected to the relay, or does not answer/ })
})

test('whenReady ends at once with the pairing', async (t) => {
  const { pair, agent, controller } = connected(t)
  pair.wire.deliveryFailed('controller')
  const waiting = controller.whenReady(60_000)
  agent.revoke()
  pair.wire.run()
  await assert.rejects(waiting, { code: 'revoked' })
})

test('whenReady ends at once with the controller', async (t) => {
  const { controller } = connected(t)
  controller.close()
  await assert.rejects(controller.whenReady(60_000), { code: 'interrupted' })
})

// pairing.revoke.received
test('a revocation ends every call and tells it once', async (t) => {
  const { pair, agent, controller } = connected(t)
  let revoked = 0
  controller.on('revoked', () => revoked++)
  const call = controller.call('claude.cancel', { scope: 'turn' })
  agent.revoke()
  pair.wire.run()
  await assert.rejects(call, { code: 'revoked' })
  await assert.rejects(controller.whenReady(60_000), { code: 'revoked' })
  assert.equal(revoked, 1)
})

// rpc.message.controller-request
test('a request to a controller is answered with unknown-method', (t) => {
  const { pair, agent } = connected(t)
  const id = randomUUID()
  agent.send({ id, type: 'request', method: 'agent.info', params: {} }, true)
  pair.time.advance(500, pair.wire)
  const answers = pair.seen.agent.messages.flatMap(({ message }) => (message.type === 'response' ? [message] : []))
  assert.deepEqual(
    answers.map((message) => [message.id, 'error' in message && message.error.code]),
    [[id, 'unknown-method']],
  )
})

// rpc.message.unknown-event
test('unknown events are passed on, and malformed ones reach no listener of their name', (t) => {
  const { pair, agent, controller } = connected(t)
  const all: string[] = []
  const known: unknown[] = []
  controller.on('event', ({ method }) => all.push(method))
  controller.onEvent('terminal.exited', (params) => known.push(params))
  const tell = (method: string, params: object): Message => ({ id: randomUUID(), type: 'event', method, params })
  agent.send(tell('something.new', { a: 1 }), true)
  agent.send(tell('terminal.exited', { terminalId: 5 }), true)
  pair.wire.run()
  assert.deepEqual(all, ['something.new', 'terminal.exited'])
  assert.deepEqual(known, [])
})

const lastId = (pair: Pair): string => pair.seen.agent.messages.at(-1)?.message.id ?? ''
const OPEN = { cols: 80, rows: 24 }
const nothing = { onData: () => {}, onExit: () => {} }

test('chunks and an exit that came with the result of terminal.open are not missed', async (t) => {
  const { pair, agent, controller } = connected(t)
  let text = ''
  const exits: unknown[] = []
  const opening = controller.openTerminal(OPEN, {
    onData: (bytes) => {
      text += Buffer.from(bytes).toString()
    },
    onExit: (exit) => exits.push(exit),
  })
  pair.wire.run()
  const id = lastId(pair)
  const terminalId = randomUUID()
  const stream = agent.openStream({ onDrain: () => {}, onEnd: () => {} })
  agent.send({ id, type: 'response', result: { terminalId, stream: stream.streamId, offset: 0, written: 0 } }, true)
  stream.send(0, Buffer.from('all of it'))
  const params = { terminalId, exitCode: 0, signal: null, end: 9 }
  agent.send({ id: randomUUID(), type: 'event', method: 'terminal.exited', params }, true)
  // all of it in one turn, as from one packet
  pair.wire.run()
  assert.equal(text, 'all of it')
  assert.equal(exits.length, 1)
  await opening
})

// rpc.terminal.open-again
test('the result of terminal.open in a later session is followed by an attachment', async (t) => {
  const { pair, agent, controller } = connected(t)
  pair.time.advance(10_000, pair.wire)
  const opening = controller.openTerminal(OPEN, nothing)
  pair.wire.run()
  const id = lastId(pair)
  controller.rekey()
  pair.time.advance(2_000, pair.wire)
  const terminalId = randomUUID()
  agent.send({ id, type: 'response', result: { terminalId, stream: 1, offset: 0, written: 0 } }, true)
  pair.wire.run()
  const terminal = await opening
  assert.equal(terminal.stream, null)
  await nextTurn()
  pair.wire.run()
  const attach = pair.seen.agent.messages.at(-1)?.message as { method: string; params: object }
  assert.equal(attach.method, 'terminal.attach')
  assert.deepEqual(attach.params, { terminalId, afterOffset: 0 })
})

test('after a lost connection every terminal is attached again, although the session goes on', async (t) => {
  const { pair, agent, controller } = connected(t)
  const opening = controller.openTerminal(OPEN, nothing)
  pair.wire.run()
  const id = lastId(pair)
  const result = { terminalId: randomUUID(), stream: 1, offset: 0, written: 0 }
  agent.send({ id, type: 'response', result }, true)
  pair.wire.run()
  await opening
  pair.wire.disconnect('controller')
  pair.wire.run()
  pair.wire.connect('controller')
  pair.wire.run()
  const methods = pair.seen.agent.messages.map(({ message }) => (message as { method: string }).method)
  assert.equal(methods.at(-1), 'terminal.attach')
  assert.equal(pair.seen.agent.sessions, 0)
})

test('handlers may be an object with methods', async (t) => {
  const { pair, agent, controller } = connected(t)
  class Handlers {
    text = ''
    onData(bytes: Uint8Array): void {
      this.text += Buffer.from(bytes).toString()
    }
    onExit(): void {}
  }
  const handlers = new Handlers()
  const opening = controller.openTerminal(OPEN, handlers)
  pair.wire.run()
  const id = lastId(pair)
  const stream = agent.openStream({ onDrain: () => {}, onEnd: () => {} })
  const result = { terminalId: randomUUID(), stream: stream.streamId, offset: 0, written: 0 }
  agent.send({ id, type: 'response', result }, true)
  stream.send(0, Buffer.from('x'))
  pair.wire.run()
  await opening
  assert.equal(handlers.text, 'x')
})

const STATUS = { state: 'idle', conversationId: null, mode: null, model: null, queued: 0, pending: [] }

// rpc.event.catch-up
test('the present state is asked for after the start of a session and after each absence of the agent', async (t) => {
  const { pair, agent, controller } = connected(t)
  const told: unknown[] = []
  controller.on('present', (present) => told.push(present))
  const all = () => pair.seen.agent.messages.map(({ message }) => (message as { method?: string }).method)
  // This device may not see terminals.
  assert.deepEqual(all(), ['journal.subscribe', 'claude.getStatus'])
  const asked = () => all().filter((method) => method === 'claude.getStatus')
  const absences = [
    () => pair.wire.deliveryFailed('controller'),
    () => {
      controller.rekey()
      pair.time.advance(12_000, pair.wire)
    },
  ]
  for (const [i, absence] of absences.entries()) {
    absence()
    pair.time.advance(5_000, pair.wire)
    assert.ok(asked().length >= i + 2)
  }
  agent.send({ id: lastId(pair), type: 'response', result: STATUS }, true)
  pair.wire.run()
  await nextTurn()
  assert.deepEqual(told, [{ status: STATUS, terminals: null }])
})

test('a controller whose pairing a rekey has confirmed asks who the agent is and what it may do', async (t) => {
  const { pair, agent, controller } = connected(t, { fresh: true })
  pair.time.advance(2_000, pair.wire)
  const { message } = pair.seen.agent.messages[0] ?? {}
  assert.equal(message && 'method' in message && message.method, 'agent.info')
  const result = {
    ...{ deviceId: 'a'.repeat(26), name: 'desk', software: 'test', protocol: 1 as const, platform: 'linux' },
    ...{ workspace: '/', capabilities: ['observe'], assistant: null, methods: [] },
  }
  agent.send({ id: lastId(pair), type: 'response', result }, true)
  pair.wire.run()
  await nextTurn()
  pair.wire.run()
  const { capabilities, peerName } = controller.record
  assert.deepEqual([capabilities, peerName], [['observe'], 'desk'])
  assert.deepEqual(
    pair.seen.agent.messages.map(({ message: { type, ...more } }) => [type, 'method' in more && more.method]),
    [
      ['request', 'agent.info'],
      ['request', 'journal.subscribe'],
      ['request', 'claude.getStatus'],
    ],
  )
})
