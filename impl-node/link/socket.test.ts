import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { RELAY_SUBPROTOCOL } from '@happy-remote/schemas/constants.ts'
import { RelayBind } from '@happy-remote/schemas/relay.ts'
import { Compile } from 'typebox/compile'
import { type WebSocket, WebSocketServer } from 'ws'
import { verify } from '../crypto/ed25519.ts'
import { generateRouteKey, relayAuthInput } from '../crypto/route.ts'
import { parseRelayUrl } from '../session/relay-url.ts'
import { RelaySocket, type RouteHandlers, type SocketOptions, type SocketState } from './socket.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const NONCE = new Uint8Array(32).fill(9)
const PEER = new Uint8Array(16).fill(5)
/** ms. The scripted relay answers no ping unless a test lets it. */
const QUICK = { pingEvery: 20, deadLine: 60_000, backoffMin: 5, backoffMax: 40, backoffReset: 10_000 }
const bindValidator = Compile(RelayBind)

/** Waits for a condition; the test's own time limit is the only clock. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2)
}

/** A relay that says what a test tells it to. */
class ScriptedRelay {
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/v1' })
  readonly sockets: WebSocket[] = []
  readonly received: { type: string; [member: string]: unknown }[] = []
  /** Answers each bind; replaced by tests. */
  onBind = (socket: WebSocket, routeId: string) => socket.send(JSON.stringify({ type: 'bound', route: routeId }))
  hello: object = { type: 'hello', protocol: 1, nonce: text(NONCE), maxFrame: 262_400 }

  static async start(t: TestContext, routeId: () => Uint8Array): Promise<ScriptedRelay> {
    const relay = new ScriptedRelay()
    relay.#server.on('connection', (socket) => {
      relay.sockets.push(socket)
      socket.on('message', (data, isBinary) => {
        if (isBinary) {
          relay.received.push({ type: 'binary', bytes: data })
          return
        }
        const message = JSON.parse(String(data))
        relay.received.push(message)
        if (message.type === 'bind') relay.onBind(socket, text(routeId()))
      })
      socket.send(JSON.stringify(relay.hello))
    })
    await once(relay.#server, 'listening')
    t.after(() => {
      for (const socket of relay.sockets) socket.terminate()
      relay.#server.close()
    })
    return relay
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get last(): WebSocket {
    return this.sockets.at(-1) as WebSocket
  }

  of(type: string) {
    return this.received.filter((message) => message.type === type)
  }
}

async function setUp(t: TestContext, options: Partial<SocketOptions> = {}) {
  const key = generateRouteKey()
  const relay = await ScriptedRelay.start(t, () => key.routeId)
  const states: SocketState[] = []
  const seen = {
    bound: 0,
    down: 0,
    presence: [] as boolean[],
    frames: [] as string[],
    failed: 0,
    blocked: [] as string[],
  }
  const handlers: RouteHandlers = {
    onBound: () => seen.bound++,
    onPresence: (online) => seen.presence.push(online),
    onFrame: (_, payload) => seen.frames.push(Buffer.from(payload).toString()),
    onDeliveryFailed: () => seen.failed++,
    onDown: () => seen.down++,
    onBlocked: (reason) => seen.blocked.push(reason),
  }
  const address = parseRelayUrl(relay.url)
  const onState = (state: SocketState) => void states.push(state)
  const socket = new RelaySocket({ relay: address, jitter: () => 1, times: QUICK, onState, ...options })
  t.after(() => socket.close())
  const attach = () => socket.attach(key, PEER, handlers)
  return { key, relay, states, seen, socket, address, attach }
}

test('a bind proves the route for the origin that was dialled, with the nonce of the connection', async (t) => {
  const { key, relay, seen, address, attach } = await setUp(t)
  attach()
  await until(() => seen.bound === 1)
  const [bind] = relay.of('bind')
  assert.ok(bindValidator.Check(bind))
  const input = relayAuthInput({ origin: address.origin, nonce: NONCE, routeKey: key.publicKey, peer: PEER })
  assert.ok(verify(key.publicKey, input, Buffer.from(bind.signature, 'base64url')))
  assert.equal(relay.last.protocol, RELAY_SUBPROTOCOL)
})

test('after any loss of the connection it is made again, and the route bound again', async (t) => {
  const { relay, seen, attach } = await setUp(t)
  attach()
  for (const [round, lose] of [
    () => relay.last.terminate(),
    () => relay.last.close(1000),
    () => relay.last.close(1001),
    () => relay.last.close(4408),
  ].entries()) {
    await until(() => seen.bound === round + 1)
    lose()
    await until(() => seen.down === round + 1)
  }
  await until(() => seen.bound === 5)
})

test('the delay doubles up to its ceiling, and starts anew after a connection that lived', async (t) => {
  for (const [backoffReset, expected] of [
    [10_000, [5, 10, 20, 40, 40]],
    [-1, [5, 5, 5, 5, 5]],
  ] as const) {
    const { relay, states, seen, attach } = await setUp(t, { times: { ...QUICK, backoffReset } })
    attach()
    for (const round of expected.keys()) {
      await until(() => seen.bound === round + 1)
      relay.last.terminate()
      await until(() => seen.down === round + 1)
    }
    const delays = states.flatMap((state) => (state.name === 'waiting' ? [state.delay] : []))
    assert.deepEqual(delays, expected)
  }
})

test('4401 and 4409 are not tried again until somebody says so', async (t) => {
  for (const code of [4401, 4409]) {
    const { relay, socket, seen, attach } = await setUp(t)
    attach()
    await until(() => seen.bound === 1)
    relay.last.close(code)
    await until(() => socket.state.name === 'blocked')
    assert.equal(relay.sockets.length, 1)
    socket.retryNow()
    await until(() => seen.bound === 2)
  }
})

test('an error that names the route blocks that route and leaves the connection', async (t) => {
  const { key, relay, seen, socket, attach } = await setUp(t)
  const handle = attach()
  await until(() => seen.bound === 1)
  const error = { type: 'error', code: 'superseded', message: 'newer', route: text(key.routeId) }
  relay.last.send(JSON.stringify(error))
  await until(() => seen.blocked.length === 1)
  assert.deepEqual(seen.blocked, ['superseded'])
  assert.equal(socket.state.name, 'open')
  assert.equal(handle.send(PEER, new Uint8Array(1)), false)
  // relay.reconnect.route: not bound again on the next connection, until somebody says so
  const binds = relay.of('bind').length
  relay.last.terminate()
  await until(() => relay.sockets.length === 2 && socket.state.name === 'open')
  assert.equal(relay.of('bind').length, binds)
  socket.retryNow()
  await until(() => seen.bound === 2)
})

test('a relay that says nothing for the dead line is left, and one that answers pings is kept', async (t) => {
  // So long that a busy machine answers within it
  const deadLine = 1_000
  const { relay, seen, attach } = await setUp(t, { times: { ...QUICK, deadLine } })
  attach()
  await until(() => seen.down === 1 && seen.bound === 2)
  assert.ok(relay.of('ping').length >= 1)
  const answered = relay.last
  answered.on('message', (data) => {
    const message = JSON.parse(String(data))
    if (message.type === 'ping') answered.send(JSON.stringify({ type: 'pong', timestamp: message.timestamp }))
  })
  const pings = relay.of('ping').length
  await until(() => relay.of('ping').length >= pings + (1.2 * deadLine) / QUICK.pingEvery)
  assert.equal(relay.last, answered)
})

test('a relay with too small frames is left for good', async (t) => {
  for (const change of [{ maxFrame: 100_000 }, { maxFrame: 262_399 }]) {
    const { relay, socket, attach } = await setUp(t)
    relay.hello = { ...relay.hello, ...change }
    attach()
    await until(() => socket.state.name === 'blocked')
    assert.equal(relay.of('bind').length, 0)
  }
})

test('unknown types and members are ignored, and so is what does not parse', async (t) => {
  const { key, relay, seen, socket, attach } = await setUp(t)
  attach()
  await until(() => seen.bound === 1)
  const route = text(key.routeId)
  for (const noise of [
    '{',
    '[]',
    '"x"',
    '{"type":"news"}',
    '{"type":"presence","route":1}',
    '{"type":"bound","route":"!"}',
  ]) {
    relay.last.send(noise)
  }
  relay.last.send(Buffer.from([1, 2, 3]))
  relay.last.send(Buffer.alloc(40))
  const presence = { type: 'presence', route, peer: text(PEER), status: 'online', timestamp: 1, more: {} }
  relay.last.send(JSON.stringify({ ...presence, peer: text(new Uint8Array(16)) }))
  relay.last.send(JSON.stringify(presence))
  await until(() => seen.presence.length === 1)
  assert.deepEqual(seen.presence, [true])
  assert.deepEqual(seen.frames, [])
  assert.equal(socket.state.name, 'open')
})

test('frames reach the route that they name, and what is sent names both routes', async (t) => {
  const { key, relay, seen, attach } = await setUp(t)
  const handle = attach()
  assert.equal(handle.send(PEER, Buffer.from('too early')), false)
  await until(() => seen.bound === 1)
  relay.last.send(Buffer.concat([Buffer.of(1), PEER, key.routeId, Buffer.from('in')]))
  await until(() => seen.frames.length === 1)
  assert.deepEqual(seen.frames, ['in'])
  assert.equal(handle.send(PEER, Buffer.from('out')), true)
  await until(() => relay.of('binary').length === 1)
  const sent = relay.of('binary')[0]?.bytes as Buffer
  assert.deepEqual(sent, Buffer.concat([Buffer.of(1), key.routeId, PEER, Buffer.from('out')]))
  relay.last.send(
    JSON.stringify({ type: 'delivery-failed', from: text(key.routeId), to: text(PEER), reason: 'offline' }),
  )
  await until(() => seen.failed === 1)
})

// relay.drain.client
test('draining names a delay, which comes before the random one however the connection ends', async (t) => {
  const { relay, seen, states, attach } = await setUp(t)
  attach()
  for (const code of [1001, 1000]) {
    await until(() => seen.bound > 0)
    const { bound } = seen
    const before = states.length
    relay.last.send(JSON.stringify({ type: 'draining', reconnectAfter: 10 }))
    relay.last.close(code)
    await until(() => seen.bound > bound)
    const waiting = states.slice(before).find((state) => state.name === 'waiting')
    // jitter 1: the whole of the first delay, and of the second, which is twice as long
    assert.ok(waiting?.name === 'waiting' && waiting.delay === 10 + (code === 1001 ? 5 : 10), `${code}`)
  }
})

test('a relay that names a delay beyond all timers is not dialled at once', async (t) => {
  const { relay, seen, states, attach } = await setUp(t)
  attach()
  await until(() => seen.bound === 1)
  relay.last.send(JSON.stringify({ type: 'draining', reconnectAfter: 2 ** 40 }))
  relay.last.close(1001)
  await until(() => states.some((state) => state.name === 'waiting'))
  const waiting = states.find((state) => state.name === 'waiting')
  assert.ok(waiting?.name === 'waiting' && waiting.delay === 2 ** 31 - 1)
})

test('the last route to leave unbinds and closes the connection', async (t) => {
  const { relay, seen, socket, attach } = await setUp(t)
  const handle = attach()
  await until(() => seen.bound === 1)
  const closed = once(relay.last, 'close')
  handle.release()
  await closed
  assert.equal(relay.of('unbind').length, 1)
  assert.equal(socket.state.name, 'closed')
})
