import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { beforeEach, mock, type TestContext, test } from 'node:test'
import { limits } from '@happy-remote/schemas/limits.ts'
import type { Message } from '@happy-remote/schemas/rpc/envelope.ts'
import { unwrapRekeyAsk } from '../session/wrap.ts'
import { deviceName } from './device-name.ts'
import type { Receipt } from './incoming.ts'
import type { Link } from './link.ts'
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
const event = (text: string, method = 'claude.message'): Message => ({
  id: randomUUID(),
  type: 'event',
  method,
  params: { text },
})
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

/** As many messages of the controller as bring a rekey reach the agent with a changed ciphertext. */
function changeEight(pair: Pair, controller: Link): void {
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
}

test('eight messages whose ciphertext was changed bring a new session', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  changeEight(pair, controller)
  pair.wire.fault = () => 1
  assert.equal(pair.seen.agent.messages.length, 0)
  pair.time.advance(30_000, pair.wire)
  assert.ok(pair.seen.agent.sessions >= 1)
  assertAlive(pair)
})

// pairing.rekey.ask-unanswered
test('a rekey that brings no R1 is asked for by REKEY_ASK as well, though messages open again meanwhile', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  changeEight(pair, controller)
  pair.wire.fault = (frame) => (typeOf(frame) === R1 ? 0 : 1)
  pair.time.advance(1_000, pair.wire)
  controller.send(request(), true)
  pair.time.advance(limits.rekeyGap + 1_000, pair.wire)
  assert.equal(pair.seen.agent.messages.length, 1)
  const asks = pair.wire.log.filter((frame) => typeOf(frame) === REKEY_ASK)
  const reasons = asks.map(({ payload }) => unwrapRekeyAsk(pair.records.agent.pairingKey, payload))
  assert.deepEqual(reasons, ['decrypt-failures'])
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

const noteOf = (pair: Pair, side: Side) => pair.wire.log.filter(({ from }) => from === side).length

test('a challenge that came with stale does not outlive the next hello', (t) => {
  const pair = pairUp(t)
  const { agent, controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  agent.send({ id: randomUUID(), type: 'event', method: 'claude.state', params: {} }, true)
  pair.wire.run()
  const { receipt } = pair.seen.controller.messages.at(-1) as { receipt: Receipt }
  controller.acceptChallenge(agent.issueChallenge(), receipt)
  // a new connection voids what was issued before it
  pair.wire.disconnect('agent')
  pair.wire.run()
  pair.wire.connect('agent')
  pair.wire.run()
  controller.send(request(), true)
  pair.wire.run()
  assert.deepEqual(pick(pair.seen.agent.messages.at(-1)?.receipt), { late: false, fresh: true })
})

test('chunks of a session that was replaced reach no stream of the next one', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(limits.rekeyGap, pair.wire)
  const held: Uint8Array[] = []
  const stream = agent.openStream({ onDrain: () => {}, onEnd: () => {} })
  pair.wire.fault = ({ from, payload }) => {
    if (from === 'controller') return 1
    held.push(payload)
    return 0
  }
  stream.send(0, Uint8Array.of(1))
  pair.wire.fault = () => 1
  pair.links.controller?.rekey()
  pair.time.advance(2_000, pair.wire)
  assert.equal(pair.seen.controller.sessions, 1)
  const next = agent.openStream({ onDrain: () => {}, onEnd: () => {} })
  assert.equal(next.streamId, stream.streamId)
  for (const frame of held) pair.wire.inject('controller', frame)
  assert.deepEqual(pair.seen.controller.chunks, [])
  next.send(0, Uint8Array.of(2))
  pair.wire.run()
  assert.deepEqual(
    pair.seen.controller.chunks.map(({ bytes }) => bytes[0]),
    [2],
  )
})

// session.stream.id
test('a large message that waits through a change of session names a stream of the new one', (t) => {
  const pair = pairUp(t)
  const { agent, controller } = pair.connect()
  pair.time.advance(limits.rekeyGap, pair.wire)
  const streams = [0, 1, 2].map(() => agent.openStream({ onDrain: () => {}, onEnd: () => {} }))
  pair.wire.fault = ({ from, payload }) => (from === 'controller' && (payload[1] as number) >= 0x10 ? 0 : 1)
  for (let i = 0; i < limits.window; i++) agent.send(event(`${i}`), true)
  agent.send(event('x'.repeat(100_000)), true)
  controller.rekey()
  pair.time.advance(2_000, pair.wire)
  pair.wire.fault = () => 1
  pair.time.advance(5_000, pair.wire)
  assert.equal(streams.length, 3)
  assert.equal(textsOf(pair, 'controller').at(-1)?.length, 100_000)
})

// rpc.stream.interrupted
test('a body that is cut off by a new session is answered interrupted', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(limits.rekeyGap, pair.wire)
  let chunks = 0
  pair.wire.fault = (frame) => (frame.payload.length > 30_000 && ++chunks === 2 ? 0 : 1)
  const big = request('claude.sendMessage', { prompt: 'x'.repeat(300_000) })
  controller.send(big, true)
  pair.wire.run()
  controller.rekey()
  pair.time.advance(3_000, pair.wire)
  const answers = pair.seen.controller.messages.map(
    ({ message }) => message as { id: string; error?: { code: string } },
  )
  assert.deepEqual(
    answers.map(({ id, error }) => [id, error?.code]),
    [[big.id, 'interrupted']],
  )
})

// session.hello.connect, pairing.rekey.agent-switch
test('the first frame of a new session is a hello, whatever waits', (t) => {
  const pair = pairUp(t)
  const { agent, controller } = pair.connect()
  pair.time.advance(limits.rekeyGap, pair.wire)
  pair.wire.fault = ({ from, payload }) => (from === 'controller' && (payload[1] as number) >= 0x10 ? 0 : 1)
  for (let i = 0; i < limits.window + 20; i++) agent.send(event(`${i}`), true)
  const before = pair.wire.log.length
  controller.rekey()
  pair.time.advance(100, pair.wire)
  const ratchet = pair.wire.log.slice(before).filter((frame) => isRatchet(frame) && frame.from === 'agent')
  const first = ratchet[0]?.payload as Uint8Array
  // n and base are 0: it opens the chain of the new session, and has the size of a control message
  assert.deepEqual([...first.subarray(44, 52)], [0, 0, 0, 0, 0, 0, 0, 0])
  assert.equal(first.length, 256 + 80)
  assert.ok(ratchet.length > 1)
  pair.wire.fault = () => 1
  pair.time.advance(3_000, pair.wire)
  assert.deepEqual(textsOf(pair, 'controller').slice(-3), ['145', '146', '147'])
})

// session.window.frames
test('a hello that was overtaken in a new session still tells what the controller waits for', (t) => {
  const pair = pairUp(t)
  const { agent, controller } = pair.connect()
  pair.time.advance(limits.rekeyGap, pair.wire)
  const overtaken: Uint8Array[] = []
  pair.wire.fault = (frame) => {
    const isFirst = frame.from === 'agent' && isRatchet(frame) && pair.wire.log.some((other) => typeOf(other) === R3)
    if (!isFirst || overtaken.length > 0) return 1
    overtaken.push(frame.payload)
    return 0
  }
  controller.rekey()
  pair.time.advance(500, pair.wire)
  agent.send(event('overtakes'), true)
  pair.time.advance(500, pair.wire)
  controller.send(request(), true)
  pair.time.advance(500, pair.wire)
  assert.equal(pair.seen.agent.messages.length, 0)
  for (const payload of overtaken) pair.wire.inject('controller', payload)
  pair.time.advance(500, pair.wire)
  assert.equal(pair.seen.agent.messages.length, 1)
})

test('deltas stop at the part of the window that streams have, and give way to what is behind them', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  pair.wire.fault = ({ from }) => (from === 'controller' ? 0 : 1)
  const before = noteOf(pair, 'agent')
  for (let i = 0; i < limits.window; i++) agent.send(event(`${i}`, 'claude.delta'), true)
  pair.wire.run()
  assert.ok(noteOf(pair, 'agent') - before <= limits.windowStream)
  agent.send(event('approve?'), true)
  pair.wire.run()
  assert.equal(textsOf(pair, 'controller').at(-1), 'approve?')
})

// session.window.stall
test('to a peer that is away goes nothing but hello until it is heard', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  pair.wire.fault = () => 0
  agent.send(event('lost'), true)
  pair.time.advance(limits.ackStall + 1_000, pair.wire)
  assert.equal(agent.peerState, 'away')
  const before = noteOf(pair, 'agent')
  agent.send(event('waits'), true)
  pair.wire.run()
  assert.equal(noteOf(pair, 'agent'), before)
  pair.wire.fault = () => 1
  pair.time.advance(limits.helloEvery + 2_000, pair.wire)
  assert.equal(textsOf(pair, 'controller').at(-1), 'waits')
})

test('a false delivery-failed at the controller alone is over with the next frame of the agent', (t) => {
  const pair = pairUp(t)
  const { agent } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  pair.wire.deliveryFailed('controller')
  assert.equal(pair.links.controller?.ready, false)
  agent.send(event('x'), true)
  pair.wire.run()
  assert.equal(pair.links.controller?.ready, true)
})

test('delivery-failed without end does not put off the probe', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(1_000, pair.wire)
  for (let i = 0; i < 20; i++) {
    pair.wire.deliveryFailed('controller')
    pair.time.advance(200, pair.wire)
  }
  pair.time.advance(1_000, pair.wire)
  assertAlive(pair)
})

// pairing.rekey.gap
test('a peer that seems to come and go does not make a rekey each time', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(limits.rekeyGap, pair.wire)
  // no R1 is answered, as if the agent did not get them
  pair.wire.fault = (frame) => (typeOf(frame) === R1 ? 0 : 1)
  pair.restart('controller')
  for (let i = 0; i < 50; i++) {
    pair.wire.disconnect('agent')
    pair.time.advance(100, pair.wire)
    pair.wire.connect('agent')
    pair.time.advance(100, pair.wire)
  }
  const distinct = new Set(
    pair.wire.log.filter((frame) => typeOf(frame) === R1).map(({ payload }) => Buffer.from(payload).toString('hex')),
  )
  assert.ok(distinct.size <= 2, `${distinct.size} different R1 in 10 s`)
  pair.wire.fault = () => 1
  pair.time.advance(limits.rekeyGap * 2, pair.wire)
  assertAlive(pair)
})

// pairing.rekey.harmless, pairing.rekey.record
test('a rekey whose session never speaks changes neither the record nor the session', (t) => {
  const pair = pairUp(t, { suite: 1 })
  pair.wire.fault = (frame) => (typeOf(frame) === R3 ? 0 : 1)
  pair.connect()
  pair.time.advance(limits.rekeyRunTtl, pair.wire)
  assert.ok(pair.wire.log.some((frame) => typeOf(frame) === R3))
  assert.equal(pair.records.controller.suite, 1)
  assert.equal(pair.records.agent.suite, 1)
  assertAlive(pair)
  pair.wire.fault = () => 1
  pair.time.advance(limits.rekeyGapMax, pair.wire, 1_000)
  assert.equal(pair.records.controller.suite, 2)
  assertAlive(pair)
})

// pairing.rekey.r3-resend, pairing.rekey.drop
test('R3 goes out again 1, 2, 4 and 8 s after the first, and the run is dropped 30 s after it', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(limits.rekeyGap, pair.wire)
  let r2 = 0
  // the first R2 is lost, so that R3 starts later than R1
  pair.wire.fault = (frame) => (typeOf(frame) === R3 || (typeOf(frame) === R2 && r2++ < 3) ? 0 : 1)
  pair.links.controller?.rekey()
  const at: number[] = []
  for (let ms = 0; ms < 40_000; ms += 100) {
    const before = pair.wire.log.filter((frame) => typeOf(frame) === R3).length
    pair.time.advance(100, pair.wire)
    if (pair.wire.log.filter((frame) => typeOf(frame) === R3).length > before) at.push(ms)
  }
  const [first = 0] = at
  // that of the next run comes when this one was dropped
  assert.deepEqual(at.map((ms) => Math.round((ms - first) / 1_000)).slice(0, 6), [0, 1, 2, 4, 8, 30])
})

// pairing.hs-error.silent
test('an R3 of another suite that does not open is not answered', (t) => {
  const pair = pairUp(t)
  pair.connect()
  pair.time.advance(limits.rekeyGap, pair.wire)
  pair.wire.fault = (frame) => (typeOf(frame) === R3 ? 0 : 1)
  pair.links.controller?.rekey()
  pair.time.advance(200, pair.wire)
  const before = pair.wire.log.length
  const forged = new Uint8Array(180)
  forged.set([1, R3, 0, 1])
  pair.wire.inject('agent', forged)
  assert.equal(pair.wire.log.length, before)
})

// session.control.unknown
test('pairing.revoked of a controller means nothing, and neither does a member that another message has', (t) => {
  const pair = pairUp(t)
  const { controller } = pair.connect()
  pair.time.advance(1_000, pair.wire)
  controller.revoke()
  pair.wire.run()
  assert.equal(pair.seen.agent.revoked, 0)
})

// session.control.name
test('names are cut to what may be sent', (t) => {
  assert.equal(deviceName('a\u0007b\u009fc\n'), 'a b c')
  assert.equal(deviceName(''), 'unnamed')
  assert.equal(deviceName('\ud800'), '\ufffd')
  const long = deviceName('ä€😀'.repeat(40))
  assert.ok(Buffer.byteLength(long) <= limits.nameMax && Buffer.byteLength(long) > limits.nameMax - 4)
  assert.ok(long.isWellFormed())
  t.diagnostic(long)
})

test('a record that cannot be stored leaves the session usable', (t) => {
  const pair = pairUp(t, { suite: 1 })
  pair.wire.fault = (frame) => (typeOf(frame) === R3 ? 0 : 1)
  pair.connect()
  pair.failing = 'controller'
  pair.wire.fault = () => 1
  assert.throws(() => pair.time.advance(5_000, pair.wire), /disk full/)
  pair.failing = null
  pair.time.advance(limits.rekeyGap * 3, pair.wire)
  assertAlive(pair)
})
