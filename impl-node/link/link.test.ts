import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, mock, type TestContext, test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import type { Receipt } from './incoming.ts'
import { Pair, type Passing, type Side } from './wire.fake.ts'

beforeEach((context) => {
  const t = context as TestContext
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
  t.after(() => mock.timers.reset())
})

function pairUp(t: TestContext, options?: { suite?: 1 | 2 }): Pair {
  const pair = new Pair(options)
  t.after(() => pair.stop())
  return pair
}

const request = (method = 'agent.info', params: object = {}): Message => ({
  id: randomUUID(),
  type: 'request',
  method,
  params,
})
const event = (text: string): Message => ({ id: randomUUID(), type: 'event', method: 'claude.delta', params: { text } })
const textsOf = (pair: Pair, side: Side) =>
  pair.seen[side].messages.map(({ message }) => (message as { params: { text: string } }).params.text)
const typeOf = ({ payload }: Passing) => payload[1] as number
const isRatchet = (frame: Passing) => typeOf(frame) >= 0x10
const R1 = 4
const R2 = 5
const R3 = 6
const REKEY_ASK = 7

/** A message each way arrives. */
function assertAlive(pair: Pair): void {
  const { agent, controller } = pair.links
  const [ask, tell] = [request(), event('alive')]
  controller?.send(ask, true)
  agent?.send(tell, true)
  pair.time.advance(200, pair.wire)
  assert.deepEqual(pair.seen.agent.messages.at(-1)?.message, ask)
  assert.deepEqual(pair.seen.controller.messages.at(-1)?.message, tell)
  assert.deepEqual(pick(pair.seen.agent.messages.at(-1)?.receipt), { late: false, fresh: true })
}

const pick = (receipt: Receipt | undefined) => receipt && { late: receipt.late, fresh: receipt.isFresh() }

test('pair.complete confirms the record of the controller, pair.ack gives the agent its name', (t) => {
  const pair = pairUp(t)
  pair.connect()
  assert.equal(pair.records.controller.state, 'stored')
  assert.equal(pair.records.controller.peerName, 'desk')
  assert.deepEqual(pair.records.controller.capabilities, ['observe', 'prompt'])
  assert.equal(pair.records.agent.peerName, 'phone')
  assert.equal(pair.seen.controller.ready, 1)
  assertAlive(pair)
})

test('an unconfirmed controller sends and takes nothing but control', (t) => {
  const pair = pairUp(t)
  // pair.complete and hello of the agent are lost
  pair.wire.fault = ({ from }) => (from === 'agent' ? 0 : 1)
  const { controller } = pair.connect()
  controller.send(request(), true)
  pair.time.advance(1_000, pair.wire)
  assert.equal(pair.seen.agent.messages.length, 0)
  assert.equal(pair.records.controller.state, 'unconfirmed')
  pair.wire.fault = () => 1
  // the agent repeats pair.complete every 2 s
  pair.time.advance(limits.completeRepeat, pair.wire)
  assert.equal(pair.records.controller.state, 'stored')
  assert.equal(pair.seen.agent.messages.length, 1)
})

test('events come in order, and ten small ones share an encryption', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(500, pair.wire)
  const before = pair.wire.log.length
  const texts = Array.from({ length: 40 }, (_, i) => `${i}`)
  for (const text of texts) agent.send(event(text))
  pair.time.advance(100, pair.wire)
  assert.deepEqual(textsOf(pair, 'controller'), texts)
  assert.ok(pair.wire.log.slice(before).filter((frame) => frame.from === 'agent').length <= 6)
})

test('a lone message goes out at once, and an urgent one takes along what waits', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(500, pair.wire)
  agent.send(event('lone'))
  pair.wire.run()
  assert.deepEqual(textsOf(pair, 'controller'), ['lone'])
  agent.send(event('waits'))
  pair.wire.run()
  assert.deepEqual(textsOf(pair, 'controller'), ['lone'])
  agent.send(event('urgent'), true)
  pair.wire.run()
  assert.deepEqual(textsOf(pair, 'controller'), ['lone', 'waits', 'urgent'])
})

test('a receiver acknowledges after 200 ms, and an acknowledgement calls for none in return', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  const before = pair.wire.log.length
  agent.send(event('x'), true)
  pair.time.advance(5_000, pair.wire)
  assert.deepEqual(
    pair.wire.log.slice(before).map(({ from }) => from),
    ['agent', 'controller'],
  )
})

test('nothing goes beyond the window while the peer acknowledges nothing, and all of it comes later', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(500, pair.wire)
  pair.wire.fault = ({ from }) => (from === 'controller' ? 0 : 1)
  const before = pair.wire.log.length
  for (let i = 0; i < 300; i++) agent.send(event(`${i}`), true)
  pair.wire.run()
  const sent = pair.wire.log.slice(before).filter(({ from }) => from === 'agent').length
  assert.ok(sent <= limits.window, `${sent} frames`)
  pair.wire.fault = () => 1
  // the next hello of the controller acknowledges
  pair.time.advance(limits.helloEvery + 2_000, pair.wire)
  assert.equal(pair.seen.controller.messages.length, 300)
})

test('a stream stops at its part of the window and goes on when there is room', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.wire.fault = ({ from }) => (from === 'controller' ? 0 : 1)
  let at = 0
  let stopped = false
  const proceed = () => {
    stopped = false
    while (at < 200 && !stopped) {
      if (stream.send(at, Uint8Array.of(at))) at++
      else stopped = true
    }
  }
  const stream = agent.openStream({ onDrain: proceed, onEnd: () => {} })
  proceed()
  assert.ok(stopped && at <= limits.windowStream, `${at}`)
  // an approval still gets through
  agent.send(event('approve?'), true)
  pair.wire.run()
  assert.deepEqual(textsOf(pair, 'controller'), ['approve?'])
  pair.wire.fault = () => 1
  pair.time.advance(limits.helloEvery + 2_000, pair.wire)
  assert.deepEqual(
    pair.seen.controller.chunks.map(({ offset, bytes }) => [offset, bytes[0]]),
    Array.from({ length: 200 }, (_, i) => [i, i]),
  )
})

test('a message of a mebibyte travels as a stream and arrives whole', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  const big = request('claude.sendMessage', { prompt: 'ä'.repeat(524_288) })
  controller.send(big, true)
  pair.time.advance(3_000, pair.wire)
  assert.deepEqual(pair.seen.agent.messages.at(-1)?.message, big)
})

test('a body whose chunks are lost is answered interrupted, and nothing is executed', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  let chunks = 0
  pair.wire.fault = (frame) => (frame.payload.length > 30_000 && ++chunks === 2 ? 0 : 1)
  const big = request('claude.sendMessage', { prompt: 'x'.repeat(300_000) })
  controller.send(big, true)
  pair.time.advance(limits.streamStall + 5_000, pair.wire)
  assert.equal(pair.seen.agent.messages.length, 0)
  const answer = pair.seen.controller.messages.at(-1)?.message as { id: string; error: { code: string } }
  assert.equal(answer.id, big.id)
  assert.equal(answer.error.code, 'interrupted')
})

for (const suite of [1, 2] as const) {
  for (const restarted of [['agent'], ['controller'], ['agent', 'controller']] as Side[][]) {
    test(`a restart of ${restarted.join(' and ')} is followed by a new session (suite ${suite})`, (t) => {
      const pair = pairUp(t, { suite })
      pair.connect()
      // a session of suite 1 is replaced by one of suite 2 at once; two rekeys are 10 s apart
      pair.time.advance(limits.rekeyGap, pair.wire)
      for (const side of restarted) pair.restart(side)
      pair.time.advance(3_000, pair.wire)
      assertAlive(pair)
    })
  }
}

test('a pairing of suite 1 is raised to suite 2 when both have it, and the record remembers', (t) => {
  const pair = pairUp(t, { suite: 1 })
  pair.connect()
  pair.time.advance(limits.helloEvery * 2, pair.wire)
  assert.equal(pair.records.agent.suite, 2)
  assert.equal(pair.records.controller.suite, 2)
  assertAlive(pair)
})

for (const [name, type] of [
  ['R1', R1],
  ['R2', R2],
  ['R3', R3],
] as const) {
  test(`a rekey survives the loss of the first three ${name}`, (t) => {
    const pair = pairUp(t)
    pair.connect()
    pair.time.advance(1_000, pair.wire)
    let lost = 0
    pair.wire.fault = (frame) => (typeOf(frame) === type && lost++ < 3 ? 0 : 1)
    pair.restart('agent')
    pair.time.advance(20_000, pair.wire)
    assertAlive(pair)
  })
}

test('every handshake frame may come twice', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.wire.fault = (frame) => (isRatchet(frame) ? 1 : 2)
  pair.restart('controller')
  pair.time.advance(5_000, pair.wire)
  assertAlive(pair)
})

test('a replayed REKEY_ASK starts nothing', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(1_000, pair.wire)
  pair.restart('agent')
  pair.time.advance(3_000, pair.wire)
  const ask = pair.wire.log.findLast((frame) => typeOf(frame) === REKEY_ASK)
  assert.ok(ask)
  pair.time.advance(60_000, pair.wire)
  const before = pair.wire.log.filter((frame) => typeOf(frame) === R1).length
  pair.wire.inject('controller', ask.payload)
  pair.time.advance(1_000, pair.wire)
  assert.equal(pair.wire.log.filter((frame) => typeOf(frame) === R1).length, before)
})

test('a request that the relay held back for two minutes is not fresh', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  let held: Uint8Array | undefined
  pair.wire.fault = ({ from, payload }) => {
    if (from === 'agent') return 1
    held ??= payload
    return 0
  }
  controller.send(request(), true)
  pair.time.advance(limits.freshness + 1_000, pair.wire)
  assert.ok(held)
  pair.wire.inject('agent', held)
  assert.deepEqual(pick(pair.seen.agent.messages.at(-1)?.receipt), { late: false, fresh: false })
})

test('a request that overtook another makes that one late', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  let held: Uint8Array | undefined
  pair.wire.fault = ({ from, payload }) => {
    if (from === 'agent' || held) return 1
    held = payload
    return 0
  }
  controller.send(request('first'), true)
  controller.send(request('second'), true)
  pair.wire.run()
  assert.ok(held)
  pair.wire.inject('agent', held)
  const seen = pair.seen.agent.messages.map(({ message, receipt }) => [
    (message as { method: string }).method,
    receipt.late,
  ])
  assert.deepEqual(seen, [
    ['second', false],
    ['first', true],
  ])
})

test('a request that was on its way while the agent slept is not fresh, and a new hello repairs it', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  controller.send(request('before'), true)
  pair.time.sleep(600_000)
  pair.wire.run()
  assert.deepEqual(pick(pair.seen.agent.messages.at(-1)?.receipt), { late: false, fresh: false })
  assertAlive(pair)
})

test('a challenge does not outlive the connection on which it was sent', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  let held: Uint8Array | undefined
  pair.wire.fault = ({ from, payload }) => {
    if (from === 'agent' || held) return 1
    held = payload
    return 0
  }
  controller.send(request('held'), true)
  pair.wire.disconnect('agent')
  pair.wire.run()
  pair.wire.connect('agent')
  pair.wire.run()
  assert.ok(held)
  pair.wire.inject('agent', held)
  assert.equal(pair.seen.agent.messages.at(-1)?.receipt.isFresh(), false)
  assertAlive(pair)
})

test('a lost connection ends nothing: the session goes on, and ready is told again', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(1_000, pair.wire)
  for (const side of ['agent', 'controller'] as Side[]) {
    const { ready } = pair.seen.controller
    pair.wire.disconnect(side)
    pair.time.advance(2_000, pair.wire)
    assert.equal(pair.links.controller?.ready, false)
    pair.wire.connect(side)
    pair.wire.run()
    assert.equal(pair.seen.controller.ready, ready + 1)
    assertAlive(pair)
  }
  assert.equal(pair.wire.log.filter((frame) => typeOf(frame) === R1).length, 0)
})

test('a false delivery-failed is found out, and the link goes on', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(1_000, pair.wire)
  pair.wire.deliveryFailed('agent')
  pair.wire.deliveryFailed('controller')
  pair.wire.run()
  assert.equal(pair.links.controller?.ready, false)
  pair.time.advance(5_000, pair.wire)
  assertAlive(pair)
})

test('a peer that acknowledges nothing for 10 s is away, and one that is silent for 60 s is offline', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  pair.wire.fault = () => 0
  agent.send(event('x'), true)
  pair.time.advance(limits.ackStall + 1_500, pair.wire)
  assert.equal(agent.peerState, 'away')
  pair.time.advance(limits.presenceFresh, pair.wire)
  assert.equal(agent.peerState, 'offline')
  pair.wire.fault = () => 1
  pair.time.advance(limits.helloEvery + 10_000, pair.wire)
  assert.equal(agent.peerState, 'online')
  assertAlive(pair)
})

test('eight messages whose ciphertext was changed bring a new session', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  const changed: Uint8Array[] = []
  pair.wire.fault = (frame) => {
    if (frame.from === 'agent' || !isRatchet(frame)) return 1
    const payload = new Uint8Array(frame.payload)
    payload[payload.length - 1] = (payload.at(-1) as number) ^ 1
    changed.push(payload)
    return 0
  }
  for (let i = 0; i < limits.decryptFailures; i++) controller.send(request(), true)
  for (const payload of changed) pair.wire.inject('agent', payload)
  pair.wire.fault = () => 1
  assert.equal(pair.seen.agent.messages.length, 0)
  pair.time.advance(30_000, pair.wire)
  assert.ok(pair.seen.agent.sessions >= 1)
  assertAlive(pair)
})

test('a session of 30 days is replaced', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(1_000, pair.wire)
  pair.wire.disconnect('controller')
  pair.time.sleep(limits.sessionAge + 1_000)
  pair.wire.connect('controller')
  pair.time.advance(limits.rekeyGap + 5_000, pair.wire)
  assert.ok(pair.seen.controller.sessions >= 1)
  assertAlive(pair)
})

test('pairing.revoked ends the link of the controller and is told once', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  agent.revoke()
  pair.wire.run()
  assert.equal(pair.seen.controller.revoked, 1)
})

test('a pairing.revoked of the controller counts only while it is fresh', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  pair.time.sleep(limits.freshness + 60_000)
  controller.revoke()
  pair.wire.run()
  assert.equal(pair.seen.agent.revoked, 0)
})

test('noise of every kind and length changes nothing', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(1_000, pair.wire)
  for (const type of [0, R1, R2, R3, REKEY_ASK, 0x0f, 0x10, 0x11, 0xff]) {
    for (const length of [0, 1, 2, 35, 36, 52, 79, 80, 336, 70_000]) {
      const frame = new Uint8Array(length).fill(7)
      frame.set([1, type, 0, 1].slice(0, length))
      pair.wire.inject('agent', frame)
      pair.wire.inject('controller', frame)
    }
  }
  assertAlive(pair)
})
