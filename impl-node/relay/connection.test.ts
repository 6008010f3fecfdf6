// What needs no network: time, signs of life, and faults of our own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { silent } from './log.ts'
import { makeConnection } from './test-connection.ts'

test('a connection without a bind is closed with 4408 after 10 s, though it pings', () => {
  const { ws, say, sweepAt, lastSent } = makeConnection()
  say({ type: 'ping', timestamp: 1 })
  sweepAt(9.999)
  assert.equal(ws.closedWith, undefined)
  sweepAt(10)
  assert.equal(ws.closedWith, 4408)
  assert.equal(lastSent()?.code, 'timeout')
})

test('a bound connection is closed with 4408 after 45 s of silence, not earlier', () => {
  const { ws, bind, sweepAt, lastSent } = makeConnection()
  bind()
  sweepAt(1)
  sweepAt(45.999)
  assert.equal(ws.closedWith, undefined)
  sweepAt(46)
  assert.equal(ws.closedWith, 4408)
  assert.equal(lastSent()?.code, 'timeout')
})

test('a silent connection is pinged every 15 s', () => {
  const { ws, bind, sweepAt } = makeConnection()
  bind()
  sweepAt(0)
  const pings = [14, 15, 16, 29, 30, 44].map((seconds) => {
    sweepAt(seconds)
    return ws.pings
  })
  assert.deepEqual(pings, [0, 1, 1, 1, 2, 2])
})

const SIGNS: [string, (made: ReturnType<typeof makeConnection>) => void][] = [
  ['a pong', ({ connection }) => connection.receiveSign(false)],
  ['a WebSocket ping', ({ connection }) => connection.receiveSign(true)],
  ['a ping message', ({ say }) => say({ type: 'ping', timestamp: 1 })],
  ['a frame', ({ connection }) => connection.receive(Buffer.alloc(33, 1), true)],
]
for (const [what, give] of SIGNS) {
  test(`${what} counts as heard`, () => {
    const made = makeConnection()
    made.bind()
    for (let seconds = 0; seconds <= 200; seconds += 40) {
      give(made)
      made.sweepAt(seconds)
    }
    assert.equal(made.ws.closedWith, undefined)
  })
}

test('more control messages than the rate allows are answered with 4429', () => {
  for (const give of [SIGNS[1], SIGNS[2], SIGNS[3]]) {
    const made = makeConnection()
    made.bind()
    for (let i = 0; i < 1_001; i++) give?.[1](made)
    assert.equal(made.ws.closedWith, 4429)
    assert.equal(made.lastSent()?.code, 'rate-limited')
  }
})

test('what comes after the close was started is ignored', () => {
  const { connection, context, ws, say, bind } = makeConnection()
  say({ type: 'nonsense' })
  const { length } = ws.sent
  bind()
  connection.receive(Buffer.alloc(33, 1), true)
  connection.receiveSign(true)
  connection.sweep(1e9)
  connection.fail('timeout', 'Again.')
  connection.end(1001)
  assert.equal(ws.sent.length, length)
  assert.equal(ws.closedWith, 4400)
  assert.equal(context.routes.size, 0)
})

test('a connection that goes takes no frame', () => {
  const { connection, ws } = makeConnection()
  assert.ok(connection.deliver(Buffer.alloc(40)))
  ws.readyState = WebSocket.CLOSING
  assert.equal(connection.deliver(Buffer.alloc(40)), false)
})

test('a frame is refused to a socket with more than 4 MiB unsent, and taken at 4 MiB', () => {
  const { connection, socket } = makeConnection()
  socket.writableLength = 4_194_304
  assert.ok(connection.deliver(Buffer.alloc(40)))
  assert.equal(connection.deliver(Buffer.alloc(40)), false)
})

test('a client that reads not even what it is told is closed, and told nothing more', async () => {
  const { connection, context, ws, socket, say, bind, lastSent } = makeConnection()
  bind()
  socket.writableLength = context.limits.relayBuffer + context.limits.maxFrame
  say({ type: 'ping', timestamp: 7 })
  assert.equal(lastSent()?.timestamp, 7)
  socket.writableLength = 10_000_000
  say({ type: 'ping', timestamp: 8 })
  connection.notify({ type: 'draining', reconnectAfter: 1 })
  await Promise.resolve()
  assert.equal(lastSent()?.code, 'rate-limited')
  assert.equal(ws.closedWith, 4429)
  assert.equal(context.routes.size, 0)
})

test('a fault of our own ends the connection with 1011 and logs nothing that was sent', () => {
  const logged: unknown[] = []
  const error = (details: Record<string, unknown>, message: string) => void logged.push(details, message)
  const made = makeConnection({ logger: { ...silent, error } })
  made.context.routes.bind = () => {
    throw new Error('secret-word')
  }
  made.bind()
  assert.equal(made.ws.closedWith, 1011)
  assert.equal(made.context.counters.errors, 1)
  assert.equal(logged.length, 2)
  assert.doesNotMatch(JSON.stringify(logged), /secret/)
})

test('routes appear in debug lines with four bytes only, keys never', () => {
  const logged: unknown[] = []
  const debug = (details: Record<string, unknown>, message: string) => void logged.push(details, message)
  const made = makeConnection({ logger: { ...silent, debug } })
  const key = made.bind()
  made.say({})
  const text = JSON.stringify(logged)
  assert.ok(logged.length >= 4)
  for (const secret of [key.routeId, key.publicKey]) {
    for (const form of ['hex', 'base64url'] as const) {
      assert.ok(!text.includes(Buffer.from(secret).toString(form).slice(0, 12)))
    }
  }
})
