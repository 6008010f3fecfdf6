import assert from 'node:assert/strict'
import { label } from '@happy-remote/schemas/constants.ts'
import { fromBase64url, toBase64url } from '../crypto/base64url.ts'
import { concat, u16, utf8 } from '../crypto/bytes.ts'
import { generateSigningKey, verify } from '../crypto/ed25519.ts'
import { routeIdOf } from '../crypto/identity.ts'
import { random } from '../crypto/primitives.ts'
import { relayUrl } from '../session/relay-url.ts'
import { FakeSocket } from '../testing/fake-relay.ts'
import { ManualTimers, until } from '../testing/manual-timers.ts'
import { RelaySocket } from './socket.ts'

const key = await generateSigningKey()
const peer = random(16)
const id = routeIdOf(key.publicKey)

function scene(jitter = 1) {
  const timers = new ManualTimers()
  const sockets: FakeSocket[] = []
  const log: string[] = []
  const open = (url: string, protocol: string) => {
    const socket = new FakeSocket(url, protocol)
    sockets.push(socket)
    return socket as unknown as WebSocket
  }
  const options = { timers, open, jitter: () => jitter, ended: (why: string) => void log.push(`ended ${why}`) }
  const socket = new RelaySocket(relayUrl('ws', 'localhost:8080/team'), options)
  const frames: Uint8Array[] = []
  const listener = {
    bound: () => void log.push('bound'),
    presence: (online: boolean) => void log.push(online ? 'online' : 'offline'),
    deliveryFailed: () => void log.push('delivery-failed'),
    lost: () => void log.push('lost'),
    refused: (code: string) => void log.push(code),
    frame: (payload: Uint8Array) => void frames.push(payload),
  }
  return { timers, sockets, log, socket, listener, frames, last: () => sockets.at(-1) as FakeSocket }
}

async function boundScene() {
  const all = scene()
  const route = all.socket.bind(key, peer, all.listener)
  all.last().hello()
  await until(() => all.last().heard('bind').length === 1, 'the client binds')
  all.last().says({ type: 'bound', route: toBase64url(id) })
  return { ...all, route }
}

Deno.test('a socket dials the path and subprotocol, and binds with the nonce and origin of this connection', async () => {
  const { last, log } = await boundScene()
  assert.deepEqual([last().url, last().protocol], ['ws://localhost:8080/team/v1', 'happy-relay.v1'])
  const [bind] = last().heard<{ peer: string; signature: string }>('bind')
  const origin = utf8('ws://localhost:8080/team')
  const covered = concat(
    label('relay-auth'),
    u16(origin.length),
    origin,
    new Uint8Array(32).fill(7),
    key.publicKey,
    peer,
  )
  assert.ok(await verify(key.publicKey, fromBase64url(bind?.signature as string), covered))
  assert.deepEqual(log, ['bound'])
})

Deno.test('a socket tells a route what concerns it and ignores everything else', async () => {
  const { last, log, frames, route } = await boundScene()
  const presence = { type: 'presence', route: toBase64url(id), peer: toBase64url(peer), status: 'online', timestamp: 1 }
  last().says({ ...presence, unknown: 1 })
  last().says({ ...presence, peer: toBase64url(random(16)) })
  last().says({ ...presence, route: toBase64url(random(16)) })
  last().says({ type: 'weather', route: toBase64url(id) })
  last().says({ type: 'error', code: 'unheard-of', message: '', route: toBase64url(id) })
  last().says('not JSON')
  last().says({ type: 'delivery-failed', from: toBase64url(id), to: toBase64url(peer), reason: 'offline' })
  last().forwards(new Uint8Array(32))
  last().forwards(concat(Uint8Array.of(2), peer, id, utf8('x')))
  last().forwards(concat(Uint8Array.of(1), peer, random(16), utf8('x')))
  last().forwards(concat(Uint8Array.of(1), peer, id, utf8('hello')))
  assert.deepEqual(log, ['bound', 'online', 'unheard-of', 'delivery-failed'])
  assert.deepEqual(frames, [utf8('hello')])
  assert.ok(route.send(utf8('back')))
  assert.deepEqual(last().sent.at(-1), concat(Uint8Array.of(1), id, peer, utf8('back')))
  assert.equal(route.send(new Uint8Array(262_400)), false)
})

Deno.test('a socket pings every 15 s and gives a relay up that is silent for 60 s', async () => {
  const { last, timers, sockets, log } = await boundScene()
  timers.advance(59_999)
  assert.equal(last().heard('ping').length, 3)
  assert.equal(sockets.length, 1)
  timers.advance(1)
  assert.deepEqual(log, ['bound', 'lost'])
  timers.advance(1_000)
  assert.equal(sockets.length, 2)
})

Deno.test('a socket comes back after 1, 2, 4, 8, 16, 30 and 30 s, and after 1 s once a connection has lived', async () => {
  const { last, timers, sockets } = scene()
  const delays: number[] = []
  for (let attempt = 0; attempt < 7; attempt++) {
    const [before, count] = [timers.monotonic(), sockets.length]
    last().closes(1006)
    while (sockets.length === count) timers.advance(500)
    delays.push(timers.monotonic() - before)
  }
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  timers.advance(30_000)
  const count = sockets.length
  last().closes(1000)
  timers.advance(1_000)
  assert.equal(sockets.length, count + 1)
})

Deno.test('a socket binds its routes again on each connection, with the new nonce', async () => {
  const { last, timers, log, route } = await boundScene()
  const [first] = last().heard<{ signature: string }>('bind')
  last().closes(1001)
  assert.equal(route.send(utf8('lost')), false)
  timers.advance(1_000)
  last().hello(new Uint8Array(32).fill(8))
  await until(() => last().heard('bind').length === 1, 'the client binds again')
  assert.notEqual(last().heard<{ signature: string }>('bind')[0]?.signature, first?.signature)
  assert.deepEqual(log, ['bound', 'lost'])
})

Deno.test('a socket that was sent draining waits as long as the relay asks, and its random delay', async () => {
  const { last, timers, sockets } = await boundScene()
  last().says({ type: 'draining', reconnectAfter: 5_000 })
  last().closes(1001)
  timers.advance(5_999)
  assert.equal(sockets.length, 1)
  timers.advance(1)
  assert.equal(sockets.length, 2)
})

Deno.test('a socket stays away after 4401 and 4409 until the person asks for it', async () => {
  for (const [code, why] of [
    [4401, 'unauthenticated'],
    [4409, 'superseded'],
  ] as const) {
    const { last, timers, sockets, log, socket } = await boundScene()
    last().closes(code)
    timers.advance(120_000)
    assert.deepEqual([sockets.length, log.at(-1)], [1, `ended ${why}`])
    socket.reconnect()
    assert.equal(sockets.length, 2)
  }
})

Deno.test('a socket leaves a relay of another protocol or with too small frames', () => {
  for (const more of [{ protocol: 2 }, { maxFrame: 262_399 }]) {
    const { last, timers, sockets, log } = scene()
    last().hello(undefined, more)
    timers.advance(120_000)
    assert.deepEqual([sockets.length, log], [1, ['ended unusable']])
  }
})

Deno.test('a route that another connection has taken is not bound again', async () => {
  const { last, timers, log } = await boundScene()
  last().says({ type: 'error', code: 'superseded', message: '', route: toBase64url(id) })
  last().closes(1006)
  timers.advance(1_000)
  last().hello()
  await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual([last().heard('bind').length, log], [0, ['bound', 'superseded']])
})

Deno.test('unbind() gives a route up, and rebind() replaces its peer', async () => {
  const { last, route } = await boundScene()
  const other = random(16)
  route.rebind(other)
  await until(() => last().heard('bind').length === 2, 'the client binds again')
  assert.equal(last().heard<{ peer: string }>('bind')[1]?.peer, toBase64url(other))
  route.unbind()
  assert.deepEqual(last().heard('unbind'), [{ type: 'unbind', route: toBase64url(id) }])
})
