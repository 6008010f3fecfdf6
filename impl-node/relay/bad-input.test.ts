// What a broken or hostile client sends over a real socket: it is told why, it is closed, and nobody
// else notices.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { ClientToRelay, RoutedFrame } from '@happy-remote/schemas/relay.ts'
import fc from 'fast-check'
import { arbitraryBytesOf, arbitraryOfSchema, mutateBytes, mutateJson } from '../../schemas/test/arbitrary.ts'
import { generateRouteKey } from '../crypto/route.ts'
import { type Relay, startRelay } from './server.ts'
import { base64url, connectPair, eventually, routed, TestClient } from './test-client.ts'

const MANY = 1_000_000
let relay: Relay
let onlookers: Awaited<ReturnType<typeof connectPair>>
const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)

before(async () => {
  process.on('unhandledRejection', note)
  relay = await startRelay({
    limits: { closeTime: 500, connectionsPerSecond: MANY, bindsPerSecond: MANY, messagesPerSecond: MANY },
  })
  onlookers = await connectPair(relay.url)
})
after(async () => {
  await relay.close()
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
  assert.equal(relay.stats().errors, 0)
})

/** Two well-behaved clients heard nothing, and still reach each other. */
async function nobodyNoticed(): Promise<void> {
  const { a, b, aKey, bKey } = onlookers
  const frame = routed(aKey.routeId, bKey.routeId, Buffer.alloc(50, 1))
  a.send(frame)
  assert.equal(Buffer.compare(await b.takeFrame(), frame), 0)
  assert.deepEqual([await a.drainHeard(), await b.drainHeard()], [[], []])
}

const route = () => generateRouteKey().routeId
const MALFORMED = { code: 'malformed', close: 4400 }
const TOO_LARGE = { code: 'too-large', close: 4413 }

const BAD: [string, () => string | Uint8Array, { code: string; close: number }][] = [
  ['an empty text', () => '', MALFORMED],
  ['text that is not JSON', () => 'hello', MALFORMED],
  ['a message of an unknown type', () => '{"type":"subscribe"}', MALFORMED],
  ['a message of the relay', () => '{"type":"pong","timestamp":1}', MALFORMED],
  ['an unknown member', () => '{"type":"ping","timestamp":1,"x":1}', MALFORMED],
  ['a missing member', () => '{"type":"ping"}', MALFORMED],
  ['a bind without a signature', () => `{"type":"bind","routeKey":"${base64url(route())}","peer":null}`, MALFORMED],
  ['a text of 4097 bytes', () => '{"type":"ping","timestamp":1}'.padEnd(4_097), MALFORMED],
  ['a text above maxFrame', () => ' '.repeat(262_401), TOO_LARGE],
  ['an empty binary frame', () => Buffer.alloc(0), MALFORMED],
  ['a binary frame of 32 bytes', () => Buffer.alloc(32, 1), MALFORMED],
  ['a routed frame of type 0', () => routed(route(), route(), Buffer.alloc(9), 0), MALFORMED],
  ['a routed frame of type 2', () => routed(route(), route(), Buffer.alloc(9), 2), MALFORMED],
  ['a frame above maxFrame', () => routed(route(), route(), Buffer.alloc(262_368)), TOO_LARGE],
  ['a frame just below twice maxFrame', () => Buffer.alloc(524_800, 1), TOO_LARGE],
]
for (const [what, make, refusal] of BAD) {
  for (const when of ['first', 'after a bind'] as const) {
    test(`${what}, sent ${when}, is answered with ${refusal.code} and ${refusal.close}`, async () => {
      const client = await TestClient.connect(relay.url)
      if (when !== 'first') await client.bind(generateRouteKey(), null)
      client.send(make())
      assert.deepEqual(await client.refusal(), refusal)
      await nobodyNoticed()
    })
  }
}

test('text that is not UTF-8 is malformed', async () => {
  const client = await TestClient.connect(relay.url)
  client.ws.send(Buffer.from([0x7b, 0xff, 0x7d]), { binary: false })
  assert.deepEqual(await client.refusal(), MALFORMED)
})

test('a frame far above maxFrame is ended by the library', async () => {
  const client = await TestClient.connect(relay.url)
  client.send(Buffer.alloc(600_000))
  assert.ok([1009, 1006].includes(await client.closeCode()))
  await nobodyNoticed()
})

test('a message in very many fragments is ended by the library', async () => {
  const client = await TestClient.connect(relay.url)
  for (let i = 0; i < 300; i++) client.ws.send(Buffer.alloc(1), { fin: false })
  assert.ok([1008, 1006].includes(await client.closeCode()))
  await nobodyNoticed()
})

// Below the messages: what is no WebSocket frame at all.
const UPGRADE =
  'GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: happy-relay.v1\r\n\r\n'
const BROKEN: [string, Buffer][] = [
  ['an unmasked frame', Buffer.from('820100', 'hex')],
  ['a reserved opcode', Buffer.from('838100000000', 'hex')],
  ['a reserved bit', Buffer.from('c28100000000', 'hex')],
  ['a fragmented ping', Buffer.from('098000000000', 'hex')],
  ['a continuation of nothing', Buffer.from('808000000000', 'hex')],
  ['a length of 2^63', Buffer.from('82ffffffffffffffffff', 'hex')],
  ['a close code that may not be sent', Buffer.from('88820000000003ed', 'hex')],
  ['bytes without meaning', Buffer.from('ffffffffffffffffffffffffffffffff', 'hex')],
]
for (const [what, bytes] of BROKEN) {
  test(`${what} ends the connection, and no other`, async () => {
    const socket = connect(relay.port, '127.0.0.1')
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.resume()
    socket.write(Buffer.concat([Buffer.from(UPGRADE), bytes]))
    await closed
    await nobodyNoticed()
  })
}

test('a close frame with a reason that is not UTF-8 ends the connection, and no other', async () => {
  const client = await TestClient.connect(relay.url)
  client.ws.close(1000, Buffer.from([0xff, 0xfe]))
  await client.closeCode()
  await nobodyNoticed()
})

/** Sends each input on a connection of its own, bound or not, and waits until the relay is done with all. */
async function bombard(inputs: readonly { data: string | Uint8Array; isBound: boolean }[]): Promise<void> {
  const present = relay.stats().connections
  await Promise.all(
    inputs.map(async ({ data, isBound }) => {
      const client = await TestClient.connect(relay.url)
      if (isBound) await client.bind(generateRouteKey(), null)
      client.send(data)
      // Whatever it was, the next is a mistake for certain.
      client.send('no JSON')
      const codes = [4400, 4401, 4413, 4429]
      const code = await client.closeCode()
      assert.ok(codes.includes(code), `closed with ${code}`)
      const last = client.heard.at(-1)
      assert.ok(last && !Buffer.isBuffer(last) && last.type === 'error', 'an error precedes the close')
    }),
  )
  await eventually(() => relay.stats().connections === present)
  assert.equal(relay.stats().routes, 2)
}

test('fuzz: 600 broken inputs over sockets end their own connection with an error, and leave nothing behind', async () => {
  const texts = mutateJson(arbitraryOfSchema(ClientToRelay)).map((message) => JSON.stringify(message) ?? '')
  const frames = mutateBytes(arbitraryBytesOf(RoutedFrame))
  const input = fc.record({ data: fc.oneof(texts, frames), isBound: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(input, { minLength: 20, maxLength: 20 }), async (inputs) => {
      await bombard(inputs)
      await nobodyNoticed()
    }),
    { numRuns: 30 },
  )
  const { openRemembered, addresses } = relay.stats()
  assert.deepEqual({ openRemembered, addresses }, { openRemembered: 0, addresses: 1 })
})
