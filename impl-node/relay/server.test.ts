import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { generateRouteKey } from '../crypto/route.ts'
import { Proxies } from './proxies.ts'
import { startRelay } from './server.ts'
import { testCertificate } from './test-certificate.ts'
import { connectPair, eventually, routed, TestClient, withRelay } from './test-client.ts'
import { FakeClock } from './test-clock.ts'

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}
const PROTOCOL = { 'sec-websocket-protocol': 'happy-relay.v1' }

/** Status, subprotocol and extensions of the answer. */
async function ask(port: number, path: string, headers: Record<string, string>, method = 'GET') {
  const asking = request({ host: '127.0.0.1', port, path, method, headers, agent: false })
  asking.end()
  const [response, socket] = (await Promise.race([once(asking, 'response'), once(asking, 'upgrade')])) as [
    import('node:http').IncomingMessage,
    Socket | undefined,
  ]
  socket?.destroy()
  response.resume()
  return {
    status: response.statusCode,
    protocol: response.headers['sec-websocket-protocol'],
    extensions: response.headers['sec-websocket-extensions'],
  }
}

const ANSWERS: [string, string, Record<string, string>, number][] = [
  ['an upgrade at /v1', '/v1', { ...UPGRADE, ...PROTOCOL }, 101],
  ['an upgrade at /v1 with a query', '/v1?x=1', { ...UPGRADE, ...PROTOCOL }, 101],
  ['an upgrade that offers more protocols', '/v1', { ...UPGRADE, 'sec-websocket-protocol': 'x, happy-relay.v1' }, 101],
  ['an upgrade without a subprotocol', '/v1', UPGRADE, 400],
  ['an upgrade with another subprotocol', '/v1', { ...UPGRADE, 'sec-websocket-protocol': 'happy-relay.v2' }, 400],
  [
    'an upgrade with the subprotocol in capitals',
    '/v1',
    { ...UPGRADE, 'sec-websocket-protocol': 'HAPPY-RELAY.V1' },
    400,
  ],
  ['an upgrade with a broken list', '/v1', { ...UPGRADE, 'sec-websocket-protocol': 'happy-relay.v1,' }, 400],
  ['an upgrade without a key', '/v1', { ...UPGRADE, ...PROTOCOL, 'sec-websocket-key': 'x' }, 400],
  ['an upgrade at /', '/', { ...UPGRADE, ...PROTOCOL }, 404],
  ['an upgrade at /v1/', '/v1/', { ...UPGRADE, ...PROTOCOL }, 404],
  ['an upgrade at /v2', '/v2', { ...UPGRADE, ...PROTOCOL }, 404],
  ['an upgrade at /healthz', '/healthz', { ...UPGRADE, ...PROTOCOL }, 404],
  ['a request at /v1', '/v1', {}, 426],
  ['a request at /', '/', {}, 404],
  ['a request at /healthz', '/healthz', {}, 200],
]
for (const [what, path, headers, status] of ANSWERS) {
  test(`${what} is answered with ${status}`, () =>
    withRelay({}, async ({ port }) => {
      const answer = await ask(port, path, { ...headers, 'sec-websocket-extensions': 'permessage-deflate' })
      const protocol = status === 101 ? 'happy-relay.v1' : undefined
      assert.deepEqual(answer, { status, protocol, extensions: undefined })
    }))
}

test('an upgrade by POST is refused', () =>
  withRelay({}, async ({ port }) => {
    assert.equal((await ask(port, '/v1', { ...UPGRADE, ...PROTOCOL }, 'POST')).status, 405)
  }))

test('a relay with a prefix serves there only, and its origins have it', () =>
  withRelay({ prefix: '/team/' }, async ({ url, port, origins }) => {
    assert.equal(url, `ws://127.0.0.1:${port}/team`)
    assert.ok(origins.every((origin) => origin.endsWith(`:${port}/team`)))
    assert.equal((await ask(port, '/v1', { ...UPGRADE, ...PROTOCOL })).status, 404)
    const client = await TestClient.connect(url)
    await client.bind(generateRouteKey(), null)
  }))

test('a relay with a secret answers everything else alike, and accepts binds with it alone', () => {
  const secret = 'dGhpcyBpcyBvbmx5IGEgdGVzdA'
  return withRelay({ prefix: '/team', secret }, async ({ url, port, origins }) => {
    assert.ok(!JSON.stringify([url, origins]).includes(secret))
    const right = `/team/${secret}/v1`
    const upgrade = { ...UPGRADE, ...PROTOCOL }
    assert.equal((await ask(port, right, upgrade)).status, 101)
    assert.equal((await ask(port, right, {})).status, 426)
    const wrong = ['/v1', '/team/v1', `/${secret}/v1`, right.toUpperCase(), `${right}/`, `/team/${secret}`, '/healthz']
    for (const path of [...wrong, right.replace('dGh', 'dGi')]) {
      for (const headers of [upgrade, UPGRADE]) assert.equal((await ask(port, path, headers)).status, 404, path)
      assert.equal((await ask(port, path, {})).status, 404, path)
    }
    const dialled = `${url}/${secret}`
    await (await TestClient.connect(dialled)).bind(generateRouteKey(), null)
    const other = await TestClient.connect(dialled, url)
    other.send(other.bindMessage(generateRouteKey(), null))
    assert.equal((await other.refusal()).code, 'unauthenticated')
  })
})

test('the relay tells where it listens', async () => {
  for (const [host, shown] of [
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['localhost', undefined],
  ] as const) {
    await withRelay({ host }, async ({ url, port }) => {
      if (shown) assert.equal(url, `ws://${shown}:${port}`)
      await (await TestClient.connect(url)).bind(generateRouteKey(), null)
    })
  }
})

test('startRelay() rejects for a port in use, an origin and a limit that cannot be used', () =>
  withRelay({}, async ({ port }) => {
    await assert.rejects(startRelay({ port }), { code: 'EADDRINUSE' })
    await assert.rejects(startRelay({ origins: ['https://x'] }), TypeError)
    await assert.rejects(startRelay({ limits: { maxFrame: 5 } }), RangeError)
    await assert.rejects(startRelay({ secret: 'short' }), TypeError)
    await assert.rejects(startRelay({ tls: { cert: 'x', key: 'y' } }))
  }))

test('a relay with a certificate speaks TLS, and gathers frames there too', () =>
  withRelay({ tls: testCertificate() }, async ({ url, port }) => {
    assert.equal(url, `wss://127.0.0.1:${port}`)
    const options = { rejectUnauthorized: false }
    const [a, b] = await Promise.all([
      TestClient.connect(url, url, options),
      TestClient.connect(url, `wss://localhost:${port}`, options),
    ])
    const [aKey, bKey] = [generateRouteKey(), generateRouteKey()]
    await a.bind(aKey, bKey.routeId)
    await b.bind(bKey, aKey.routeId)
    await b.take('presence')
    const frames = [40, 5_000, 200_000].map((size) => routed(aKey.routeId, bKey.routeId, Buffer.alloc(size, size)))
    for (const frame of frames) a.send(frame)
    for (const frame of frames) assert.equal(Buffer.compare(await b.takeFrame(), frame), 0)
  }))

test('connections beyond the limit of an address are told so, and twice as many are not upgraded', () =>
  withRelay({ limits: { connections: 2 } }, async ({ url, port }) => {
    const { a, b } = await connectPair(url)
    // Refused, and not answering the closing handshake: still there.
    const refused = await Promise.all([stubborn(port), stubborn(port)])
    assert.equal((await ask(port, '/v1', { ...UPGRADE, ...PROTOCOL })).status, 429)
    for (const socket of refused) {
      assert.match(socket.heard(), /"type":"hello".*"type":"error","code":"rate-limited"/s)
      socket.destroy()
    }
    assert.deepEqual([await a.drainHeard(), await b.drainHeard()], [[], []])
    await Promise.all([a.leave(), b.leave()])
  }))

const LITTLE = { totalBuffer: 300_000 }
test('where too much is unsent new clients are refused, and those who read are served on', () =>
  withRelay({ limits: LITTLE }, async (relay) => {
    const [{ a, b, aKey, bKey }, other] = [await connectPair(relay.url), await connectPair(relay.url)]
    b.ws.pause()
    const frame = routed(aKey.routeId, bKey.routeId, Buffer.alloc(100_000))
    while (relay.stats().memory === 0) {
      a.send(frame)
      await a.drainHeard()
    }
    const { unsent, slow } = relay.stats()
    assert.ok(
      unsent > LITTLE.totalBuffer && unsent < 2 * LITTLE.totalBuffer + frame.length,
      `${unsent} bytes are unsent`,
    )
    assert.equal(slow, 0)
    assert.equal((await ask(relay.port, '/v1', { ...UPGRADE, ...PROTOCOL })).status, 503)
    assert.equal(relay.stats().refused.memory, 1)
    const small = routed(other.aKey.routeId, other.bKey.routeId, Buffer.alloc(100))
    other.a.send(small)
    assert.deepEqual(await other.b.takeFrame(), small)
    b.ws.resume()
    await b.drainHeard()
    await eventually(() => relay.stats().unsent === 0)
    await TestClient.connect(relay.url)
  }))

test('what was unsent of a client that is gone is not counted any more', () =>
  withRelay({ limits: LITTLE }, async (relay) => {
    const { a, b, aKey, bKey } = await connectPair(relay.url)
    b.ws.pause()
    while (relay.stats().unsent < LITTLE.totalBuffer) {
      a.send(routed(aKey.routeId, bKey.routeId, Buffer.alloc(200_000)))
      await a.drainHeard()
    }
    b.ws.terminate()
    await eventually(() => relay.stats().unsent === 0)
  }))

test('a request that trickles in is cut, and one that is too long refused', () =>
  withRelay({ limits: { headerTime: 200 } }, async ({ port }) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).resume()
    // Not `once`, which rejects where the cut is a reset.
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write('GET /v1 HTTP/1.1\r\n')
    const trickle = setInterval(() => socket.write('x: y\r\n'), 20)
    await closed
    clearInterval(trickle)
    assert.equal((await ask(port, '/v1', { ...UPGRADE, ...PROTOCOL, long: 'x'.repeat(20_000) })).status, 431)
  }))

test('clients of a trusted proxy are limited each by its own address, those of a stranger as one', async () => {
  const upgradeOf = (claim: string) => ({ ...UPGRADE, ...PROTOCOL, 'x-forwarded-for': claim })
  const outcomes = async (port: number) => {
    const sockets = ['1', '2', '3', '4'].map((last) => upgradeOf(`198.51.100.${last}`))
    return Promise.all(sockets.map(async (headers) => (await stubborn(port, headers, '"hello"')).heard()))
  }
  const limits = { connections: 1 }
  await withRelay({ limits, proxies: new Proxies(['127.0.0.0/8'], 'x-forwarded-for') }, async ({ port, stats }) => {
    await outcomes(port)
    assert.deepEqual([stats().addresses, stats().closed['rate-limited']], [4, 0])
    await stubborn(port, upgradeOf('2001:db8::1'), '"hello"')
    await stubborn(port, upgradeOf('2001:db8::2'))
    assert.deepEqual([stats().addresses, stats().closed['rate-limited']], [5, 1])
  })
  await withRelay({ limits }, async ({ port, stats }) => {
    await Promise.allSettled([stubborn(port, upgradeOf('198.51.100.1'), '"hello"')])
    await stubborn(port, upgradeOf('198.51.100.2'))
    assert.deepEqual([stats().addresses, stats().closed['rate-limited']], [1, 1])
  })
})

/** A client that upgrades, and then only listens; resolves when it was told `until`. */
async function stubborn(
  port: number,
  headers: Record<string, string> = { ...UPGRADE, ...PROTOCOL },
  until = '"error"',
) {
  const socket = connect(port, '127.0.0.1')
  let heard = ''
  const told = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
      if (heard.includes(until)) resolve()
    })
  })
  const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}`)
  socket.write(`GET /v1 HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  await told
  return { heard: () => heard, destroy: () => socket.destroy(), closed: () => once(socket, 'close') }
}

test('a client that does not complete the closing handshake is cut', () =>
  withRelay({ limits: { connections: 1, closeTime: 50 } }, async (relay) => {
    const client = await TestClient.connect(relay.url)
    const socket = await stubborn(relay.port)
    await socket.closed()
    assert.deepEqual(await client.drainHeard(), [])
    assert.equal(relay.stats().connections, 1)
  }))

test('the clock sweeps: no bind and silence are noticed without anybody saying anything', () => {
  const clock = new FakeClock()
  return withRelay({ clock }, async (relay) => {
    const [unbound, bound] = await Promise.all([TestClient.connect(relay.url), TestClient.connect(relay.url)])
    await bound.bind(generateRouteKey(), null)
    clock.advance(10_000)
    assert.deepEqual(await unbound.refusal(), { code: 'timeout', close: 4408 })
    clock.advance(46_000)
    assert.deepEqual(await bound.refusal(), { code: 'timeout', close: 4408 })
    await eventually(() => relay.stats().connections === 0)
    clock.advance(600_000)
    assert.equal(relay.stats().addresses, 0)
  })
})

test('the relay pings a silent client', () => {
  const clock = new FakeClock()
  return withRelay({ clock }, async ({ url }) => {
    const client = await TestClient.connect(url)
    await client.bind(generateRouteKey(), null)
    const pinged = once(client.ws, 'ping')
    clock.advance(17_000)
    await pinged
  })
})

test('drain() tells all clients, goes on forwarding, refuses new ones, and closes with 1001', () =>
  withRelay({ limits: { drainTime: 60_000, reconnectAfter: 1_234 } }, async (relay) => {
    const { a, b, aKey, bKey } = await connectPair(relay.url)
    const drained = relay.drain()
    for (const client of [a, b]) assert.equal((await client.take('draining')).reconnectAfter, 1_234)
    assert.equal((await ask(relay.port, '/v1', { ...UPGRADE, ...PROTOCOL })).status, 503)
    assert.equal((await ask(relay.port, '/healthz', {})).status, 503)
    a.send(routed(aKey.routeId, bKey.routeId, Buffer.alloc(100)))
    await b.takeFrame()
    assert.equal(relay.drain(), drained)
    const closed = relay.close() // the person is impatient
    assert.deepEqual([await a.closeCode(), await b.closeCode()], [1001, 1001])
    await Promise.all([drained, closed])
  }))

test('drain() does not wait when all clients have left', () =>
  withRelay({ limits: { drainTime: 3_600_000 } }, async (relay) => {
    const client = await TestClient.connect(relay.url)
    const drained = relay.drain()
    await client.take('draining')
    await client.leave()
    await drained
    await assert.rejects(ask(relay.port, '/healthz', {}), { code: 'ECONNREFUSED' })
  }))

test('drain() closes clients that stay with 1001', () =>
  withRelay({ limits: { drainTime: 20 } }, async (relay) => {
    const { a, b } = await connectPair(relay.url)
    const drained = relay.drain()
    assert.deepEqual([await a.closeCode(), await b.closeCode()], [1001, 1001])
    await drained
    assert.equal(relay.stats().routes, 0)
  }))

test('close() ends in bounded time though a client does not read, one does not answer and one never finished its request', async () => {
  const relay = await startRelay({ limits: { closeTime: 50, connections: 1 } })
  const client = await TestClient.connect(relay.url)
  client.ws.pause()
  const [mute, unfinished] = [await stubborn(relay.port), connect(relay.port, '127.0.0.1')]
  await once(unfinished, 'connect')
  unfinished.on('error', () => {})
  unfinished.write('GET /healthz HT')
  await relay.close()
  mute.destroy()
  unfinished.destroy()
  client.ws.terminate()
  assert.equal(relay.stats().connections, 0)
})
